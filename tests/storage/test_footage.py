"""What is covered, what is missing and why."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event
from sqlmodel import SQLModel

from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import AWAITED, Coverage, Footage, Known, UntrustedTime, explained
from storage.fragments import Fragment, pack_holes
from storage.intervals import Span, merge, subtract
from storage.models import (
    MAX_CLOCK_ERROR,
    MAX_CLOCK_OFFSET,
    ClockSource,
    Gap,
    GapCause,
    Location,
    Segment,
    is_clock_trusted,
)
from storage.objects import ObjectCut, ObjectMissing, ObjectStore
from storage.runs import FRAME_HOLE
from tests.sample import CAMERA, a_hall

NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def segment(sequence: int, start: float, end: float) -> Segment:
    return Segment(
        camera_id=CAMERA,
        sequence=sequence,
        start=at(start),
        end=at(end),
        size=1000,
        sha256="00" * 32,
        key=f"{CAMERA}/{sequence:09d}.mp4",
        location=Location.SPOOL,
        codec="h264",
        width=1280,
        height=720,
        init_size=800,
        fragments=b"",
        clock_source=ClockSource.ARRIVAL,
    )


def gap(start: float, end: float | None, cause: GapCause = GapCause.CAMERA_UNREACHABLE) -> Gap:
    return Gap(camera_id=CAMERA, start=at(start), end=None if end is None else at(end), cause=cause)


@pytest.fixture
def footage(database: Database, folder_store: FolderStore, tmp_path: Path) -> Footage:
    with database.transaction() as session:
        a_hall(session)
    return Footage(database, folder_store, tmp_path / "spool")


def coverage(footage: Footage, rows: Sequence[SQLModel], start: float, end: float) -> Coverage:
    with footage.database.transaction() as session:
        session.add_all(rows)
        session.flush()
        return footage.coverage(session, CAMERA, at(start), at(end))


def missing(found: Coverage) -> list[tuple[float, float, str]]:
    return [((m.start - NOON).total_seconds(), (m.end - NOON).total_seconds(), m.cause) for m in found.missing]


def test_footage_without_holes_covers_all(footage: Footage) -> None:
    found = coverage(footage, [segment(1, 0, 10), segment(2, 10, 20)], 3, 17)
    assert found == Coverage((Span(at(3), at(17)),), ())


def test_the_pause_between_two_frames_is_no_hole(footage: Footage) -> None:
    assert missing(coverage(footage, [segment(1, 0, 10), segment(2, 10.4, 20)], 3, 17)) == []


def test_the_pause_is_no_hole_at_the_edge_either(footage: Footage) -> None:
    assert missing(coverage(footage, [segment(1, 0, 10), segment(2, 10.4, 20)], 10.1, 10.3)) == []


def test_a_hole_is_explained_by_its_gap(footage: Footage) -> None:
    rows = [segment(1, 0, 10), gap(10, 14), segment(2, 14, 20)]
    assert missing(coverage(footage, rows, 3, 17)) == [(10, 14, "camera_unreachable")]


def test_a_hole_within_a_segment_is_explained_by_its_gap(footage: Footage) -> None:
    paused = segment(1, 0, 10)
    paused.holes = pack_holes([Fragment(0, 4_000_000, 0, 0), Fragment(5_200_000, 4_800_000, 0, 0)])
    rows = [paused, gap(4, 5.2, GapCause.CAMERA_STALLED)]
    assert missing(coverage(footage, rows, 3, 9)) == [(4, 5.2, "camera_stalled")]


def test_a_hole_without_a_gap_is_unknown(footage: Footage) -> None:
    assert missing(coverage(footage, [segment(1, 0, 10), segment(2, 14, 20)], 3, 17)) == [(10, 14, "unknown")]


def test_a_hole_can_have_several_causes(footage: Footage) -> None:
    rows = [segment(1, 0, 10), gap(10, 12, GapCause.DISK_FULL), gap(13, 14), segment(2, 15, 20)]
    assert missing(coverage(footage, rows, 3, 17)) == [
        (10, 12, "disk_full"),
        (12, 13, "unknown"),
        (13, 14, "camera_unreachable"),
        (14, 15, "unknown"),
    ]


def test_an_open_gap_lasts_for_ever(footage: Footage) -> None:
    rows = [segment(1, 0, 10), gap(10, None)]
    assert missing(coverage(footage, rows, 3, 9_000)) == [(10, 9_000, "camera_unreachable")]


def test_what_comes_after_the_newest_segment_is_not_yet_there(footage: Footage) -> None:
    footage.clock = lambda: at(17)
    rows = [segment(1, 0, 10), gap(10, 12)]
    assert missing(coverage(footage, rows, 3, 17)) == [(10, 12, "camera_unreachable"), (12, 17, "not_yet")]


def test_what_was_not_written_for_long_is_not_awaited_any_more(footage: Footage) -> None:
    awaited, now = AWAITED.total_seconds(), 20 * 3600
    footage.clock = lambda: at(now)
    assert missing(coverage(footage, [segment(1, 0, 10)], 0, now)) == [
        (10, now - awaited, "unknown"),
        (now - awaited, now, "not_yet"),
    ]


def test_what_was_before_the_first_segment_or_gap_had_not_begun(footage: Footage) -> None:
    assert missing(coverage(footage, [segment(1, 0, 10)], -5, 5)) == [(-5, 0, "not_begun")]
    assert missing(coverage(footage, [gap(-3, 0)], -5, 5)) == [
        (-5, -3, "not_begun"),
        (-3, 0, "camera_unreachable"),
    ]


def test_a_camera_that_never_recorded_has_not_begun(footage: Footage) -> None:
    assert missing(coverage(footage, [], 0, 5)) == [(0, 5, "not_begun")]


def test_a_long_gap_before_many_others_is_found_while_open(footage: Footage) -> None:
    short = [gap(second, second + 0.5, GapCause.PACKETS_LOST) for second in range(50)]
    assert missing(coverage(footage, [gap(-100, None), *short], 100, 110)) == [(100, 110, "camera_unreachable")]


def test_the_footage_of_another_camera_does_not_count(footage: Footage) -> None:
    with footage.database.transaction() as session:
        session.add(segment(1, 0, 10))
        session.flush()
        assert footage.segments(session, "another", at(0), at(10)) == []


def test_no_search_walks_through_old_rows(sqlite_database: Database, folder_store: FolderStore) -> None:
    """A search starts a segment's length before the span and ends with it: older rows cost nothing."""
    footage = Footage(sqlite_database, folder_store, Path("spool"))
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add_all(segment(n, n * 10, n * 10 + 10) for n in range(20))
        session.flush()
        with plans(sqlite_database) as found:
            assert [s.sequence for s in footage.segments(session, CAMERA, at(95), at(121))] == [9, 10, 11, 12]
            footage.coverage(session, CAMERA, at(-5), at(500))
    assert found
    assert all(" INDEX " in plan and "SCAN" not in plan for plan in found)
    assert "segment_camera_start (camera_id=? AND start>? AND start<?)" in found[0]


