"""Footage is held by whoever may see it, for a reason, and lifted by whoever set it or an administrator."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from storage.holds import hold_as_found
from storage.intervals import Span
from storage.models import AccessEntry, FootageLink, Hold, Outcome, Role
from tests.sample import CAMERA, a_segment
from tests.web.conftest import NOON, Clock, SignedIn
from web.pages.formats import iso
from web.pages.paging import PAGE_SIZE
from web.services import Services

MAY = ("supervisor", "inspector", "investigator", "admin")


def span(**changed: Any) -> dict[str, Any]:
    usual = {
        "camera": CAMERA,
        "start": "2026-03-02T03:00:00Z",
        "end": "2026-03-02T03:10:00Z",
        "reason": "complaint 12",
    }
    return usual | changed


def form(**changed: str) -> dict[str, str]:
    return {
        "camera": CAMERA,
        "from": "2026-03-02T11:00:00",
        "to": "2026-03-02T11:10:00",
        "reason": "complaint 12",
    } | changed


def holds(services: Services) -> list[Hold]:
    with services.database.transaction() as session:
        return list(session.exec(select(Hold).order_by(col(Hold.id))))


def log(services: Services) -> list[tuple[str, str, str]]:
    with services.database.transaction() as session:
        wanted = select(AccessEntry).where(col(AccessEntry.action).in_(["hold", "lift_hold"]))
        return [(e.action, e.subject, e.purpose) for e in session.exec(wanted.order_by(col(AccessEntry.id)))]


def test_nobody_holds_without_signing_in_and_no_department(
    anonymous: TestClient, signed_in: SignedIn, services: Services
) -> None:
    assert anonymous.post("/api/v1/holds", json=span()).status_code == 401
    assert anonymous.post("/holds", data=form()).status_code == 303
    assert anonymous.get("/holds.json").status_code == 401
    department = signed_in("department")
    assert department.post("/api/v1/holds", json=span()).status_code == 403
    assert department.post("/holds", data=form()).status_code == 403
    assert department.get("/holds").status_code == 403
    assert holds(services) == []


def test_pressed_again_it_is_the_hold_that_there_is_and_says_so(signed_in: SignedIn, services: Services) -> None:
    client = signed_in("supervisor")
    first = client.post("/api/v1/holds", json=span()).json()
    again = client.post("/api/v1/holds", json=span()).json()
    assert (first["already"], again["already"], again["id"]) == (False, True, first["id"])
    assert client.post("/holds", data=form()).headers["location"].endswith("done=held_already")
    assert (len(holds(services)), len(log(services))) == (1, 1)
    client.post("/api/v1/holds", json=span(reason="another"))
    signed_in("inspector").post("/api/v1/holds", json=span())
    assert len(holds(services)) == 3, "another reason, and another holder"
    client.post(f"/api/v1/holds/{first['id']}/lift")
    assert client.post("/api/v1/holds", json=span()).json()["already"] is False, "one that was lifted holds nothing"


@pytest.mark.parametrize("role", MAY)
def test_who_may_holds_in_the_own_halls_only(signed_in: SignedIn, services: Services, role: str) -> None:
    client = signed_in(role)
    assert client.post("/api/v1/holds", json=span()).status_code == 200
    elsewhere = client.post("/api/v1/holds", json=span(camera="nh-cam-1"))
    assert elsewhere.status_code == (200 if role == "admin" else 404)
    shown = client.get("/holds.json").json()["holds"]
    assert {hold["camera_id"] for hold in shown} == ({CAMERA, "nh-cam-1"} if role == "admin" else {CAMERA})


def test_without_the_token_of_the_session_nothing_is_held(signed_in: SignedIn, services: Services) -> None:
    client = signed_in("inspector")
    del client.headers["X-CSRF-Token"]
    assert client.post("/holds", data=form()).status_code == 403
    assert holds(services) == []


def test_a_hold_says_whose_it_is_since_when_and_why_and_the_log_too(signed_in: SignedIn, services: Services) -> None:
    signed_in("inspector").post("/api/v1/holds", json=span(subject="case:1"))
    [hold] = holds(services)
    assert (hold.owner_id, hold.set_at, hold.reason, hold.subject) == (2, NOON, "complaint 12", "case:1")
    assert hold.lifted_at is None
    assert log(services) == [("hold", f"hold:1 camera:{CAMERA} 2026-03-02T03:00:00Z/PT600S", "complaint 12")]


def test_only_who_set_it_or_an_administrator_lifts_it(signed_in: SignedIn, services: Services, clock: Clock) -> None:
    for reason in ("complaint 12", "complaint 13"):
        signed_in("inspector").post("/api/v1/holds", json=span(reason=reason))
    for role in ("supervisor", "investigator"):
        assert signed_in(role).post("/api/v1/holds/1/lift").status_code == 403
        assert signed_in(role).post("/holds/1/lift").status_code == 403
        assert not any(hold["may_lift"] for hold in signed_in(role).get("/holds.json").json()["holds"])
    clock.forward(timedelta(hours=1))
    assert signed_in("inspector").post("/api/v1/holds/1/lift").json()["lifted_by"] == 2
    assert signed_in("admin").post("/holds/2/lift").status_code == 303
    clock.forward(timedelta(hours=1))
    assert signed_in("admin").post("/api/v1/holds/1/lift").json()["lifted_by"] == 2
    first, second = holds(services)
    assert (first.lifted_at, second.lifted_at) == (NOON + timedelta(hours=1),) * 2
    assert second.lifted_by == list(Role).index(Role.ADMIN) + 1
    assert [action for action, _, _ in log(services)] == ["hold", "hold", "lift_hold", "lift_hold"]


def test_what_was_found_locked_in_the_store_is_nobodys_and_lifted_by_an_administrator(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        hold_as_found(session, CAMERA, Span(NOON - timedelta(hours=1), NOON), NOON)
    client = signed_in("inspector")
    [hold] = client.get("/holds.json").json()["holds"]
    assert (hold["is_found"], hold["owner"], hold["may_lift"]) == (True, "", False)
    assert "Found locked in the store" in client.get("/holds?lang=en").text
    assert client.post("/api/v1/holds/1/lift").status_code == 403
    assert signed_in("admin").post("/api/v1/holds/1/lift").json()["owner_id"] is None


def test_more_holds_than_a_page_are_listed_on_further_pages_and_lifted_from_there(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        for number in range(PAGE_SIZE + 3):
            set_at = NOON - timedelta(minutes=number // 2)  # two at a time: the id decides
            session.add(Hold(camera_id=CAMERA, start=NOON, end=NOON, reason=f"{number}", owner_id=2, set_at=set_at))
    client = signed_in("inspector")
    first = client.get("/holds.json?state=held").json()
    second = client.get(f"/holds.json?state=held&after={first['next']}").json()
    listed = [hold["id"] for page in (first, second) for hold in page["holds"]]
    assert (len(first["holds"]), len(second["holds"]), second["next"]) == (PAGE_SIZE, 3, "")
    assert sorted(listed) == list(range(1, PAGE_SIZE + 4))
    page = client.get(f"/holds?state=held&after={first['next']}", headers=EN).text
    assert "First page" in page
    sent = hidden_fields(page.replace(f"/holds/{listed[-1]}/lift", "/the/last"), "/the/last")
    assert sent["next"] == f"/holds?state=held&after={first['next']}"
    lifted = client.post(f"/holds/{listed[-1]}/lift", data=sent)
    assert lifted.headers["location"] == f"{sent['next']}&done=lifted"
    assert client.post(f"/holds/{listed[-1]}/lift").headers["location"] == "/holds?done=lifted"


def test_a_hold_of_another_hall_is_not_there(signed_in: SignedIn) -> None:
    signed_in("admin").post("/api/v1/holds", json=span(camera="nh-cam-1"))
    assert signed_in("inspector").post("/api/v1/holds/1/lift").status_code == 404
    assert signed_in("inspector").get("/holds.json").json()["holds"] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"end": "2026-03-02T03:00:00Z"}, ""),
        ({"end": "2026-09-02T03:00:00Z"}, ""),
        ({"start": "2026-03-02T03:00:00"}, "start"),
        ({"subject": "javascript:1"}, "subject"),
    ],
)
def test_a_mistake_names_its_field(signed_in: SignedIn, wrong: dict[str, str], field: str) -> None:
    answer = signed_in("inspector").post("/api/v1/holds", json=span(**wrong))
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["fields"]] == [field]


def test_the_form_is_in_the_time_of_the_hall(signed_in: SignedIn, services: Services) -> None:
    assert signed_in("supervisor").post("/holds", data=form()).headers["location"] == "/holds?done=held_nothing"
    [hold] = holds(services)
    assert (hold.start, hold.end) == (NOON - timedelta(hours=1), NOON - timedelta(minutes=50))


def test_the_form_comes_back_with_what_is_wrong(signed_in: SignedIn, services: Services) -> None:
    client = signed_in("supervisor")
    answer = client.post("/holds?lang=en", data=form(to="2026-03-02T10:00:00", reason="keep me"))
    assert answer.status_code == 422
    assert "The end has to lie after the beginning." in answer.text
    assert 'value="keep me"' in answer.text
    answer = client.post("/holds?lang=en", data=form(reason=""))
    assert "This is needed." in answer.text
    answer = client.post("/holds?lang=en", data=form(**{"from": "31 February"}))
    assert answer.status_code == 422
    assert holds(services) == []


def test_the_list_can_be_narrowed_to_what_is_in_force(signed_in: SignedIn) -> None:
    client = signed_in("inspector")
    for reason in ("first", "second"):
        client.post("/api/v1/holds", json=span(reason=reason))
    client.post("/api/v1/holds/1/lift")

    def shown(state: str) -> list[str]:
        return [hold["reason"] for hold in client.get(f"/holds.json?state={state}").json()["holds"]]

    assert shown("held") == ["second"]
    assert shown("lifted") == ["first"]
    assert shown("all") == ["second", "first"]


def test_one_click_beside_the_footage_holds_it_and_leads_back(signed_in: SignedIn, services: Services) -> None:
    start, end = NOON - timedelta(hours=1, seconds=5), NOON - timedelta(minutes=50)
    clip = (Outcome.CLIP, CAMERA, start, end, NOON)
    with services.database.transaction() as session:
        links = [FootageLink(absence_id=1), FootageLink(step_id=1)]
        for link in links:
            link.outcome, link.camera_id, link.start, link.end, link.computed_at = clip
        session.add_all(links)
    client = signed_in("inspector")
    pages = ("/absences/1", "/cases/1?step=1")
    for number, address in enumerate(pages):
        page = client.get(f"{address}{'&' if '?' in address else '?'}lang=en").text
        sent = hidden_fields(page, "Keep this footage")
        answer = client.post("/holds", data=sent)
        assert answer.headers["location"].startswith(address.partition("?")[0])
        assert "done=held" in answer.headers["location"]
        hold = holds(services)[number]
        assert (hold.camera_id, hold.start, hold.end) == (CAMERA, start, end)
    assert [hold.subject for hold in holds(services)] == ["absence:1", "case:1"]
    assert all(hold.reason for hold in holds(services))
    assert "Keep this footage" not in signed_in("department").get("/absences/1?lang=en").text


def test_the_pages_tell_those_who_may_hold_what_is_held_and_by_whom(signed_in: SignedIn, services: Services) -> None:
    start, end = NOON - timedelta(hours=1, seconds=5), NOON - timedelta(minutes=50)
    with services.database.transaction() as session:
        for link in (FootageLink(absence_id=1), FootageLink(step_id=1)):
            link.outcome, link.camera_id, link.start, link.end, link.computed_at = (
                Outcome.CLIP,
                CAMERA,
                start,
                end,
                NOON,
            )
            session.add(link)
    inspector, investigator = signed_in("inspector"), signed_in("investigator")
    addresses = ("/absences/1{}", "/cases/1{}?step=1", f"/span{{}}?camera={CAMERA}&from={iso(start)}&to={iso(end)}")

    def told(client: TestClient) -> list[tuple[bool, list[str]] | None]:
        pages = [client.get(address.format(".json")).json() for address in addresses]
        found = [pages[0]["held"], pages[1]["held"], pages[2]["result"]["cameras"][0]["held"]]
        return [(each["whole"], [by["owner"] for by in each["by"]]) if each else None for each in found]

    assert told(inspector) == [None] * 3
    middle = {"start": iso(start + timedelta(minutes=1)), "end": iso(end - timedelta(minutes=1))}
    investigator.post("/api/v1/holds", json=span(**middle))
    assert told(inspector) == [(False, ["investigator"])] * 3
    inspector.post("/api/v1/holds", json=span(start=iso(start), end=iso(end)))
    assert told(investigator) == [(True, ["investigator", "inspector"])] * 3
    for address in addresses[:2]:
        page = inspector.get(address.format(""), headers=EN).text
        assert "Held by investigator, inspector" in page, address
        assert "Keep this footage" in page, "several may hold the same"
    department = signed_in("department")
    for address in addresses[:2]:
        assert department.get(address.format(".json")).json()["held"] is None
        assert "Held by" not in department.get(address.format(""), headers=EN).text


EN = {"Accept-Language": "en"}


def hidden_fields(page: str, button: str) -> dict[str, str]:
    """Of the form with that button."""
    [sent] = [part for part in re.findall(r"<form.*?</form>", page, flags=re.DOTALL) if button in part]
    return {name: unescape(value) for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', sent)}


@pytest.mark.parametrize(
    ("start", "end", "done", "recorded"),
    [
        (-60, -50, "held_nothing", None),
        (-15, -5, "held_part", (-10, -5)),
        (-20, 60, "held_part", (-10, 0)),
        (-8, 60, "held", (-8, 0)),
        (10, 60, "held_ahead", None),
    ],
)
def test_a_hold_says_which_part_of_its_span_has_footage(
    signed_in: SignedIn, services: Services, start: int, end: int, done: str, recorded: tuple[int, int] | None
) -> None:
    with services.database.transaction() as session:
        for number in range(60):
            segment = a_segment(CAMERA, NOON - timedelta(seconds=10 * (60 - number)))
            segment.sequence, segment.key = number, f"{CAMERA}/{number}"
            session.add(segment)
    client, (first, last) = signed_in("inspector"), (NOON + timedelta(minutes=n) for n in (start, end))
    sent = {"from": first.isoformat(), "to": last.isoformat()}
    assert client.post("/holds", data=form(**sent)).headers["location"] == f"/holds?done={done}"
    [row] = client.get("/holds.json").json()["holds"]
    edges = [row["recorded_from"], row["recorded_to"]]
    assert edges == ([iso(NOON + timedelta(minutes=n)) for n in recorded] if recorded else [None, None])
    page = client.get("/holds", headers=EN).text
    assert ("nothing was recorded in this span" in page) is (done == "held_nothing")
    made = client.post("/api/v1/holds", json=span(start=sent["from"], end=sent["to"])).json()
    assert bool(made["recorded_from"]) is bool(recorded)


def test_a_way_back_leads_nowhere_else(signed_in: SignedIn) -> None:
    answer = signed_in("inspector").post("/holds", data=form(next="https://elsewhere.example/"))
    assert answer.headers["location"] == "/holds?done=held_nothing"
