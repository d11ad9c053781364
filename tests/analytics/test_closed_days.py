"""Nobody is judged on a day on which the hall is closed, or may turn out to be closed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import delete, select

from analytics.diary import Diary
from analytics.looker import Looker
from analytics.pictures import Picture
from analytics.watch import Watch
from storage.database import Database
from storage.models import Absence, AbsenceRule, Alert, AlertKind, Closure, OpeningHours, View
from storage.statutory import is_announced
from tests.analytics.world import MarkerDetector, drawn
from tests.sample import CAMERA, HALL, a_hall

FOSHAN = ZoneInfo("Asia/Shanghai")
PLAIN, TYPHOON = date(2026, 3, 2), date(2026, 3, 3)
UNANNOUNCED = next(year for year in range(2026, 2100) if not is_announced(year))


@pytest.fixture
def hall(sqlite_database: Database) -> Database:
    """Open from 09:00 on weekdays, by a rule of ten seconds."""
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add_all(OpeningHours(hall_id=HALL, weekday=day, opens="09:00", closes="17:00") for day in range(7))
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        session.add(AbsenceRule(threshold_s=10, waiting_threshold_s=10, valid_from=long_ago))
        session.add(Closure(hall_id=HALL, day=TYPHOON, reason="台风", noted_at=long_ago))
    return sqlite_database


def watch_for(
    database: Database, start: datetime, seconds: int, what: str = "nobody", noted_after: int | None = None
) -> None:
    """`noted_after` so many seconds the day is noted as closed."""
    watch, diary = Watch(Looker(MarkerDetector())), Diary(database, "marker", "watcher-1", start)
    for second in range(seconds):
        now = start + timedelta(seconds=second)
        if second % 3 == 0:
            diary.follow(watch, now)
        if second == noted_after:
            with database.transaction() as session:
                session.add(Closure(hall_id=HALL, day=now.astimezone(FOSHAN).date(), reason="停电", noted_at=now))
        watch.take_live([Picture(CAMERA, now, drawn(what, second))], now)
        for camera in watch.cameras.values():
            camera.arrived(now, now)
        watch.settle(now)
        diary.write(watch, now, {})


def found(database: Database) -> tuple[int, list[AlertKind]]:
    """How many absences, and which alerts."""
    with database.transaction() as session:
        return len(session.exec(select(Absence)).all()), [alert.kind for alert in session.exec(select(Alert))]


@pytest.mark.parametrize(
    ("day", "absences"),
    [(PLAIN, 2), (TYPHOON, 0), (date(UNANNOUNCED, 1, 1), 0), (date(UNANNOUNCED, 2, 8), 0), (date(2026, 1, 1), 0)],
)
def test_nobody_is_absent_on_a_day_that_is_closed_or_may_be_a_holiday(hall: Database, day: date, absences: int) -> None:
    watch_for(hall, datetime(day.year, day.month, day.day, 1, tzinfo=UTC) - timedelta(seconds=5), 25)
    assert found(hall) == (absences, [AlertKind.ABSENCE] * absences)


def test_a_closure_that_is_noted_right_before_an_absence_is_due_is_in_time(hall: Database) -> None:
    """The plan of the watch was read two seconds before, and is read again one second later."""
    watch_for(hall, datetime(2026, 3, 2, 8, 59, 57, tzinfo=FOSHAN).astimezone(UTC), 20, noted_after=13)
    assert found(hall) == (0, [])


@pytest.mark.parametrize(("hour", "alerts"), [(10, [AlertKind.CAMERA_FAULT]), (22, [])])
def test_a_camera_that_shows_no_counter_may_be_dark_while_its_hall_is_closed(
    hall: Database, hour: int, alerts: list[AlertKind]
) -> None:
    with hall.transaction() as session:
        session.exec(delete(View))
    watch_for(hall, datetime(2026, 3, 2, hour, tzinfo=FOSHAN).astimezone(UTC), 12, "dark")
    assert found(hall) == (0, alerts)