@contextmanager
def plans(database: Database) -> Iterator[list[str]]:
    """SQLite's plan of every query in the block."""
    found: list[str] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *_rest: object) -> None:
        plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        found.append(" ".join(str(row[3]) for row in plan))

    event.listen(database.engine, "before_cursor_execute", explain)
    yield found
    event.remove(database.engine, "before_cursor_execute", explain)


def test_bytes_come_from_the_spool_and_then_from_the_store(store: ObjectStore, tmp_path: Path) -> None:
    footage = Footage(Database("sqlite://"), store, tmp_path / "spool")
    row = segment(1, 0, 10)
    row.size = 10
    with pytest.raises(ObjectMissing):
        footage.read(row)
    path = tmp_path / "spool" / row.key
    path.parent.mkdir(parents=True)
    path.write_bytes(b"0123456789")
    assert footage.read(row, 2, 3) == b"234"
    store.put(row.key, path, hashlib.sha256(b"0123456789").hexdigest())
    path.unlink()
    assert footage.read(row, 2, 3) == b"234"
    assert footage.read(row) == b"0123456789"
    assert footage.read(row, 8, 3) == b"89"
    row.size = 11
    with pytest.raises(ObjectCut) as refused:
        footage.read(row, 8, 3)
    assert refused.value.key == row.key


moment = st.integers(0, 60).map(at)
span = st.tuples(moment, moment).map(lambda pair: Span(min(pair), max(pair)))


