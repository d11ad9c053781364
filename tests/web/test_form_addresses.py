"""A browser opens again the address of a form that was refused: it gets the page on which the form stands."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.web.carded import a_card
from tests.web.conftest import SignedIn
from tests.web.in_two_halls import in_two_halls
from tests.web.test_access import Door, doors
from web.form_addresses import STANDS_ON
from web.services import Services


def forms_alone(app: FastAPI) -> list[Door]:
    """What takes a form and shows nothing."""
    shown = {door.path for door in doors(app) if door.method == "GET"}
    return [door for door in doors(app) if door.method == "POST" and not door.for_programs and door.path not in shown]


def of_something(address: str) -> str:
    return address.replace("/admin/2", "/admin/halls")


def test_each_form_without_a_page_of_its_own_has_one_on_which_it_stands(
    app: FastAPI, signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        in_two_halls(session)
    found = forms_alone(app)
    assert {door.path for door in found} == set(STANDS_ON)
    admin = signed_in("admin")
    for door in found:
        address = of_something(door.address)
        answer = admin.get(address)
        assert answer.status_code == 303, address
        page = answer.headers["location"]
        assert admin.get(page).status_code == 200, (address, page)


def test_filters_and_what_is_edited_stay_in_the_address(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    for address, page in {
        "/cases/views?status=open&hall=cc": "/cases?status=open&hall=cc",
        "/cases/views/3/rename?status=late": "/cases?status=late",
        "/admin/cameras/check?edit=cc-cam-1": "/admin/cameras?edit=cc-cam-1",
        "/counters/cc-1/covers/7/end": "/counters/cc-1/day",
    }.items():
        assert admin.get(address).headers["location"] == page


def test_a_refused_forms_address_opened_again_is_its_page(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(a_card(1, id=1))
    department = signed_in("department")
    assert department.post("/cards/1/say", data={"act": "explain", "text": " "}).status_code == 422
    department.follow_redirects = True
    assert "2026-1" in department.get("/cards/1/say?lang=en").text


@pytest.mark.parametrize("address", ["/cards/1/say", "/admin/cameras/check"])
def test_who_has_not_signed_in_is_asked_to_and_then_comes_to_the_page(anonymous: TestClient, address: str) -> None:
    page = anonymous.get(address).headers["location"]
    assert anonymous.get(page).headers["location"] == f"/sign-in?next={page}"


def test_programs_and_wrong_methods_are_told_as_before(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    assert admin.get("/api/v1/cards/1/words").status_code == 405
    assert admin.put("/cards/1/say").status_code == 405
    assert admin.post("/cases").status_code == 405
    assert admin.get("/cases/nonsense").status_code == 404
