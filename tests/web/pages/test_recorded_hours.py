"""Health's chart sums the footage of an hour once, and anew only where it may have changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session, delete

from storage.database import Database
from storage.models import Gap, GapCause
from tests.sample import CAMERA, a_hall, a_segment
from tests.web.pages.conftest import SignIn
from web.pages.health import CHART_HOURS
from web.pages.presence_shares import HOUR
from web.pages.recorded_hours import CHANGING, SETTLED, RecordedHours
from web.services import Services

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
_SUM = "SELECT sum(segment.size)"
STARTS = [NOW.replace(minute=0) - HOUR * n for n in (2, 1, 0)]


@pytest.fixture
def site(sqlite_database: Database) -> Database:
    with sqlite_database.transaction() as session:
        a_hall(session)
        for number, start in enumerate(STARTS):
            record(session, number, start, 10**number)
    return sqlite_database


def record(session: Session, number: int, start: datetime, size: int) -> None:
    row = a_segment(CAMERA, start)
    row.sequence, row.key, row.size = number, f"{CAMERA}/{number}", size
    session.add(row)


def test_each_hour_is_summed_once_however_many_look(site: Database) -> None:
    recorded = RecordedHours()
    with site.transaction() as session, queries(site, _SUM) as made:
        for seconds in (0, 10, 20):
            now = NOW + timedelta(seconds=seconds)
            assert recorded.recorded_bytes(session, STARTS, now) == [1, 10, 100]
        assert len(made) == len(STARTS)


def test_the_hour_that_runs_is_summed_anew_after_a_minute_and_others_later(site: Database) -> None:
    recorded = RecordedHours()
    with site.transaction() as session:
        recorded.recorded_bytes(session, STARTS, NOW)
        for number, start in enumerate(STARTS):
            record(session, 10 + number, start + timedelta(minutes=1), 5)
        session.flush()
        assert recorded.recorded_bytes(session, STARTS, NOW + CHANGING) == [1, 10, 105]
        assert recorded.recorded_bytes(session, STARTS, NOW + SETTLED) == [6, 15, 105]


def test_an_hour_that_has_ended_since_it_was_summed_is_summed_to_its_end(site: Database) -> None:
    recorded, end = RecordedHours(), STARTS[-1] + HOUR
    with site.transaction() as session:
        recorded.recorded_bytes(session, STARTS, end - timedelta(seconds=30))
        record(session, 10, end - timedelta(seconds=10), 5)
        session.flush()
        assert recorded.recorded_bytes(session, [*STARTS[1:], end], end + CHANGING) == [10, 105, 0]


def test_a_server_clock_that_was_set_back_shows_no_sum_of_the_time_to_come(site: Database) -> None:
    recorded = RecordedHours()
    with site.transaction() as session:
        recorded.recorded_bytes(session, STARTS, NOW + HOUR)
        record(session, 10, STARTS[0] + timedelta(minutes=1), 5)
        session.flush()
        assert recorded.recorded_bytes(session, STARTS, NOW) == [6, 10, 100]


def test_the_page_sums_no_hour_twice(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    with queries(day.database, _SUM) as made:
        pages = [client.get("/health.json").json()["hours"] for _ in range(2)]
    assert pages[0] == pages[1]
    assert sum(hour["recorded_bytes"] for hour in pages[0]) > 0
    assert len(made) == CHART_HOURS


def test_what_is_missing_in_the_hours_is_one_look_at_the_gaps(sign_in: SignIn, day: Services) -> None:
    """One for the gaps of the hall's day by camera, one for the chart."""
    client, now = sign_in("admin"), day.clock()
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    with day.database.transaction() as session:
        session.exec(delete(Gap))
        for start, end in (
            (this_hour - HOUR * 12, this_hour - HOUR * 10.5),
            (this_hour - HOUR / 4, None),
            (this_hour - HOUR * 2, this_hour - HOUR * 3),  # moved over by corrected footage
        ):
            session.add(Gap(camera_id=CAMERA, start=start, end=end, cause=GapCause.UNKNOWN))
    with queries(day.database, "FROM gap") as made:
        hours = client.get("/health.json").json()["hours"]
    running = (now - this_hour).total_seconds()
    assert [hour["missing_s"] for hour in hours] == [1800, *[0] * 9, 900, running]
    assert len(made) == 2


@contextmanager
def queries(database: Database, part: str) -> Iterator[list[str]]:
    """Those that say this."""
    made: list[str] = []

    def note(*told: object) -> None:
        if part in str(told[2]).replace("\n", ""):
            made.append(str(told[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    yield made
    event.remove(database.engine, "before_cursor_execute", note)
