"""A site that learns late of a year's holidays judges the days by them that have passed meanwhile."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from analytics.diary import Diary
from analytics.looker import Looker
from analytics.watch import Watch
from storage.database import Database
from storage.models import (
    Absence,
    AbsenceRule,
    Alert,
    AlertKind,
    AlertState,
    CustomerState,
    Node,
    OpeningHours,
    Presence,
    StaffState,
)
from storage.statutory import announced_to, told_otherwise
from tests.analytics.world import MarkerDetector
from tests.sample import HALL, a_hall

FOSHAN = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 16, 10, tzinfo=FOSHAN).astimezone(UTC)
IN_DOUBT, NEW_YEAR, PLAIN = date(2026, 2, 10), date(2026, 2, 17), date(2026, 3, 10)
"""A Tuesday that has been a holiday of other years, and is worked; a holiday; a day that nothing is new of."""


def ten(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, tzinfo=FOSHAN).astimezone(UTC)


def a_spring(database: Database, known_to: int) -> None:
    """Counter 1 was empty for an hour on each of these days; on two of them that was said to be an absence."""
    with database.transaction() as session:
        a_hall(session)
        session.add_all(OpeningHours(hall_id=HALL, weekday=day, opens="09:00", closes="17:00") for day in range(7))
        session.add(AbsenceRule(threshold_s=300, waiting_threshold_s=300, valid_from=datetime(2020, 1, 1, tzinfo=UTC)))
        detail = {"announced_to": known_to}
        session.add(Node(name="watcher-1", role="watcher", started_at=NOW, heartbeat=NOW, detail=detail))
        hour, nobody = timedelta(hours=1), CustomerState.NONE
        for start in map(ten, (IN_DOUBT, NEW_YEAR, PLAIN)):
            empty = StaffState.UNSTAFFED
            session.add(Presence(counter_id="cc-1", start=start, end=start + hour, staff=empty, customer=nobody))
        for start in map(ten, (NEW_YEAR, PLAIN)):
            said = Absence(counter_id="cc-1", start=start, end=start + hour, ended_by="returned", threshold_s=60)
            session.add(said)
            session.flush()
            alert = Alert(kind=AlertKind.ABSENCE, hall_id=HALL, absence_id=said.id, raised_at=start)
            alert.state, alert.resolved_at = AlertState.RESOLVED, start
            session.add(alert)


def watched(database: Database, beats: int) -> None:
    watch, diary = Watch(Looker(MarkerDetector())), Diary(database, "marker", "watcher-1", NOW)
    for beat in range(beats):
        now = NOW + timedelta(seconds=3 * beat)
        diary.follow(watch, now)
        diary.write(watch, now, {})


def said(database: Database) -> dict[date, tuple[str, AlertState]]:
    with database.transaction() as session:
        rows = session.exec(select(Absence, Alert).join(Alert).order_by(col(Absence.start))).all()
        return {row.start.astimezone(FOSHAN).date(): (row.ended_by, alert.state) for row, alert in rows}


def test_days_of_a_year_that_is_announced_by_now_are_judged_by_its_holidays(sqlite_database: Database) -> None:
    """The first watcher dies before it comes to any of them."""
    a_spring(sqlite_database, 2025)
    watched(sqlite_database, 1)
    with sqlite_database.transaction() as session:
        assert session.exec(select(Node.detail)).one()["announced_to"] == 2025
    watched(sqlite_database, 20)
    assert said(sqlite_database) == {
        IN_DOUBT: ("unknown", AlertState.RESOLVED),
        NEW_YEAR: ("withdrawn", AlertState.WITHDRAWN),
        PLAIN: ("returned", AlertState.RESOLVED),
    }
    with sqlite_database.transaction() as session:
        assert session.exec(select(Node.detail)).one()["announced_to"] == announced_to()


def test_days_of_a_year_that_was_known_stay_as_they_were_judged(sqlite_database: Database) -> None:
    a_spring(sqlite_database, announced_to())
    before = said(sqlite_database)
    watched(sqlite_database, 5)
    assert said(sqlite_database) == before


def test_what_may_be_new_of_a_year_are_its_holidays_its_make_up_days_and_what_was_in_doubt() -> None:
    days = told_otherwise(2026)
    assert {IN_DOUBT, NEW_YEAR, date(2026, 2, 28)} <= set(days)
    assert PLAIN not in days
