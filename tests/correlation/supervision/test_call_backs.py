"""Bad ratings open calls back that are due within 15 working days; corrections lift them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from correlation.deadlines.counting import counted
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.supervision.call_backs import HISTORY, WORKING_DAYS, CallBacks, due_by
from storage.database import Database
from storage.models import CallBack, CallBackState, Case, Closure, Department, Rating, Source
from tests.sample import a_hall

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CALENDAR = WorkCalendar()


@given(st.integers(0, 365 * 24))
def test_it_is_due_when_the_fifteenth_working_day_ends(hours: int) -> None:
    rated = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(hours=hours)
    due = due_by(CALENDAR, rated)
    last = CALENDAR.day_of(due) - 1
    assert CALENDAR.midnight(last + 1) == due
    assert counted(CALENDAR, CALENDAR.day_of(rated), last, ()) == WORKING_DAYS
    assert counted(CALENDAR, CALENDAR.day_of(rated), last - 1, ()) == WORKING_DAYS - 1


@pytest.fixture
def rated(database: Database) -> Database:
    """Of the case 2026-1: good, bad, bad at our own tablet; and a bad one of long ago."""
    with database.transaction() as session:
        a_hall(session)
        session.add(Department(id="tax", name="税务局"))
        session.add_all([Source(id="platform", hall_id="cc"), Source(id="hallwatch-ratings")])
        session.flush()
        session.add(
            Case(id=7, source_id="platform", number="2026-1", department_id="tax", hall_id="cc", opened_at=NOON)
        )
        session.flush()
        own: dict[str, Any] = {"source_id": "hallwatch-ratings", "case_source_id": "platform", "counter_id": "cc-1"}
        session.add_all(
            [
                rating(1, 5),
                rating(2, 2),
                rating(3, 1, **own),
                rating(4, 1, case_number="", rated=NOON - HISTORY - timedelta(days=1)),
            ]
        )
    return database


def rating(number: int, level: int, **more: Any) -> Rating:
    said: dict[str, Any] = {
        "id": number,
        "source_id": "platform",
        "reference": f"r{number}",
        "case_number": "2026-1",
        "level": level,
        "rated": NOON - timedelta(hours=1),
        "first_received_at": NOON,
        "received_at": NOON,
    }
    return Rating(**{**said, **more})


def open_ones(database: Database) -> dict[int, CallBack]:
    with database.transaction() as session:
        found = session.exec(select(CallBack).where(col(CallBack.state) == CallBackState.OPEN))
        return {each.rating_id: each for each in found}


def test_each_fresh_bad_rating_opens_one_however_often_the_clerk_looks(rated: Database) -> None:
    assert [CallBacks(rated).run_once(NOON) for _ in range(2)] == [2, 0]
    found = open_ones(rated)
    assert set(found) == {2, 3}
    assert {(each.case_id, each.department_id, each.hall_id) for each in found.values()} == {(7, "tax", "cc")}
    assert found[3].counter_id == "cc-1"
    assert found[2].due_by == datetime(2026, 3, 23, 16, 0, tzinfo=UTC)


def test_a_day_on_which_the_hall_is_closed_does_not_count(rated: Database) -> None:
    with rated.transaction() as session:
        noted = NOON - timedelta(days=1)
        session.add(Closure(hall_id="cc", day=datetime(2026, 3, 10).date(), reason="停电", noted_at=noted))  # noqa: DTZ001
    CallBacks(rated).run_once(NOON)
    assert open_ones(rated)[2].due_by == datetime(2026, 3, 24, 16, 0, tzinfo=UTC)


def test_a_correction_to_a_good_rating_lifts_it_and_one_back_opens_it_again(rated: Database) -> None:
    clerk = CallBacks(rated)
    clerk.run_once(NOON)
    for level, left in ((4, {3}), (1, {2, 3})):
        with rated.transaction() as session:
            session.get_one(Rating, 2).level = level
        assert clerk.run_once(NOON) == 1
        assert set(open_ones(rated)) == left


def test_what_is_done_stays_done(rated: Database) -> None:
    clerk = CallBacks(rated)
    clerk.run_once(NOON)
    with rated.transaction() as session:
        done = session.exec(select(CallBack).where(CallBack.rating_id == 2)).one()
        done.state = CallBackState.DONE
        session.get_one(Rating, 2).level = 5
    assert clerk.run_once(NOON) == 0
    assert set(open_ones(rated)) == {3}
