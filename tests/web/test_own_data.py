"""A source reads with its key what became of its rows, and the figures that the page shows."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from storage.models import Source
from tests.web.conftest import SignedIn
from tests.web.test_push import ADDRESS, BEARER, ROW, push
from web.places import key_hash
from web.services import Services

OWN = "/api/v1/sources/cc-platform"
DAY = {"from": "2026-03-02", "to": "2026-03-02"}


@pytest.mark.parametrize("what", ["reconciliation", "rejected"])
def test_without_the_own_key_nothing_is_told(
    anonymous: TestClient, signed_in: SignedIn, services: Services, what: str
) -> None:
    with services.database.transaction() as session:
        session.add(Source(id="nh-platform", hall_id="nh", key_hash=key_hash("key of nh-platform")))
    other = {"Authorization": "Bearer key of nh-platform"}
    assert anonymous.get(f"{OWN}/{what}").status_code == 401
    assert signed_in("admin").get(f"{OWN}/{what}").status_code == 401, "no session counts for a key"
    assert anonymous.get(f"{OWN}/{what}", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert anonymous.get(f"{OWN}/{what}", headers=other).status_code == 404


def test_refused_rows_are_read_in_their_order_with_what_to_do(anonymous: TestClient) -> None:
    push(anonymous, 1, ROW | {"start": "yesterday"}, ROW, {"record": "rating", "id": "R"})
    found = anonymous.get(f"{OWN}/rejected", headers=BEARER).json()
    assert [(row["sequence"], row["line"], row["record"], row["field"]) for row in found["rows"]] == [
        (1, 1, "step", "start"),
        (1, 3, "rating", "level"),
        (1, 3, "rating", "rated"),
    ]
    assert all(row["remedy"] for row in found["rows"])
    assert '"yesterday"' in found["rows"][0]["raw"]
    first = found["rows"][0]["id"]
    assert len(anonymous.get(f"{OWN}/rejected?after={first}", headers=BEARER).json()["rows"]) == 2
    assert found["next"] is None


def test_the_source_and_the_page_read_the_same_figures(anonymous: TestClient, signed_in: SignedIn) -> None:
    before = _figures(anonymous)
    push(anonymous, 1, ROW)
    own = _figures(anonymous)
    (was,), (day,) = before["days"], own["days"]
    assert (day["day"], day["steps"] - was["steps"], day["cases_opened"] - was["cases_opened"]) == ("2026-03-02", 1, 1)
    wanted = DAY | {"source": "cc-platform"}
    assert signed_in("supervisor").get("/reconciliation.json", params=wanted).json()["found"] == own
    header, line = signed_in("supervisor").get("/reconciliation.csv", params=wanted).text.splitlines()
    assert header.startswith("\ufeffday (Asia/Shanghai),steps,cases_opened")
    assert line.startswith(f"2026-03-02,{day['steps']},{day['cases_opened']},")


def _figures(client: TestClient) -> Any:
    return client.get(f"{OWN}/reconciliation", headers=BEARER, params=DAY).json()


@pytest.mark.parametrize(
    ("days", "fields"),
    [
        ({"from": "2026-02-30"}, ["from"]),
        ({"from": "yesterday", "to": "2026-3-2"}, ["from", "to"]),
        ({"from": "2026-03-02", "to": "2026-03-01"}, ["to"]),
    ],
)
def test_what_is_no_day_is_refused_and_other_days_are_never_told_for_it(
    anonymous: TestClient, days: dict[str, str], fields: list[str]
) -> None:
    answer = anonymous.get(f"{OWN}/reconciliation", headers=BEARER, params=days)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["fields"]] == fields


def test_a_source_of_another_hall_and_other_roles_are_closed(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(Source(id="nh-platform", hall_id="nh"))
    for page in ("/reconciliation", "/reconciliation.json", "/reconciliation.csv"):
        assert signed_in("supervisor").get(page, params={"source": "nh-platform"}).status_code == 404
        assert signed_in("department").get(page).status_code == 403


def test_a_push_address_is_not_for_reading(anonymous: TestClient) -> None:
    assert anonymous.get(ADDRESS, headers=BEARER).status_code == 405
