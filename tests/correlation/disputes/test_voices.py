"""An absence counts only where somebody has had an account to dispute it, and the time to."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from correlation.disputes.dispute_log import Deadlines
from correlation.disputes.voices import HEARD_FOR, DisputeTime, Voice
from correlation.disputes.workflow import Refusal, Word, refusal, standing
from storage.database import Database
from storage.models import (
    Absence,
    AbsenceStanding,
    Department,
    DisputeAct,
    EventKind,
    Operator,
    Role,
    Scope,
    Source,
    User,
)
from storage.statutory import is_announced
from tests.correlation.deadlines.cases import at
from tests.sample import HALL, a_hall

BEGAN = at("2026-03-02", "10:00")
SAID = BEGAN + timedelta(minutes=8)
DAY = timedelta(days=1)
OPEN, STANDS = AbsenceStanding.OPEN, AbsenceStanding.STANDS


@pytest.fixture
def hall(sqlite_database: Database) -> Database:
    return a_case(sqlite_database)


def a_case(database: Database) -> Database:
    """An absence that is over, one that lasts, and a queue."""
    with database.transaction() as session:
        a_hall(session)
        session.add_all([Department(id="tax", name="税务局"), Department(id="civil", name="民政局")])
        session.add(Source(id="s", name="S", key_hash=""))
        over: dict[str, Any] = {
            "counter_id": "cc-1",
            "start": BEGAN,
            "end": SAID,
            "ended_by": "returned",
            "threshold_s": 300,
        }
        session.add_all(
            [
                Absence(id=1, judged_at=SAID, **over),
                Absence(id=2, counter_id="cc-1", start=BEGAN, threshold_s=300),
                Absence(id=3, judged_at=SAID, kind=EventKind.QUEUE, **over),
            ]
        )
    return database


def give_account(database: Database, department: str, *, hall: str = HALL, active: bool = True) -> None:
    with database.transaction() as session:
        user = session.exec(select(User).where(User.name == department)).first()
        user = user or User(name=department, password_hash="", role=Role.DEPARTMENT, created_at=BEGAN)
        user.department_id, user.active, user.all_halls = department, active, not hall
        session.add(user)
        session.flush()
        if hall and not session.get(Scope, (user.id, hall)):
            session.add(Scope(user_id=user.id or 0, hall_id=hall))


def look(database: Database, now: datetime) -> int:
    return DisputeTime(database, [Role.DEPARTMENT]).run_once(now)


def stands(database: Database, now: datetime) -> AbsenceStanding:
    with database.transaction() as session:
        return standing(Deadlines(session).judged(session.get_one(Absence, 1), None, HALL), (), now)


def test_what_nobody_could_dispute_never_counts_and_the_time_runs_from_the_first_account_on(
    database: Database,
) -> None:
    hall = a_case(database)
    assert look(hall, SAID) == 0
    assert stands(hall, SAID + 40 * DAY) is OPEN
    give_account(hall, "tax")
    assert look(hall, SAID + 40 * DAY) == 1, "neither the one that lasts nor the queue"
    assert look(hall, SAID + 41 * DAY) == 0
    assert stands(hall, SAID + 44 * DAY) is OPEN
    assert stands(hall, SAID + 55 * DAY) is STANDS


def test_nothing_counts_while_the_holidays_of_its_year_are_not_announced(hall: Database) -> None:
    year = next(year for year in range(2026, 2100) if not is_announced(year))
    with hall.transaction() as session:
        absence = session.get_one(Absence, 1)
        absence.start = at(f"{year}-01-04", "10:00")
        absence.end = absence.judged_at = over = absence.start + timedelta(minutes=8)
    give_account(hall, "tax")
    assert look(hall, over) == 0
    assert stands(hall, over + 60 * DAY) is OPEN


def test_a_voice_that_is_lost_in_time_stops_it_and_one_that_is_lost_later_does_not(hall: Database) -> None:
    give_account(hall, "tax")
    look(hall, SAID)
    give_account(hall, "tax", active=False)
    assert look(hall, SAID + DAY) == 1
    assert stands(hall, SAID + 20 * DAY) is OPEN
    give_account(hall, "tax")
    look(hall, SAID + 20 * DAY)
    assert stands(hall, SAID + 21 * DAY) is OPEN, "all of its time begins anew"
    give_account(hall, "tax", active=False)
    assert look(hall, SAID + 35 * DAY) == 0
    assert stands(hall, SAID + 35 * DAY) is STANDS


def test_neither_another_department_nor_an_account_of_another_hall_speaks_for_a_counter(hall: Database) -> None:
    with hall.transaction() as session:
        known: dict[str, Any] = {
            "source_id": "s",
            "reference": "o1",
            "operator": "李芳",
            "first_received_at": SAID,
            "received_at": SAID,
        }
        session.add(Operator(**known, department_id="civil", counter_id="cc-1", valid_from=BEGAN - DAY))
    give_account(hall, "tax")
    assert look(hall, SAID) == 0
    give_account(hall, "civil", hall="")
    assert look(hall, SAID) == 1
    assert not Voice("civil", frozenset({"nh"})).speaks_for(HALL, "civil")
    assert Voice("tax", frozenset({HALL})).speaks_for(HALL, "")


def test_an_account_that_comes_when_the_footage_has_gone_makes_nothing_count(hall: Database) -> None:
    give_account(hall, "tax")
    late = SAID + HEARD_FOR + DAY
    assert look(hall, late) == 0
    assert stands(hall, late + 365 * DAY) is OPEN


def test_it_may_be_disputed_for_as_long_as_nobody_could(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(Absence(id=1, counter_id="cc-1", start=BEGAN, end=SAID, ended_by="returned", threshold_s=300))
        session.flush()
        judged = Deadlines(session).judged(session.get_one(Absence, 1), None, HALL)
    assert refusal(judged, (), Word(DisputeAct.DISPUTE, 1, SAID + 400 * DAY)) is None
    assert refusal(judged, (), Word(DisputeAct.UPHOLD, 1, SAID)) is Refusal.OUT_OF_TURN
