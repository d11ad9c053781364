"""A recorder that starts again goes by the time that its own files say, whatever was corrected since."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, delete, select

from ingest.video.gaps import GapChange, GapClosed, GapKeeper, GapOpened
from ingest.video.journal import write_entry
from ingest.video.resuming import _recorded_to, last_alive, resume
from storage.asked_corrections import Wanted
from storage.correcting import correct
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.intervals import Span
from storage.models import Gap, GapCause, Node, Segment
from tests.sample import CAMERA, a_hall
from tests.storage.recorded import BEGIN, at, segment

NODE = "recorder-1"
ENDED = 400
"""Two hundred seconds of footage, a hundred without, and a hundred more; then the recorder died."""
NOW = at(460)
CRASHED = GapOpened(CAMERA, at(ENDED), GapCause.RECORDER_CRASHED)
DAY_S = 86_400


def record(database: Database, *, unreachable_at_the_end: bool = False) -> None:
    ends = at(ENDED)
    with database.transaction() as session:
        session.add_all(segment(number) for number in range(20))
        session.add(Gap(camera_id=CAMERA, start=at(200), end=at(300), cause=GapCause.CAMERA_STALLED))
        session.add_all(segment(number, start=300 + 10 * (number - 20)) for number in range(20, 30))
        if unreachable_at_the_end:
            session.add(Gap(camera_id=CAMERA, start=ends, cause=GapCause.CAMERA_UNREACHABLE))
        session.add(Node(name=NODE, role="recorder", started_at=BEGIN, heartbeat=at(430)))


def correct_all(database: Database, corrections: Iterable[tuple[float, float, float]]) -> None:
    for start, end, shift in corrections:
        with database.transaction() as session:
            span, by = Span(at(start), at(end)), timedelta(seconds=shift)
            correct(session, Wanted(CAMERA, span, by, timedelta(seconds=1), "the clock was wrong", "li.wei"), at(450))


def goes_on(database: Database) -> tuple[tuple[GapChange, ...], datetime | None]:
    start = resume(database, CAMERA, last_alive(database, NODE), [], NOW).start
    return start.changes, start.known_to


CORRECTIONS = {
    "nothing": [],
    "all of it by a day": [(0, ENDED, -DAY_S)],
    "the end of it": [(300, ENDED, -DAY_S)],
    "the end of it over the gap": [(300, ENDED, -100)],
    "the end of it forward": [(300, ENDED, 40)],
    "the beginning": [(0, 200, -DAY_S)],
    "each by itself": [(0, 200, -3 * DAY_S), (300, ENDED, -2 * DAY_S)],
    "all of it, and some of it once more": [(0, ENDED, -DAY_S), (350, ENDED, -60)],
}


@pytest.mark.parametrize("corrections", CORRECTIONS.values(), ids=CORRECTIONS)
def test_after_a_crash_only_the_time_since_its_last_frame_is_the_crashs(
    site: Database, corrections: list[tuple[float, float, float]]
) -> None:
    record(site)
    correct_all(site, corrections)
    before = causes(site)
    assert goes_on(site) == ((CRASHED,), at(ENDED))
    assert causes(site) == sorted([*before, GapCause.RECORDER_CRASHED]), "no gap is invented, and none lost"


@pytest.mark.parametrize("corrections", CORRECTIONS.values(), ids=CORRECTIONS)
def test_a_camera_that_was_down_at_the_crash_is_down_until_the_last_heartbeat(
    site: Database, corrections: list[tuple[float, float, float]]
) -> None:
    record(site, unreachable_at_the_end=True)
    correct_all(site, corrections)
    crashed = GapOpened(CAMERA, at(430), GapCause.RECORDER_CRASHED)
    assert goes_on(site) == ((GapClosed(CAMERA, at(ENDED), at(430)), crashed), at(ENDED))
    with site.transaction() as session:
        [down] = session.exec(select(Gap).where(Gap.cause == GapCause.CAMERA_UNREACHABLE))
    assert (down.recorded_end or down.end) == at(430)


def test_it_is_the_same_on_postgresql(postgres_site: Database) -> None:
    assert goes_on(postgres_site) == ((), None)
    record(postgres_site)
    correct_all(postgres_site, CORRECTIONS["all of it, and some of it once more"])
    assert goes_on(postgres_site) == ((CRASHED,), at(ENDED))


AHEAD_S = 8 * 3600
UNREACHABLE = GapCause.CAMERA_UNREACHABLE


def test_after_the_clock_was_set_back_an_outage_and_a_crash_are_told_as_they_were(
    database: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    keeper, changes = GapKeeper(CAMERA, at(0)), list[GapChange]()
    for start in (0, AHEAD_S, 60, 100):
        changes += keeper.recorded(at(start), at(start + 10))
        if start == 60:
            changes += keeper.failed(at(72), UNREACHABLE, "no route")
    with database.transaction() as session:
        a_hall(session)
        for number, start in enumerate((0, AHEAD_S, 60, 100)):
            session.add(segment(number, start=start))
        session.add(Node(name=NODE, role="recorder", started_at=BEGIN, heartbeat=at(110)))
        for change in changes:
            write_entry(session, change)
            session.flush()
    assert goes_on(database)[0] == (GapOpened(CAMERA, at(110), GapCause.RECORDER_CRASHED),)
    with database.transaction() as session:
        known = Footage(database, folder_store, tmp_path).coverage(session, CAMERA, at(0), at(120))
    told = [(part.start, part.end, part.cause) for part in known.missing]
    assert told == [
        (at(10), at(60), GapCause.UNKNOWN),
        (at(70), at(100), UNREACHABLE),
        (at(110), at(120), GapCause.RECORDER_CRASHED),
    ]


@pytest.mark.parametrize("latest_s", [ENDED + 60, ENDED, ENDED - 5, 200, 0], ids=str)
def test_it_goes_on_from_the_last_end_that_a_clock_may_have_told(site: Database, latest_s: int) -> None:
    """Also where a longer segment began before the last one, and another one ends later than the clock says now."""
    record(site)
    with site.transaction() as session:
        session.add(segment(40, start=ENDED - 25))
        session.flush()
        rows = list(session.exec(select(Segment)))
        rows[-1].end = at(ENDED + 20)
        session.flush()
        wanted = max((row.end for row in rows if row.end <= at(latest_s)), default=None)
        assert _recorded_to(session, CAMERA, at(latest_s)) == wanted


def test_how_long_a_camera_has_been_recorded_makes_no_start_slower(site: Database) -> None:
    with site.transaction() as session:
        few, many = steps_of_a_start(session, 100), steps_of_a_start(session, 2_000)
    assert many < 2 * few


def steps_of_a_start(session: Session, segments: int) -> int:
    """What SQLite does to look for the last end of so many segments, in hundreds of its instructions."""
    session.exec(delete(Segment))
    session.add_all(segment(number) for number in range(segments))
    session.flush()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection = session.connection().connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    connection.set_progress_handler(count, 100)
    try:
        _recorded_to(session, CAMERA, at(10 * segments))
    finally:
        connection.set_progress_handler(None, 0)
    return steps


def causes(database: Database) -> list[str]:
    with database.transaction() as session:
        return sorted(gap.cause.value for gap in session.exec(select(Gap)))
