"""The log of a dispute on both databases: one word after the other, and the footage held in between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from correlation.disputes.dispute_log import Said, SayingRefused, say, words_of
from correlation.disputes.workflow import Refusal
from storage.database import Database
from storage.dispute_holds import subject_of
from storage.models import (
    Absence,
    Camera,
    DisputeAct,
    DisputeGround,
    DisputeState,
    Hold,
    Role,
    User,
    View,
)
from tests.correlation.deadlines.cases import at
from tests.sample import CAMERA, HALL, LEFT_HALF, a_hall

BEGAN = at("2026-03-02", "10:00")
ENDED = BEGAN + timedelta(minutes=8)
CLERK, CHIEF, OTHER = 1, 2, 3
DISPUTE = Said(DisputeAct.DISPUTE, "当时在岗", DisputeGround.WAS_THERE)
UPHOLD, WITHDRAW = Said(DisputeAct.UPHOLD, "属实"), Said(DisputeAct.WITHDRAW, "有人在岗")


@pytest.fixture
def hall(database: Database) -> Database:
    """Counter 1 was seen by two cameras, one of them no longer; one absence that is over, one that lasts."""
    with database.transaction() as session:
        a_hall(session)
        for camera in ("cc-cam-2", "cc-cam-3"):
            session.add(Camera(id=camera, hall_id=HALL, url="rtsp://127.0.0.1/x"))
        session.flush()
        session.add(View(camera_id="cc-cam-2", counter_id="cc-1", staff_zone=LEFT_HALF))
        session.add(View(camera_id="cc-cam-3", counter_id="cc-1", staff_zone=LEFT_HALF, valid_to=BEGAN))
        for number in (CLERK, CHIEF, OTHER):
            role = Role.DEPARTMENT if number == CLERK else Role.SUPERVISOR
            session.add(User(id=number, name=f"u{number}", password_hash="", role=role, created_at=BEGAN))
        over = Absence(id=1, counter_id="cc-1", start=BEGAN, end=ENDED, ended_by="returned", threshold_s=300)
        over.judged_at = ENDED
        session.add_all([over, Absence(id=2, counter_id="cc-1", start=BEGAN, threshold_s=300)])
    return database


def held(database: Database, absence: int) -> list[tuple[str, datetime, datetime, bool]]:
    with database.transaction() as session:
        found = session.exec(select(Hold).where(Hold.subject == subject_of(absence)).order_by(col(Hold.camera_id)))
        return [(hold.camera_id, hold.start, hold.end, hold.lifted_at is None) for hold in found]


def test_every_camera_that_looked_is_held_until_the_decision(hall: Database) -> None:
    now, around = BEGAN + timedelta(hours=1), timedelta(minutes=5)
    with hall.transaction() as session:
        say(session, 1, DISPUTE, CLERK, now)
        say(session, 2, DISPUTE, CLERK, now)
        own = Hold(
            camera_id=CAMERA, start=BEGAN, end=ENDED, reason="x", subject="absence:1", owner_id=CHIEF, set_at=now
        )
        session.add(own)
    both = CAMERA, "cc-cam-2"
    assert held(hall, 1) == [(camera, BEGAN - around, ENDED + around, True) for camera in both]
    ahead = now + timedelta(days=1) + around
    assert held(hall, 2) == [(camera, BEGAN - around, ahead, True) for camera in both], "it lasts"
    with hall.transaction() as session:
        assert say(session, 1, WITHDRAW, CHIEF, now).dispute is DisputeState.WITHDRAWN
    assert [is_held for *_, is_held in held(hall, 1) + held(hall, 2)] == [False, False, True, True]
    with hall.transaction() as session:
        assert session.exec(select(Hold.lifted_at).where(Hold.subject == "absence:1")).one() is None


def test_of_two_who_decide_at_once_one_is_refused(hall: Database) -> None:
    now = BEGAN + timedelta(hours=1)

    def decide(said: Said, by: int) -> Refusal | None:
        try:
            with hall.transaction() as session:
                say(session, 1, said, by, now)
        except SayingRefused as refused:
            return refused.why
        return None

    with hall.transaction() as session:
        say(session, 1, DISPUTE, CLERK, now)
    with ThreadPoolExecutor() as threads:
        found = [threads.submit(decide, said, by) for said, by in ((UPHOLD, CHIEF), (WITHDRAW, OTHER))]
    assert {each.result() for each in found} == {None, Refusal.OUT_OF_TURN}
    with hall.transaction() as session:
        assert [word.number for word in words_of(session, [1])[1]] == [1, 2]
