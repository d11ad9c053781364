"""A server's clock that is set: what was recorded before is never due at once, and a clock that is set wrongly deletes
nothing for a day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from storage.asked_corrections import Wanted
from storage.clock_leaps import LEAP, Reading, Watch, leap, watched
from storage.correcting import correct
from storage.database import Database
from storage.expiry import ClockLeapt, Expiry
from storage.folder_store import FolderStore
from storage.holds import lift_hold
from storage.intervals import Span
from storage.models import CLOCK_LEAP, Hold, Segment
from storage.retention import GRACE, UNSET_BEFORE, Rules, Shown
from storage.undated import undated
from tests.sample import CAMERA, HALL, a_hall
from tests.storage.recorded import BEGIN, DAY, a_user, at, numbers_left, record, segment

HOUR = timedelta(hours=1)
DAY_40 = 40 * 86_400
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SPANS = st.timedeltas(timedelta(0), timedelta(days=400))


@given(MOMENTS, SPANS, SPANS, st.timedeltas(timedelta(days=-2000), timedelta(days=20_000)))
def test_a_leap_is_known_and_all_that_was_recorded_since_the_machine_began_lies_before_it(
    booted: datetime, up: timedelta, passed: timedelta, by: timedelta
) -> None:
    was = booted + up
    found = leap(Reading(was, up), Reading(was + passed + by, up + passed))
    assert (found is not None) == (abs(by) >= LEAP)
    if found:
        assert found.by == by
        assert found.before is not None
        assert found.before.start == booted
        assert found.before.end > was + passed


@given(
    st.timedeltas(LEAP, timedelta(days=4000)),
    st.lists(st.tuples(st.timedeltas(HOUR / 60, 2 * HOUR), st.timedeltas(-LEAP, LEAP)), min_size=13, max_size=60),
)
def test_the_day_after_a_leap_is_over_when_the_machine_has_run_for_a_day_however_the_clock_is_set(
    by: timedelta, later: list[tuple[timedelta, timedelta]]
) -> None:
    ran = timedelta(0)
    watch = watched(Watch(Reading(BEGIN, HOUR)), Reading(BEGIN + by, HOUR))
    assert (watch.ahead, watch.left) == (by, GRACE)
    for passed, step in later:
        # Each step alone is too short for a leap.
        step = max(min(step, LEAP - HOUR / 60), HOUR / 60 - LEAP)
        reading = Reading(watch.reading.at + passed + step, watch.reading.since_boot + passed)
        watch, ran = watched(watch, reading), ran + passed
        assert watch.left == max(GRACE - ran, timedelta(0))


@given(st.timedeltas(LEAP, timedelta(days=4000)), st.timedeltas(LEAP, timedelta(days=4000)), st.booleans())
def test_a_clock_that_is_set_back_ends_the_day_only_if_that_takes_the_leap_back(
    ahead: timedelta, back: timedelta, is_rebooted: bool
) -> None:
    leapt = watched(Watch(Reading(BEGIN, HOUR, "a")), Reading(BEGIN + ahead, HOUR, "a"))
    up, boot = (HOUR / 60, "b") if is_rebooted else (HOUR + HOUR / 60, "a")
    after = watched(leapt, Reading(BEGIN + ahead + HOUR / 60 - back, up, boot))
    assert bool(after.left) == (ahead - back >= LEAP)


@given(SPANS, st.timedeltas(timedelta(0), timedelta(days=3)), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_a_machine_that_began_anew_and_cannot_explain_a_day_deletes_nothing_for_a_day(
    up: timedelta, up_since: timedelta, unexplained: timedelta
) -> None:
    before = Reading(BEGIN, up, "a")
    now = Reading(BEGIN + up_since + unexplained, up_since, "b")
    found = leap(before, now)
    assert (found is not None) == (unexplained >= LEAP)
    assert found is None or found.before is None
    assert watched(Watch(before), now).left == (GRACE if found else timedelta(0))


@given(MOMENTS, SPANS)
def test_footage_of_a_clock_that_was_not_set_is_never_due(end: datetime, later: timedelta) -> None:
    due = Rules([]).due(HALL, [Shown(None)], end, max(end, BEGIN) + later)
    if end < UNSET_BEFORE:
        assert due is None
    assert due is None or end + timedelta(days=due.days) <= max(end, BEGIN) + later


@pytest.fixture
def hall(database: Database) -> Database:
    with database.transaction() as session:
        a_hall(session)
        a_user(session)
    return database


class Server:
    """Its clerk, and both of its clocks."""

    def __init__(self, database: Database, store: FolderStore, spool: Path, booted: datetime) -> None:
        self.now, self.up = booted + HOUR, HOUR
        self.database, self.store, self.spool = database, store, spool
        self.expiry = self.clerk("first")

    def clerk(self, boot: str) -> Expiry:
        parts = (self.database, self.store, self.spool, lambda *_: None)
        return Expiry(*parts, since_boot=lambda: self.up, boot=boot)

    def restart(self) -> None:
        """The clerk alone: the machine runs on."""
        self.expiry = self.clerk("first")

    def reboot(self, off: timedelta) -> None:
        self.now, self.up = self.now + off, timedelta(0)
        self.expiry = self.clerk("second")

    def sleep(self, span: timedelta) -> int:
        self.now, self.up = self.now + span, self.up + span
        return self.expiry.run_once(self.now)


def test_what_was_recorded_before_the_clock_was_set_stays_until_its_hold_is_lifted(
    hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    """The clock of the last shutdown, months ago, until the network is there."""
    record(hall, folder_store, tmp_path, [segment(9), *(segment(n, start=DAY_40 + 10 * n) for n in range(3))])
    began = at(DAY_40) - HOUR
    server = Server(hall, folder_store, tmp_path, began)
    assert server.sleep(timedelta(0)) == 1  # from before the machine began; it is due
    server.now += 92 * DAY
    for _ in range(3):
        with pytest.raises(ClockLeapt, match="leapt ahead by 92 days; nothing is deleted before"):
            server.sleep(GRACE / 4)
    assert server.sleep(GRACE) == 0
    assert numbers_left(hall) == [0, 1, 2]
    with hall.transaction() as session:
        [hold] = session.exec(select(Hold).where(Hold.camera_id == CAMERA))
        assert (hold.owner_id, hold.subject, hold.start) == (None, CLOCK_LEAP, began)
        assert hold.reason == "recorded before the server's clock was set: it leapt ahead by 92 days"
        span, error = Span(at(DAY_40), at(DAY_40 + 30)), timedelta(seconds=1)
        correct(session, Wanted(CAMERA, span, 92 * DAY, error, "not set", "li.wei"), server.now)
    assert server.sleep(DAY) == 0
    with hall.transaction() as session:
        for each in session.exec(select(Hold)):
            lift_hold(session, each, 1, server.now)
    assert server.sleep(DAY) == 0
    assert server.sleep(30 * DAY) == 3


def test_a_clock_that_is_set_ahead_by_mistake_and_back_again_has_deleted_nothing(
    hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    record(hall, folder_store, tmp_path, (segment(number) for number in range(3)))
    server = Server(hall, folder_store, tmp_path, at(60))
    server.sleep(HOUR)
    server.now += 3650 * DAY
    with pytest.raises(ClockLeapt):
        server.sleep(HOUR)
    server.now -= 3650 * DAY
    assert server.sleep(HOUR) == 0
    assert numbers_left(hall) == [0, 1, 2]
    assert server.sleep(40 * DAY) == 3


@pytest.fixture
def small_hall(sqlite_database: Database) -> Database:
    with sqlite_database.transaction() as session:
        a_hall(session)
        a_user(session)
    return sqlite_database


def test_a_clerk_that_is_restarted_after_a_leap_deletes_nothing_until_the_day_is_over(
    small_hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    record(small_hall, folder_store, tmp_path, (segment(number) for number in range(3)))
    server = Server(small_hall, folder_store, tmp_path, at(60) + 20 * DAY)
    assert server.sleep(HOUR) == 0
    server.now += 100 * DAY
    with pytest.raises(ClockLeapt):
        server.sleep(HOUR)
    server.restart()
    with pytest.raises(ClockLeapt, match="by 100 days"):
        server.sleep(HOUR)
    server.reboot(HOUR)
    with pytest.raises(ClockLeapt, match="by 100 days"):
        server.sleep(HOUR)
    server.now -= 2 * DAY
    with pytest.raises(ClockLeapt, match="by 98 days"):
        server.sleep(HOUR)
    assert numbers_left(small_hall) == [0, 1, 2]
    assert server.sleep(DAY) == 3


def test_a_clerk_that_is_restarted_between_the_wrong_clock_and_the_right_one_sees_the_leap(
    small_hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    record(small_hall, folder_store, tmp_path, (segment(number) for number in range(3)))
    server = Server(small_hall, folder_store, tmp_path, at(0) - HOUR)
    assert server.sleep(HOUR) == 0
    server.now += 92 * DAY
    server.restart()
    with pytest.raises(ClockLeapt):
        server.sleep(HOUR)
    assert server.sleep(2 * DAY) == 0
    with small_hall.transaction() as session:
        assert session.exec(select(Hold)).one().subject == CLOCK_LEAP


def test_a_server_that_was_off_for_weeks_deletes_nothing_for_a_day_and_holds_nothing(
    small_hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    record(small_hall, folder_store, tmp_path, (segment(number) for number in range(3)))
    server = Server(small_hall, folder_store, tmp_path, at(60))
    assert server.sleep(HOUR) == 0
    server.reboot(40 * DAY)
    with pytest.raises(ClockLeapt, match="if the server was off for so long, nothing need be done"):
        server.sleep(HOUR)
    assert server.sleep(DAY) == 3


def test_footage_of_1970_is_told_of_and_goes_by_its_corrected_time_alone(
    hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    record(hall, folder_store, tmp_path, (segment(number) for number in range(3)))
    unset, real = datetime(1970, 1, 1, 0, 1, tzinfo=UTC), at(0)
    with hall.transaction() as session:
        for row in session.exec(select(Segment).order_by(col(Segment.sequence))):
            row.start, row.end = row.start - (real - unset), row.end - (real - unset)
    expiry = Expiry(hall, folder_store, tmp_path, lambda *_: None)
    assert expiry.run_once(real + 400 * DAY) == 0
    with hall.transaction() as session:
        [told] = undated(session)
        assert (told.camera_id, told.segments, told.start) == (CAMERA, 3, unset)
        span, error = Span(unset, unset + timedelta(seconds=30)), timedelta(seconds=1)
        correct(session, Wanted(CAMERA, span, real - unset, error, "not set", "li.wei"), real + 20 * DAY)
        assert undated(session) == []
    assert expiry.run_once(real + 29 * DAY) == 0
    assert expiry.run_once(real + 31 * DAY) == 3


def test_holds_of_a_leap_that_could_not_be_written_are_written_at_the_next_run(
    hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    server = Server(hall, folder_store, tmp_path, BEGIN)
    server.sleep(HOUR)
    server.now += 92 * DAY
    rename(hall, "footage_hold", "away")
    with pytest.raises(SQLAlchemyError):
        server.sleep(HOUR)
    rename(hall, "away", "footage_hold")
    with pytest.raises(ClockLeapt):
        server.sleep(HOUR)
    with hall.transaction() as session:
        assert session.exec(select(Hold).where(Hold.camera_id == CAMERA)).one().subject == CLOCK_LEAP


def rename(database: Database, table: str, name: str) -> None:
    with database.transaction() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
