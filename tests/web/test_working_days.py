"""Working days by page: who sees and changes which, and that a closure is seen before it is noted."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.rules import shipped_rules
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.models import (
    Absence,
    AccessEntry,
    Alert,
    AlertState,
    Closure,
    CustomerState,
    Item,
    OpeningHours,
    Presence,
    StaffState,
)
from tests.web.conftest import NOON, Clock, SignedIn
from web.services import Services

NOBODY = CustomerState.NONE
TYPHOON = {"hall": "cc", "first": "2026-03-04", "last": "2026-03-08", "reason": "台风"}
TRIED = "/working-days/try.json?hall=cc&first=2026-03-04&last=2026-03-08&reason=%E5%8F%B0%E9%A3%8E"


@pytest.fixture
def case(services: Services) -> None:
    """Of hall cc, due on 6 March."""
    with services.database.transaction() as session:
        session.add(Item(code="FOOD", name="食品经营许可", legal_days=20, promised_days=5))
    row = {"record": "step", "case": "2026-9", "step": "s9", "kind": "accept", "item": "FOOD", "counter": "1"}
    rows = read_rows([row | {"start": "2026-02-27T09:00:00+08:00"}])
    accept_batch(services.database, "cc-platform", rows, sequence=1, name="push", sha256="1", now=NOON)
    DeadlineKeeper(services.database, shipped_rules()).run_once(NOON)


def note(client: TestClient, **more: Any) -> int:
    return client.post("/api/v1/closures", json=TYPHOON | more).status_code


def withdraw(client: TestClient, closure: int = 1, reason: str = "误登") -> int:
    return client.post(f"/api/v1/closures/{closure}/withdrawal", json={"reason": reason}).status_code


def test_nobody_notes_a_closure_without_signing_in_or_in_another_role(
    anonymous: TestClient, signed_in: SignedIn
) -> None:
    assert [note(anonymous), withdraw(anonymous)] == [401, 401]
    assert anonymous.get("/working-days.json").status_code == 401
    for role in ("inspector", "investigator", "department"):
        assert [note(signed_in(role)), withdraw(signed_in(role))] == [403, 403]
        assert signed_in(role).get("/working-days/try").status_code == 403
        assert signed_in(role).get("/working-days.json").status_code == 200, "who sees cases sees what they rest on"


def test_another_hall_s_days_are_not_theirs(signed_in: SignedIn, services: Services) -> None:
    supervisor = signed_in("supervisor")
    with services.database.transaction() as session:
        session.add(Closure(hall_id="nh", day=date(2026, 3, 4), reason="停电", noted_at=NOON))
    assert [note(supervisor, hall="nh"), withdraw(supervisor)] == [404, 404]
    assert supervisor.get("/working-days.json?hall=nh").status_code == 404
    assert supervisor.get("/working-days/try?withdraw=1").status_code == 404
    assert note(supervisor, hall=None) == 200, "every hall of theirs"
    with services.database.transaction() as session:
        assert {closure.hall_id for closure in session.exec(select(Closure).where(Closure.reason == "台风"))} == {"cc"}


def test_trying_tells_what_would_move_and_notes_nothing(signed_in: SignedIn, services: Services, case: None) -> None:
    page = signed_in("supervisor").get(TRIED).json()
    (moved,) = page["consequence"]["rows"]
    assert (moved["number"], moved["due_before"][:10], moved["due_after"][:10]) == (
        "2026-9",
        "2026-03-05",
        "2026-03-10",
    )
    assert [closure["day"] for closure in page["closures"]] == ["2026-03-04", "2026-03-05", "2026-03-06"]
    assert page["provisional"] is False
    with services.database.transaction() as session:
        assert session.exec(select(Closure)).all() == []


def test_cards_that_stay_as_they_are_are_told_as_no_change(
    signed_in: SignedIn, services: Services, clock: Clock, case: None
) -> None:
    """A case that has a card had "0" there, below "Yellow cards"."""
    clock.forward(timedelta(days=5))
    DeadlineKeeper(services.database, shipped_rules()).run_once(clock())
    tried = {"hall": "cc", "first": "2026-03-09", "last": "2026-03-09", "reason": "台风"}
    supervisor = signed_in("supervisor")
    [row] = supervisor.get("/working-days/try.json", params=tried).json()["consequence"]["rows"]
    assert (row["yellow"], row["red"]) == (0, 0)
    english = supervisor.get("/working-days/try", params=tried, headers={"Accept-Language": "en"}).text
    assert ("Yellow cards, change" in english, english.count("no change")) == (True, 2)
    earlier = tried | {"first": "2026-03-05", "last": "2026-03-06"}
    english = supervisor.get("/working-days/try", params=earlier, headers={"Accept-Language": "en"}).text
    assert english.count("−1") == 1, "the card would go"
    chinese = supervisor.get("/working-days/try", params=tried, headers={"Accept-Language": "zh"}).text
    assert ("黄牌增减" in chinese, chinese.count("不变</span>")) == (True, 2)


def test_a_closure_is_noted_and_withdrawn_with_who_and_why(signed_in: SignedIn, services: Services, case: None) -> None:
    supervisor = signed_in("supervisor")
    assert note(supervisor) == 200
    assert note(supervisor) == 422, "they are closed already"
    page = supervisor.get("/working-days.json?hall=cc").json()
    assert [day["state"] for day in page["months"][2]["days"][2:7]] == ["workday", *["closed"] * 3, "weekend"]
    assert (page["announced"], page["months"][2]["worked"]) == (True, 19)
    tried = supervisor.get("/working-days/try.json?withdraw=1").json()
    assert tried["consequence"]["earlier"] == 1
    assert [withdraw(supervisor, reason=""), withdraw(supervisor), withdraw(supervisor)] == [422, 200, 409]
    row = supervisor.get("/working-days.json?hall=cc").json()["closures"][0]
    told = {"noted_by": "supervisor", "withdrawn_by": "supervisor", "withdrawn_reason": "误登"}
    assert row | told == row
    assert supervisor.get("/working-days.csv?hall=cc").text.count("台风") == 3
    with services.database.transaction() as session:
        assert [entry.action for entry in session.exec(select(AccessEntry))] == ["note_closure", "withdraw_closure"]


def test_a_year_that_is_not_announced_says_that_it_is_provisional(signed_in: SignedIn, case: None) -> None:
    supervisor = signed_in("supervisor")
    assert supervisor.get("/working-days.json?year=2050").json()["announced"] is False
    assert "are not announced" in supervisor.get("/working-days?year=2050&lang=en").text
    page = supervisor.get("/working-days/try.json?hall=cc&first=2050-03-01&reason=x").json()
    assert (page["provisional"], page["consequence"]["moved"]) == (True, 0)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"last": "2026-03-03"}, "last"),
        ({"last": "2026-09-03"}, "last"),
        ({"first": "2026-03-07", "last": "2026-03-08"}, "first"),
        ({"reason": ""}, "reason"),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_form(signed_in: SignedIn, wrong: dict[str, str], field: str) -> None:
    supervisor = signed_in("supervisor")
    assert note(supervisor, **wrong) == 422
    form = supervisor.post("/working-days", data=TYPHOON | wrong)
    assert (form.status_code, 'role="alert"' in form.text) == (422, True)
    assert list(supervisor.get("/working-days/try.json", params=TYPHOON | wrong).json()["problems"]) == [field]


def test_an_empty_last_day_is_not_at_fault_for_the_first_and_a_reason_is_asked_for_at_once(signed_in: SignedIn) -> None:
    wrong = TYPHOON | {"first": "2026-02-30", "last": "", "reason": ""}
    tried = signed_in("supervisor").get("/working-days/try.json", params=wrong).json()
    assert list(tried["problems"]) == ["first", "reason"]
    wrong = TYPHOON | {"last": "2026-03-03", "reason": ""}
    tried = signed_in("supervisor").get("/working-days/try.json", params=wrong).json()
    assert list(tried["problems"]) == ["last", "reason"]


def test_the_forms_lead_back_to_the_hall_s_year(signed_in: SignedIn) -> None:
    supervisor = signed_in("supervisor")
    noted = supervisor.post("/working-days", data=TYPHOON)
    assert noted.headers["location"] == "/working-days?hall=cc&year=2026&done=closed"
    assert "台风" in supervisor.get(noted.headers["location"]).text
    assert supervisor.post("/working-days/1/withdrawal", data={"reason": ""}).status_code == 422
    back = supervisor.post("/working-days/1/withdrawal", data={"reason": "误登"})
    assert back.headers["location"] == "/working-days?hall=cc&year=2026&done=reopened"


def empty_for_an_hour(services: Services, start: datetime) -> None:
    """From counter 1, whose hall has hours on workdays; absence 1 says so."""
    end = start + timedelta(hours=1)
    with services.database.transaction() as session:
        for day in range(5):
            session.add(OpeningHours(hall_id="cc", weekday=day, opens="09:00", closes="17:00"))
        session.add(
            Presence(counter_id="cc-1", start=start, end=end, staff=StaffState.UNSTAFFED, customer=CustomerState.NONE)
        )
        session.add(Presence(counter_id="cc-1", start=end, end=NOON, staff=StaffState.STAFFED, customer=NOBODY))
        absence = session.get_one(Absence, 1)
        absence.start, absence.end, absence.ended_by = start, end, "returned"


def how_it_ended(services: Services) -> tuple[str, AlertState]:
    with services.database.transaction() as session:
        return session.get_one(Absence, 1).ended_by, session.get_one(Alert, 1).state


def test_on_a_day_that_is_noted_as_closed_nobody_has_been_absent_until_that_is_withdrawn(
    signed_in: SignedIn, services: Services
) -> None:
    empty_for_an_hour(services, NOON - timedelta(hours=2))
    supervisor = signed_in("supervisor")
    today = {"first": "2026-03-02", "last": "2026-03-02"}
    assert note(supervisor, **today) == 200
    assert how_it_ended(services) == ("withdrawn", AlertState.WITHDRAWN)
    assert withdraw(supervisor) == 200
    assert how_it_ended(services) == ("returned", AlertState.RESOLVED)
