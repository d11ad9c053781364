"""Leave and cover: who may register it, and what becomes of absences."""

from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from storage.models import Absence, AccessEntry, CustomerState, Node, Presence, StaffState, View, WatchCursor
from tests.sample import CAMERA, LEFT_HALF
from tests.web.conftest import NOON, Clock, SignedIn
from web.services import Services

LEAVE = {"counter": "cc-1", "kind": "leave", "who": "王小明", "reason": "会议"}
SPAN = {"start": "2026-03-02T02:50:00Z", "end": "2026-03-02T03:30:00Z"}


@pytest.fixture
def away(services: Services) -> Services:
    """Nobody has been at counter 1 since eleven; absence 1 says so and lasts."""
    with services.database.transaction() as session:
        for view in session.exec(select(View)):
            session.delete(view)
        session.flush()
        session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=LEFT_HALF))
        session.add(Node(name="watcher-1", role="watcher", started_at=NOON, heartbeat=NOON))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=NOON))
        start = NOON - timedelta(hours=1)
        session.add(Presence(counter_id="cc-1", start=start, staff=StaffState.UNSTAFFED, customer=CustomerState.NONE))
    return services


def absences(services: Services) -> list[tuple[float, float | None, str]]:
    """Start and end in minutes before noon, and how it ended, of those that are none withdrawn."""
    with services.database.transaction() as session:
        rows = session.exec(select(Absence).where(Absence.counter_id == "cc-1").order_by(col(Absence.start))).all()
    told = [row for row in rows if row.ended_by != "withdrawn"]
    return [(_minutes(row.start), _minutes(row.end) if row.end else None, row.ended_by) for row in told]


def _minutes(moment: datetime) -> float:
    return (moment - NOON).total_seconds() / 60


def test_only_supervisors_register_and_only_in_their_halls(anonymous: TestClient, signed_in: SignedIn) -> None:
    assert anonymous.post("/api/v1/covers", json=LEAVE | SPAN).status_code == 401
    for role in ("inspector", "investigator", "department"):
        assert signed_in(role).post("/api/v1/covers", json=LEAVE | SPAN).status_code == 403
    supervisor = signed_in("supervisor")
    assert supervisor.post("/api/v1/covers", json=LEAVE | SPAN | {"counter": "nh-1"}).status_code == 404
    made = signed_in("admin").post("/api/v1/covers", json=LEAVE | SPAN | {"counter": "nh-1"}).json()
    for act in ("end", "withdraw"):
        assert supervisor.post(f"/api/v1/covers/{made['id']}/{act}").status_code == 404
    assert supervisor.get("/api/v1/covers?counter=nh-1").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"end": None}, "until when"),
        ({"end": SPAN["start"]}, "after the beginning"),
        ({"end": "2026-09-02T03:30:00Z"}, "92 days"),
        ({"who": ""}, "who"),
    ],
)
def test_what_makes_no_sense_is_refused(signed_in: SignedIn, wrong: dict[str, object], words: str) -> None:
    answer = signed_in("supervisor").post("/api/v1/covers", json=LEAVE | SPAN | wrong)
    assert answer.status_code == 422
    assert words in answer.text


def test_leave_that_is_told_afterwards_takes_its_time_out_of_an_absence(away: Services, signed_in: SignedIn) -> None:
    supervisor = signed_in("supervisor")
    made = supervisor.post("/api/v1/covers", json=LEAVE | SPAN).json()
    assert absences(away) == [(-30, None, "")]
    [told] = supervisor.get("/api/v1/covers?counter=cc-1").json()
    assert (told["id"], told["who"], told["noted_at"]) == (made["id"], "王小明", "2026-03-02T04:00:00Z")
    assert supervisor.post(f"/api/v1/covers/{made['id']}/withdraw").json()["withdrawn_by"] is not None
    assert absences(away) == [(-60, None, "")]
    with away.database.transaction() as session:
        actions = [entry.action for entry in session.exec(select(AccessEntry))]
    assert actions[-2:] == ["cover", "withdraw_cover"]


def test_a_colleague_who_signs_in_ends_the_absence_and_one_who_signs_out_is_no_cover(
    away: Services, signed_in: SignedIn, clock: Clock
) -> None:
    supervisor = signed_in("supervisor")
    came = {"kind": "cover", "start": "2026-03-02T03:40:00Z"}
    made = supervisor.post("/api/v1/covers", json=LEAVE | came).json()
    assert made["end"] is None
    assert absences(away) == [(-60, -20, "covered")]
    with away.database.transaction() as session:
        judged = session.exec(select(Absence.judged_at).where(Absence.counter_id == "cc-1")).one()
        assert judged == NOON, "what is said now may be disputed from now on"
    clock.forward(timedelta(minutes=5))
    assert supervisor.post(f"/api/v1/covers/{made['id']}/end").json()["end"] == "2026-03-02T04:05:00Z"
    clock.forward(timedelta(minutes=5))
    assert supervisor.post(f"/api/v1/covers/{made['id']}/end").json()["end"] == "2026-03-02T04:05:00Z"


def test_leave_that_has_not_begun_is_withdrawn_when_it_is_ended(signed_in: SignedIn) -> None:
    to_come = {"start": "2026-03-03T02:50:00Z", "end": "2026-03-03T03:30:00Z"}
    supervisor = signed_in("supervisor")
    made = supervisor.post("/api/v1/covers", json=LEAVE | to_come).json()
    assert supervisor.post(f"/api/v1/covers/{made['id']}/end").json()["withdrawn_at"] is not None


def test_pairs_are_of_two_counters_of_a_hall(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    for wrong in (["cc-1", "cc-1"], ["cc-1", "nh-1"], ["cc-1", "none"], ["cc-1"]):
        assert admin.put("/api/v1/pairs", json={"counters": wrong}).status_code == 422
    pair = admin.put("/api/v1/pairs", json={"counters": ["cc-2", "cc-1"]}).json()
    assert pair["counters"] == ["cc-1", "cc-2"]
    assert admin.put("/api/v1/pairs", json={"counters": ["cc-1", "cc-2"]}).json()["pair_id"] == pair["pair_id"]
    assert admin.delete(f"/api/v1/pairs/{pair['pair_id']}").status_code == 204
    assert admin.delete(f"/api/v1/pairs/{pair['pair_id']}").status_code == 404
    assert admin.get("/api/v1/pairs").json() == []
    assert len(admin.get("/api/v1/pairs?ended=true").json()) == 1
