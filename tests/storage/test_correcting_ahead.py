"""Footage of a clock that was ahead is put right at once, and what is recorded when its time has come stays there."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, delete, select

from storage.asked_corrections import CorrectionRefused, Wanted
from storage.calendar import coverages
from storage.correcting import Moved, before_adding, correct, correct_late, take_back
from storage.correction_objects import restore, store_corrections
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage, Missing
from storage.intervals import Span
from storage.models import Gap, GapCause, RecordedDay, RecordingChange, Segment, TimeCorrection
from storage.time_shifts import Numbers
from tests.sample import CAMERA, a_hall
from tests.storage.recorded import BEGIN, at, segment

AHEAD_BY = 86_400
NOW = at(500)
"""Of the clock that is right again; footage was recorded up to 200 s after BEGIN, and a day ahead of that."""
Rows = tuple[list[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture
def site(database: Database) -> Database:
    """Ten segments at their time, then ten of a clock that was a day ahead, with a gap of half a minute among them."""
    with database.transaction() as session:
        a_hall(session)
        session.add_all(segment(number) for number in range(10))
        session.add_all(segment(number, start=AHEAD_BY + 10 * number) for number in range(10, 15))
        session.add(a_gap(AHEAD_BY + 150, AHEAD_BY + 180, after=14))
        session.add_all(segment(number, start=AHEAD_BY + 30 + 10 * number) for number in range(15, 20))
    return database


@pytest.fixture
def hall(sqlite_database: Database) -> Database:
    with sqlite_database.transaction() as session:
        a_hall(session)
    return sqlite_database


def a_gap(start: float, end: float, after: int | None) -> Gap:
    cause = GapCause.CAMERA_STALLED
    return Gap(camera_id=CAMERA, start=at(start), end=at(end), cause=cause, after_sequence=after)


def corrected(database: Database, start: float, end: float, by: float = -AHEAD_BY, **others: Any) -> Moved:
    now = others.pop("now", NOW)
    shift, error = timedelta(seconds=by), timedelta(seconds=0.2)
    wanted = Wanted(CAMERA, Span(at(start), at(end)), shift, error, "the clock was ahead", "li.wei", **others)
    with database.transaction() as session:
        return correct(session, wanted, now)


def added(database: Database, rows: Sequence[Segment | Gap]) -> None:
    """As the recorder writes them down."""
    with database.transaction() as session:
        before_adding(session)
        session.add_all(rows)
        session.flush()
        correct_late(session, [(row.camera_id, Span(row.start, row.end or row.start)) for row in rows])


def starts(database: Database) -> dict[int, float]:
    with database.transaction() as session:
        return {
            sequence: (start - BEGIN).total_seconds()
            for sequence, start in session.exec(select(Segment.sequence, Segment.start))
        }


def gaps(database: Database) -> list[tuple[float, float, str]]:
    with database.transaction() as session:
        return [
            ((gap.start - BEGIN).total_seconds(), (gap.end - BEGIN).total_seconds(), gap.cause.value)
            for gap in session.exec(select(Gap).order_by(col(Gap.start)))
            if gap.end is not None
        ]


def rows(session: Session) -> Rows:
    """Every segment and gap, without what only tells by which correction it lies there."""
    names = {"id", "correction_id"}
    found = session.exec(select(Segment).order_by(col(Segment.sequence)))
    told = session.exec(select(Gap).order_by(col(Gap.start), col(Gap.end)))
    return [row.model_dump(exclude=names) for row in found], [row.model_dump(exclude=names) for row in told]


def test_it_is_corrected_before_its_time_has_come(site: Database) -> None:
    moved = corrected(site, AHEAD_BY + 100, AHEAD_BY + 230)
    assert (moved.segments, moved.correction.first_sequence, moved.correction.last_sequence) == (10, 10, 19)
    assert [starts(site)[number] for number in (9, 10, 14, 15, 19)] == [90, 100, 140, 180, 220]
    assert gaps(site) == [(150, 180, "camera_stalled")], "it moved with the footage, and none is left in the future"


def test_what_is_recorded_when_that_time_has_come_stays_where_it_is(site: Database) -> None:
    corrected(site, AHEAD_BY + 100, AHEAD_BY + 230)
    added(site, [segment(30 + number, start=AHEAD_BY + 100 + 10 * number) for number in range(4)])
    added(site, [a_gap(AHEAD_BY + 140, AHEAD_BY + 190, after=33), segment(34, start=AHEAD_BY + 190)])
    assert [starts(site)[number] for number in (30, 33, 34)] == [AHEAD_BY + 100, AHEAD_BY + 130, AHEAD_BY + 190]
    assert gaps(site)[1:] == [(AHEAD_BY + 140, AHEAD_BY + 190, "camera_stalled")]
    asked = Span(at(AHEAD_BY + 100), at(AHEAD_BY + 200))
    with site.transaction() as session:
        told = coverages(session, [CAMERA], asked, at(AHEAD_BY + 200))[CAMERA]
    assert told.missing == (Missing(at(AHEAD_BY + 140), at(AHEAD_BY + 190), "camera_stalled"),)


def test_a_file_of_that_clock_that_turns_up_late_goes_where_the_others_are(site: Database) -> None:
    with site.transaction() as session:
        session.exec(delete(Segment).where(col(Segment.sequence) == 12))
    corrected(site, AHEAD_BY + 100, AHEAD_BY + 230)
    added(site, [segment(12, start=AHEAD_BY + 120)])
    assert starts(site)[12] == 120


def test_taken_back_it_lies_in_the_future_again(site: Database) -> None:
    with site.transaction() as session:
        before = rows(session)
    moved = corrected(site, AHEAD_BY + 100, AHEAD_BY + 230)
    with site.transaction() as session:
        take_back(session, session.get_one(TimeCorrection, moved.correction.id), "a mistake", "li.wei", NOW)
        assert rows(session) == before


def test_the_recorded_time_up_to_now_ends_where_the_footage_does(site: Database) -> None:
    corrected(site, AHEAD_BY + 100, AHEAD_BY + 230)
    footage = Footage(site, FolderStore(Path("nowhere")), Path("nowhere"), lambda: NOW)
    with site.transaction() as session:
        assert footage.recorded_to(session, CAMERA) == at(230)


def test_a_time_that_was_recorded_twice_needs_the_numbers_of_the_segments_that_are_meant(site: Database) -> None:
    added(site, [segment(30 + number, start=AHEAD_BY + 100 + 10 * number) for number in range(10)])
    later = at(AHEAD_BY + 500)
    with pytest.raises(CorrectionRefused) as refused:
        corrected(site, AHEAD_BY + 100, AHEAD_BY + 230, now=later)
    assert (refused.value.field, "10–19, 30–39" in str(refused.value)) == ("first", True)
    with pytest.raises(CorrectionRefused):
        corrected(site, AHEAD_BY + 100, AHEAD_BY + 230, now=later, numbers=Numbers(first=10))
    moved = corrected(site, AHEAD_BY + 100, AHEAD_BY + 230, now=later, numbers=Numbers(last=29))
    assert moved.segments == 10
    assert [starts(site)[number] for number in (10, 19, 30)] == [100, 220, AHEAD_BY + 100]
    with pytest.raises(CorrectionRefused) as refused:
        corrected(site, AHEAD_BY + 100, AHEAD_BY + 230, now=later, numbers=Numbers(50, 60))
    assert refused.value.field == "first"


def test_of_a_clock_that_was_set_back_the_later_recording_is_corrected_alone(site: Database) -> None:
    added(site, [segment(30, start=20), a_gap(30, 50, after=30), segment(31, start=50)])
    with pytest.raises(CorrectionRefused):
        corrected(site, 20, 60, by=300)
    corrected(site, 20, 60, by=300, numbers=Numbers(first=30))
    assert [starts(site)[number] for number in (2, 5, 30, 31)] == [20, 50, 320, 350]
    assert gaps(site)[0] == (330, 350, "camera_stalled")


def test_footage_in_the_future_is_not_moved_further_into_it(site: Database) -> None:
    with pytest.raises(CorrectionRefused) as refused:
        corrected(site, AHEAD_BY + 100, AHEAD_BY + 230, by=-3600)
    assert refused.value.field == "shift"


def test_its_object_in_the_store_names_the_segments(site: Database, tmp_path: Path) -> None:
    """A reader that knows no numbers has to refuse it: it would move what was recorded since."""
    store = FolderStore(tmp_path / "store")
    key = corrected(site, AHEAD_BY + 100, AHEAD_BY + 230).correction.key
    store_corrections(site, store)
    assert b'"hallwatch_correction": 2' in store.read(key)
    with site.transaction() as session:
        (row,) = session.exec(select(TimeCorrection))
        before = row.model_dump()
        for segment_row in session.exec(select(Segment)):
            segment_row.correction_id = None
        session.flush()
        session.delete(row)
    with site.transaction() as session:
        (made,) = restore(session, store, [key])
        assert made.model_dump() == before


parts = st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0, 0, 0, 7, 300])), min_size=1, max_size=8)
"""Of segments in seconds, each with the gap after it."""


def recording(first_number: int, begin: float, of: list[tuple[int, int]]) -> list[Segment | Gap]:
    told: list[Segment | Gap] = []
    at_s = accumulate((length + hole for length, hole in of), initial=begin)
    for number, (start, (length, hole)) in enumerate(zip(at_s, of, strict=False), first_number):
        row = segment(number, start=start)
        row.end = at(start + length)
        told.append(row)
        if hole and number < first_number + len(of) - 1:
            told.append(a_gap(start + length, start + length + hole, after=number))
    return told


def emptied(database: Database) -> None:
    with database.transaction() as session:
        for table in (Gap, Segment, TimeCorrection, RecordedDay, RecordingChange):
            session.exec(delete(table))


@given(wrong=parts, right=parts, begins=st.integers(-400, 400), together=st.integers(1, 5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_corrected_before_its_time_has_come_or_after_it_is_the_same_and_moves_no_other_footage(
    hall: Database,
    wrong: list[tuple[int, int]],
    right: list[tuple[int, int]],
    begins: int,
    together: int,
) -> None:
    """`begins`: the right recording of that time, in seconds after the wrong one; `together`: rows in a transaction."""
    results: list[Rows] = []
    for early in (True, False):
        emptied(hall)
        ahead, there = recording(1, AHEAD_BY, wrong), recording(1000, AHEAD_BY + begins, right)
        end = max((row.end - BEGIN).total_seconds() for row in ahead if row.end)
        added(hall, ahead)
        if early:
            corrected(hall, AHEAD_BY, end, now=at(end - AHEAD_BY))
        for first in range(0, len(there), together):
            added(hall, there[first : first + together])
        if not early:
            numbers = Numbers(1, len(wrong))
            corrected(hall, AHEAD_BY, end, now=at(AHEAD_BY + 10_000), numbers=numbers)
        with hall.transaction() as session:
            results.append(rows(session))
    segments, told = results[0]
    assert segments == results[1][0]
    assert [row for row in told if row["cause"] != "corrected"] == [
        row for row in results[1][1] if row["cause"] != "corrected"
    ]
    moved = {row["sequence"]: row["shift_us"] for row in segments}
    assert all(by == (-AHEAD_BY * 1_000_000 if number < 1000 else 0) for number, by in moved.items())
    assert [row for row in told if row["after_sequence"] >= 1000] == [
        row.model_dump(exclude={"id", "correction_id"})
        for row in recording(1000, AHEAD_BY + begins, right)
        if isinstance(row, Gap)
    ]
