"""When a segment ends."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.video.clock import ClockEvidence
from ingest.video.frames import EncodedFrame, StreamInfo, from_us, to_us
from ingest.video.lasting import Lasting
from ingest.video.segmenter import (
    HOLE_US,
    MAX_GOP_US,
    MAX_PART_US,
    MAX_SEGMENT_US,
    Gop,
    OpenSegment,
    decoded_before_shown,
    is_part_full,
    segment_key,
    starts_new_segment,
    stated_evidence,
)
from storage.models import ClockSource, is_clock_trusted
from tests.ingest.video.encoded import START

INFO = StreamInfo("h264", 64, 64, b"x", Fraction(1, 90_000))
SECOND = 1_000_000


def gop(start_us: int, seconds: float, keyframe: bool = True, info: StreamInfo = INFO, stepped: bool = False) -> Gop:
    frame = EncodedFrame(b"", 0, 0, from_us(start_us), keyframe)
    return Gop(info, (frame,), (int(seconds * 90_000),), Lasting(int(seconds * 90_000)), start_us, stepped=stepped)


def cut(gops: list[Gop], segment_seconds: int = 10) -> list[list[Gop]]:
    segments: list[list[Gop]] = []
    for one in gops:
        current = (
            OpenSegment(segments[-1][0].info, segments[-1][0].wall_us, segments[-1][-1].end_us) if segments else None
        )
        if starts_new_segment(current, one, segment_seconds):
            segments.append([])
        segments[-1].append(one)
    return segments


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=30))
def test_pictures_are_decoded_in_order_and_not_after_they_are_shown(times: list[tuple[int, int]]) -> None:
    begins = times[0][0]
    decoded = accumulate(1 + after for _, after in times)
    frames = tuple(
        EncodedFrame(b"", begins + pts, begins + dts, START, False)
        for (pts, _), dts in zip(times, decoded, strict=True)
    )
    made = decoded_before_shown(frames)
    assert [frame.pts for frame in made] == [frame.pts for frame in frames]
    assert [frame.dts for frame in made] == sorted({frame.dts for frame in made})
    assert all(frame.dts <= max(frame.pts, frames[0].dts + number) for number, frame in enumerate(made))
    assert all(new.dts <= old.dts for new, old in zip(made, frames, strict=True))
    if all(frame.pts >= frame.dts for frame in frames):
        assert made is frames


@given(st.integers(0, 60), st.lists(st.floats(0.04, 10), min_size=1, max_size=80), st.integers(2, 30))
def test_no_segment_is_longer_than_the_limit_and_each_begins_a_new_span_of_the_grid(
    offset_s: int, lengths: list[float], segment_seconds: int
) -> None:
    start_us, gops = to_us(START) + offset_s * SECOND, []
    for seconds in lengths:
        gops.append(gop(start_us, seconds))
        start_us = gops[-1].end_us
    spans = [segment[0].wall_us // (segment_seconds * SECOND) for segment in cut(gops, segment_seconds)]
    assert len(set(spans)) == len(spans)
    assert all(s[-1].end_us - s[0].wall_us <= MAX_SEGMENT_US for s in cut(gops, segment_seconds))


def test_cameras_that_started_at_different_times_cut_together() -> None:
    one = cut([gop(to_us(START) + n * SECOND, 1) for n in range(3, 40)])
    other = cut([gop(to_us(START) + n * SECOND, 1) for n in range(9, 40)])
    assert [s[0].wall_us for s in one[-2:]] == [s[0].wall_us for s in other[-2:]]
    assert one[-1][0].wall_us % (10 * SECOND) == 0


def test_a_gop_that_never_ends_is_cut_before_the_longest_segment() -> None:
    parts = [gop(to_us(START) + n * MAX_PART_US, MAX_PART_US / SECOND, keyframe=n == 0) for n in range(500)]
    segments = cut(parts)
    assert len(segments) == 2
    assert all(segment[-1].end_us - segment[0].wall_us == MAX_SEGMENT_US for segment in segments)


@settings(max_examples=30)
@given(
    st.integers(0, 60),
    st.lists(st.integers(1, MAX_GOP_US // MAX_PART_US), min_size=1, max_size=6),
    st.sampled_from([2, 10, 30]),
)
def test_each_segment_begins_with_a_keyframe_however_seldom_they_come(
    offset_s: int, parts_of_gops: list[int], segment_seconds: int
) -> None:
    start_us = to_us(START) + offset_s * SECOND
    is_first = [n == 0 for parts in parts_of_gops for n in range(parts)]
    parts = [
        gop(start_us + n * MAX_PART_US, MAX_PART_US / SECOND, keyframe=keyframe) for n, keyframe in enumerate(is_first)
    ]
    segments = cut(parts, segment_seconds)
    assert all(segment[0].frames[0].keyframe for segment in segments)
    assert all(segment[-1].end_us - segment[0].wall_us <= MAX_SEGMENT_US for segment in segments)


def test_new_parameters_start_a_new_segment() -> None:
    other = StreamInfo("h264", 128, 64, b"y", Fraction(1, 90_000))
    first = gop(to_us(START), 1)
    assert len(cut([first, gop(first.end_us, 1, info=other)])) == 2


def test_a_step_of_the_clock_starts_a_new_segment() -> None:
    first = gop(to_us(START), 1)
    assert len(cut([first, gop(first.end_us + 2 * SECOND, 1, stepped=True)])) == 2


@given(st.integers(0, 10 * SECOND), st.integers(-10 * SECOND, 10 * SECOND))
def test_a_segment_holds_nothing_of_before_it_began_and_no_gap(lasts_us: int, apart_us: int) -> None:
    first = gop(to_us(START), lasts_us / SECOND)
    other = gop(first.end_us + apart_us, 1)
    if len(cut([first, other], 300)) == 1:
        assert abs(apart_us) <= HOLE_US
        assert other.wall_us >= first.wall_us - HOLE_US


def test_long_gops_are_written_in_parts() -> None:
    assert is_part_full(MAX_PART_US, 1)
    assert is_part_full(1, 100_000_000)
    assert not is_part_full(SECOND, 1_000_000)


def test_keys_sort_by_time() -> None:
    keys = [segment_key("c1", to_us(START + timedelta(hours=h)), n) for n, h in enumerate((0, 5, 25, 24 * 40))]
    assert keys[0] == "c1/2026/01/05/010000-000000000.mp4"
    assert keys == sorted(keys)


def timed(source: ClockSource = ClockSource.ARRIVAL, offset_us: int = 0, error_us: int = 400_000) -> Gop:
    evidence = ClockEvidence(error_us=error_us)
    return replace(gop(to_us(START) + SECOND, 1), source=source, offset_us=offset_us, evidence=evidence)


@pytest.mark.parametrize(
    ("other", "starts_one"),
    [
        (timed(), False),
        (timed(error_us=450_000), False),
        (timed(error_us=450_001), True),
        (timed(source=ClockSource.SENDER_REPORT), True),
        (timed(offset_us=3_000_000), False),
        (timed(offset_us=3_000_001), True),
    ],
)
def test_a_segment_has_one_source_of_its_time_and_one_bound(other: Gop, starts_one: bool) -> None:
    current = OpenSegment(INFO, to_us(START), to_us(START) + SECOND, ClockSource.ARRIVAL, 0, 450_000)
    assert starts_new_segment(current, other, 10) == starts_one
    part = replace(other, frames=(replace(other.frames[0], keyframe=False),))
    assert not starts_new_segment(current, part, 10)


@pytest.mark.parametrize(
    ("ticks", "after_s", "keyframe", "starts_one"),
    [
        (4_140, 5, True, True),
        (3_130, 5, True, True),
        (4_139, 5, True, False),
        (3_131, 5, True, False),
        (5_400, 4.9, True, False),
        (5_400, 5, False, False),
    ],
)
def test_another_rate_begins_a_segment_at_a_keyframe_and_not_again_at_once(
    ticks: int, after_s: float, keyframe: bool, starts_one: bool
) -> None:
    began = to_us(START)
    other = replace(gop(began + int(after_s * SECOND), 1, keyframe), durations=(ticks, ticks, ticks, 90_000))
    current = OpenSegment(INFO, began, other.wall_us, error_us=other.evidence.error_us, interval=3_600)
    assert starts_new_segment(current, other, 300) == starts_one


def test_footage_that_can_be_trusted_again_is_in_a_segment_of_its_own() -> None:
    current = OpenSegment(INFO, to_us(START), to_us(START) + SECOND, ClockSource.ARRIVAL, 0, 10_000_000)
    assert starts_new_segment(current, timed(), 10)


def stated(bounds_us: list[int]) -> list[tuple[int, list[int]]]:
    """What each segment says, and the bounds of its GOPs, of a second each."""
    segments: list[tuple[int, list[int]]] = []
    current = None
    for number, error_us in enumerate(bounds_us):
        one = replace(gop(to_us(START) + number * SECOND, 1), evidence=ClockEvidence(error_us=error_us))
        if starts_new_segment(current, one, 10):
            says_us = stated_evidence(current, one, 10).error_us
            current = OpenSegment(INFO, one.wall_us, one.end_us, error_us=says_us, first_error_us=error_us)
            segments.append((says_us, []))
        assert current is not None
        current = replace(current, end_us=one.end_us)
        segments[-1][1].append(error_us)
    return segments


def test_a_bound_that_rises_does_not_begin_a_segment_with_each_gop() -> None:
    """As that of a camera whose rate changes with what it sees."""
    said = stated([420_000 + 55_000 * number for number in range(10)])
    assert [says for says, _ in said] == [450_000, 1_000_000]
    assert stated([420_000] * 40)[-1] == (450_000, [420_000] * 10)


@given(st.lists(st.integers(0, 2_000_000), min_size=1, max_size=40))
def test_no_segment_states_less_than_any_of_its_bounds_nor_loses_trust_by_what_is_added(bounds_us: list[int]) -> None:
    for says_us, of in stated(bounds_us):
        assert says_us >= max(of)
        assert is_clock_trusted(0, says_us) == is_clock_trusted(0, of[0])
