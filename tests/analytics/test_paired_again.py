"""What is said of a counter that another's clerk covers rests on what is known of that clerk, whenever it is known."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from analytics.reanalysis import ask, let_go
from storage.database import Database
from storage.intervals import Span
from storage.models import (
    Absence,
    AbsenceRule,
    Alert,
    AlertState,
    CounterPair,
    CustomerState,
    Presence,
    Reanalysis,
    StaffState,
    View,
    WatchCursor,
)
from tests.analytics.scenes import START, at
from tests.analytics.test_reanalysis import NOW, redoing, work_off
from tests.sample import CAMERA, a_hall
from web.declarations import ViewDeclaration
from web.looks import put_view

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
LONG_AGO = START - timedelta(days=1)
MISSED = Span(at(1000), at(1600))
"""Nobody looked at counter 1 then."""


def a_pair(database: Database, clerk: StaffState) -> Database:
    """Counter 2 is empty from 900 to 1700; the clerk of counter 1 covers it and was not seen while time was missed."""
    with database.transaction() as session:
        a_hall(session)
        session.add(AbsenceRule(threshold_s=300, waiting_threshold_s=300, valid_from=LONG_AGO))
        session.add(CounterPair(one_id="cc-1", other_id="cc-2", valid_from=LONG_AGO))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=NOW))
        for counter_id, start, end, staff in (
            ("cc-1", 0, 1000, STAFFED),
            ("cc-1", 1000, 1600, clerk),
            ("cc-1", 1600, None, STAFFED),
            ("cc-2", 0, 900, STAFFED),
            ("cc-2", 900, 1700, UNSTAFFED),
            ("cc-2", 1700, None, STAFFED),
        ):
            ends = None if end is None else at(end)
            session.add(
                Presence(counter_id=counter_id, start=at(start), end=ends, staff=staff, customer=CustomerState.NONE)
            )
    return database


def said_of_the_other(session: Session) -> list[tuple[float, float | None, str]]:
    rows = session.exec(select(Absence).where(Absence.counter_id == "cc-2").order_by(col(Absence.start))).all()
    return [(_s(row.start), _s(row.end) if row.end else None, row.ended_by) for row in rows]


def _s(moment: datetime) -> float:
    return (moment - START).total_seconds()


def absent(session: Session) -> None:
    row = Absence(counter_id="cc-2", start=at(1000), end=at(1600), ended_by="covered", threshold_s=300)
    session.add(row)
    session.flush()


@pytest.mark.parametrize(("what", "found"), [("nobody", [(1000, 1600, "covered")]), ("staff", [])])
def test_an_absence_is_found_once_it_is_known_that_the_clerk_who_covers_was_away(
    sqlite_database: Database, what: str, found: list[tuple[float, float, str]]
) -> None:
    a_pair(sqlite_database, UNKNOWN)
    with sqlite_database.transaction() as session:
        ask(session, "cc-1", MISSED, "watcher", NOW)
    work_off(sqlite_database, lambda _seconds: what)
    with sqlite_database.transaction() as session:
        assert said_of_the_other(session) == found
        alerts = select(Alert.state).join(Absence).where(Absence.counter_id == "cc-2")
        assert set(session.exec(alerts)) <= {AlertState.RESOLVED}, "nobody is called for what is over"


def written_to(database: Database, asked: int) -> datetime:
    with database.transaction() as session:
        row = session.get_one(Reanalysis, asked)
        return row.watched_to or row.start


@pytest.mark.parametrize("stopped", [False, True], ids=["done", "half done"])
def test_an_absence_is_withdrawn_once_it_is_known_that_the_clerk_who_covers_was_there(
    sqlite_database: Database, stopped: bool
) -> None:
    a_pair(sqlite_database, UNSTAFFED)
    with sqlite_database.transaction() as session:
        absent(session)
        asked = ask(session, "cc-1", Span(at(1000), at(1000 + 900)), "li.wei", NOW, worker="watcher-1").id or 0
    worker = redoing(sqlite_database, lambda _seconds: "staff")
    while worker.go_on(NOW, 100) and not (stopped and written_to(sqlite_database, asked) >= MISSED.end):
        pass
    with sqlite_database.transaction() as session:
        assert stopped == bool(said_of_the_other(session)[0][2] == "covered")
        let_go(session, asked, "watcher-1", NOW)
        assert said_of_the_other(session) == [(1000, 1000, "withdrawn")]


def test_an_absence_is_withdrawn_when_what_was_seen_of_the_clerk_who_covers_is_taken_back(
    sqlite_database: Database,
) -> None:
    """By a view of counter 1 that is said to have ended before."""
    a_pair(sqlite_database, UNSTAFFED)
    with sqlite_database.transaction() as session:
        absent(session)
        zone = session.exec(select(View.staff_zone).where(View.counter_id == "cc-1")).one()
        ended = {"camera": CAMERA, "counter": "cc-1", "staff_zone": zone, "valid_to": at(500)}
        put_view(session, ViewDeclaration.model_validate(ended), NOW)
        assert said_of_the_other(session) == [(1000, 1000, "withdrawn")]