@given(span, st.lists(span, max_size=6), st.none() | moment, st.none() | moment, moment)
def test_every_moment_of_a_hole_has_exactly_one_cause(
    hole: Span, covered_by: list[Span], since: datetime | None, recorded_to: datetime | None, awaited_from: datetime
) -> None:
    gaps = [Gap(camera_id=CAMERA, start=s.start, end=s.end, cause=GapCause.CAMERA_STALLED) for s in covered_by]
    parts = explained([hole] if hole.start < hole.end else [], gaps, Known(since, recorded_to, awaited_from))
    assert all(part.start >= awaited_from for part in parts if part.cause == "not_yet")
    edges = [(part.start, part.end) for part in parts]
    assert sum(((end - start) for start, end in edges), timedelta(0)) == hole.duration
    assert all(before[1] == after[0] for before, after in pairwise(edges))


part = st.tuples(st.integers(1, 3), st.sampled_from([10.0, 0.04, 0.3, 0.5, 7.0]))
"""A kind of time (footage, a gap, nothing known), and how long it lasts."""


@given(st.lists(part, min_size=1, max_size=12))
def test_no_pause_is_told_as_a_loss_of_its_own(course: list[tuple[int, float]]) -> None:
    footage_of, gaps, nothing = 1, 2, 3
    edges = list(accumulate((length for _, length in course), initial=0.0))
    spans: dict[int, list[Span]] = {footage_of: [], gaps: [], nothing: []}
    for (kind, _), start, end in zip(course, edges, edges[1:], strict=False):
        spans[kind].append(Span(at(start), at(end)))
    holes = subtract([Span(at(0), at(edges[-1]))], merge(spans[footage_of], bridge=FRAME_HOLE))
    known = [Gap(camera_id=CAMERA, start=s.start, end=s.end, cause=GapCause.CAMERA_STALLED) for s in spans[gaps]]
    told = explained(holes, known, Known(at(0), at(edges[-1]), at(0)))
    short = [part for part in told if part.cause == "unknown" and part.end - part.start < FRAME_HOLE]
    assert {(part.start, part.end) for part in short} <= {(hole.start, hole.end) for hole in holes}
    assert merge(Span(part.start, part.end) for part in told) == merge(holes)


def test_footage_whose_clock_is_in_doubt_is_told_by_spans_and_why(footage: Footage) -> None:
    clocks = {0: (7_000_000, 450_000), 1: (7_200_000, 500_000), 3: (-3_000_000, 1_000_000), 4: (0, 10_450_000)}
    with footage.database.transaction() as session:
        for number in range(6):
            row = segment(number, number * 10, number * 10 + 10)
            row.clock_offset_us, row.clock_error_us = clocks.get(number, (0, 450_000))
            session.add(row)
    with footage.database.transaction() as session:
        found = footage.untrusted_times(session, CAMERA, at(5), at(58))
        assert footage.untrusted_times(session, CAMERA, at(20), at(40)) == ()
        assert footage.untrusted_times(session, "another", at(5), at(58)) == ()
    assert found == (UntrustedTime(at(5), at(20), 7.2, 0.5), UntrustedTime(at(40), at(50), 0.0, 10.45))


@given(st.integers(-10_000_000, 10_000_000), st.integers(0, 20_000_000))
def test_what_is_told_is_what_the_segment_says(offset_us: int, error_us: int) -> None:
    beyond = abs(timedelta(microseconds=offset_us)) > MAX_CLOCK_OFFSET
    assert is_clock_trusted(offset_us, error_us) == (not beyond and timedelta(microseconds=error_us) <= MAX_CLOCK_ERROR)


@given(st.lists(span, max_size=4), st.lists(span, max_size=6))
def test_a_moment_has_the_cause_of_the_gap_that_began_first(holes: list[Span], of_gaps: list[Span]) -> None:
    causes = list(GapCause)
    gaps = [Gap(camera_id=CAMERA, start=s.start, end=s.end, cause=causes[n]) for n, s in enumerate(of_gaps)]
    parts = explained(holes, gaps, Known(None, None, at(0)))
    for second in range(60):
        moment = at(second)
        told = [part.cause for part in parts if part.start <= moment < part.end]
        reaching = [gap for gap in gaps if gap.start <= moment < (gap.end or moment)]
        first = min(reaching, key=lambda gap: (gap.start, gap.cause.value), default=None)
        cause = first.cause.value if first else "not_begun"
        assert told == ([cause] if any(hole.start <= moment < hole.end for hole in holes) else [])
