"""Where footage lies after corrections: whatever is corrected and taken back, nothing is lost, doubled or reordered."""

from datetime import timedelta
from itertools import accumulate, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.intervals import Span, intersect, merge, total
from storage.models import TimeCorrection
from storage.time_shifts import Shift, in_force, left_behind, placed_footage, placed_gap, whole_segments
from tests.sample import CAMERA
from tests.storage.recorded import BEGIN, at

seconds = st.integers(-3600, 3600)
lengths = st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0, 0, 0, 7, 300])), min_size=1, max_size=20)
"""Of segments, each with the hole after it."""


def recording(parts: list[tuple[int, int]]) -> list[Span]:
    starts = accumulate((length + hole for length, hole in parts), initial=0)
    return [Span(at(start), at(start + length)) for start, (length, _) in zip(starts, parts, strict=False)]


def shift(number: int, start: float, end: float, by: float) -> Shift:
    return Shift(at(number), number, Span(at(start), at(end)), timedelta(seconds=by), 1000)


@st.composite
def corrections(draw: st.DrawFn) -> list[Shift]:
    spans = draw(st.lists(st.tuples(seconds, seconds, seconds), max_size=4))
    return [shift(n, min(a, b), max(a, b) + 1, by) for n, (a, b, by) in enumerate(spans, 1)]


def row(number: int, takes_back: int | None = None) -> TimeCorrection:
    return TimeCorrection(
        id=number,
        camera_id=CAMERA,
        start=at(0),
        end=at(60),
        shift_us=1_000_000,
        error_us=1000,
        reason="",
        made_by="",
        made_at=BEGIN,
        takes_back=takes_back,
        key=str(number),
    )


@given(lengths, corrections())
@settings(max_examples=60)
def test_every_segment_keeps_its_length_and_goes_by_the_newest_correction_at_its_start(
    parts: list[tuple[int, int]], shifts: list[Shift]
) -> None:
    for recorded in recording(parts):
        placed = placed_footage(recorded, 1, shifts)
        assert placed.span.duration == recorded.duration
        fitting = [each for each in shifts if each.span.start <= recorded.start < each.span.end]
        assert placed.shift == (fitting[-1] if fitting else None)


@given(lengths, seconds.filter(bool))
@settings(max_examples=60)
def test_what_one_correction_moves_keeps_its_order_and_its_holes(parts: list[tuple[int, int]], by: int) -> None:
    before = recording(parts)
    over_all = [Shift(at(1), 1, Span(before[0].start, before[-1].end), timedelta(seconds=by), 0)]
    after = [placed_footage(span, 1, over_all).span for span in before]
    assert after == sorted(after)
    holes = [later.start - earlier.end for earlier, later in pairwise(before)]
    assert [later.start - earlier.end for earlier, later in pairwise(after)] == holes


@given(lengths, corrections())
@settings(max_examples=60)
def test_no_second_is_counted_twice_however_footage_overlaps(parts: list[tuple[int, int]], shifts: list[Shift]) -> None:
    recorded = recording(parts)
    lies = [placed_footage(span, 1, shifts).span for span in recorded]
    covered = merge(lies)
    assert all(earlier.end < later.start for earlier, later in pairwise(covered))
    assert total(lies) <= sum((span.duration for span in recorded), timedelta())


@given(lengths, corrections())
@settings(max_examples=60)
def test_every_moment_that_was_recorded_is_footage_or_left_behind(
    parts: list[tuple[int, int]], shifts: list[Shift]
) -> None:
    recorded = recording(parts)
    lies = [placed_footage(span, 1, shifts).span for span in recorded]
    holes = left_behind(recorded, lies)
    assert intersect(holes, lies) == []
    lost = total(recorded) - total(intersect(recorded, lies)) - total(holes)
    assert lost < timedelta(seconds=0.5) * (len(recorded) + 1), "pauses between frames at most"


@given(lengths, corrections())
@settings(max_examples=60)
def test_what_is_taken_back_leaves_no_trace(parts: list[tuple[int, int]], shifts: list[Shift]) -> None:
    rows = [row(1), row(2), row(3, takes_back=1)]
    assert [each.id for each in in_force(rows)] == [2]
    assert in_force([*rows, row(4, takes_back=2)]) == []
    for recorded in recording(parts):
        assert placed_footage(recorded, 1, []).span == recorded
        assert placed_gap(recorded, []) == recorded


def test_a_gap_ends_where_the_footage_after_it_begins_now() -> None:
    late = [shift(1, 60, 120, 5)]
    assert placed_gap(Span(at(50), at(60)), late) == Span(at(50), at(65))
    assert placed_gap(Span(at(80), at(90)), late) == Span(at(85), at(95))
    assert placed_gap(Span(at(120), at(130)), late) == Span(at(125), at(130))


def test_a_gap_over_which_footage_has_moved_is_empty() -> None:
    assert placed_gap(Span(at(50), at(60)), [shift(1, 60, 120, -15)]) == Span(at(50), at(50))


def test_a_correction_is_of_whole_segments() -> None:
    recorded = [Span(at(start), at(start + 10)) for start in (0, 10, 20, 30)]
    assert whole_segments(Span(at(12), at(21)), recorded) == Span(at(10), at(30))
    assert whole_segments(Span(at(10), at(20)), recorded) == Span(at(10), at(20))


def test_the_correction_made_last_counts_though_the_older_one_was_recovered_after_it() -> None:
    later, recovered = Shift(at(9), 1, Span(at(0), at(50)), timedelta(seconds=5), 0), shift(2, 0, 50, 1000)
    assert placed_footage(Span(at(0), at(10)), 1, [later, recovered]).shift == later
