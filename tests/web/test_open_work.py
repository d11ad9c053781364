"""How many cards, orders and calls back are open stands in the navigation: as many as their lists have."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import CallBack, CallBackState, Card, CardKind, CardState, OrderState, Role, SupervisionOrder
from tests.web.carded import a_card
from tests.web.conftest import NOON, SignedIn
from tests.web.in_two_halls import in_two_halls
from web.pages.open_work import MOST_COUNTED
from web.services import Services

LISTS = {"cards": "/cards", "orders": "/orders", "call_backs": "/call-backs"}


@pytest.fixture(autouse=True)
def _things(services: Services) -> None:
    """A card, an order and a call back in each of two halls, all of the tax office."""
    with services.database.transaction() as session:
        in_two_halls(session)


def open_work(client: TestClient) -> dict[str, int]:
    found: dict[str, int] = client.get("/api/v1/open-work").json()
    return found


def in_navigation(client: TestClient) -> dict[str, str]:
    badges = re.findall(r'class="badge" data-open="(\w+)" data-count="\d+">([^<]*)<', client.get("/cases").text)
    assert len(badges) == 2 * len(dict(badges)), "on a wide and on a narrow screen"
    return dict(badges)


@pytest.mark.parametrize("role", list(Role))
def test_there_are_as_many_as_each_list_opens_with(signed_in: SignedIn, role: Role) -> None:
    client = signed_in(role.value)
    found = open_work(client)
    halls = 2 if role is Role.ADMIN else 1
    for name, path in LISTS.items():
        listed = client.get(f"{path}.json")
        shown = len(listed.json()[name]) if listed.status_code == 200 else 0
        assert found[name] == shown == (0 if listed.status_code == 403 else halls), name
    reads = {name: str(count) for name, count in found.items() if client.get(LISTS[name]).status_code == 200}
    assert in_navigation(client) == reads


def test_what_is_settled_passed_or_of_another_is_not_counted(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(a_card(1, kind=CardKind.REMINDER, late_from=NOON - timedelta(hours=1)))
        session.add(a_card(1, kind=CardKind.RED, state=CardState.CLOSED))
        session.add(a_card(1, kind=CardKind.RED, clock="legal", withdrawn_at=NOON))
    client = signed_in("department")
    assert open_work(client) == {"cards": 1, "orders": 1, "call_backs": 1}
    with services.database.transaction() as session:
        session.add(a_card(1, kind=CardKind.REMINDER, clock="legal", late_from=NOON + timedelta(hours=1)))
        for order in session.exec(select(SupervisionOrder)):
            order.state = OrderState.CLOSED
        for call_back in session.exec(select(CallBack)):
            call_back.state = CallBackState.DONE
    assert open_work(client) == {"cards": 2, "orders": 0, "call_backs": 0}
    assert in_navigation(client) == {"cards": "2", "orders": "0", "call_backs": "0"}


def test_nobody_is_told_more_than_that_there_are_many(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add_all(a_card(1, kind=CardKind.RED, about=f"fee:{number}") for number in range(MOST_COUNTED + 5))
        session.flush()
        assert len(session.exec(select(Card)).all()) > MOST_COUNTED
    client = signed_in("supervisor")
    assert open_work(client)["cards"] == MOST_COUNTED
    assert in_navigation(client)["cards"] == "99+"
