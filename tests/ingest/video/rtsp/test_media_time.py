"""Times of one stream."""

import random
from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ingest.video.rtsp.media_time import DecodingTimes, MediaTime
from ingest.video.rtsp.rtp import SenderReport

HZ = 90_000
FRAME = 3_600
HOUR = 3_600 * HZ


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(-(2**30), 2**30), max_size=40))
@example(first=2**32 - 1, steps=[FRAME] * 3)
@example(first=0, steps=[-FRAME, 3 * FRAME])
def test_timestamps_that_wrap_count_on(first: int, steps: list[int]) -> None:
    time = MediaTime(HZ)
    assert time.ticks(first, 0) == 0
    total = 0
    for step in steps:
        total += step
        assert time.ticks((first + total) % 2**32, 0) == total


def test_the_cameras_clock_is_told_from_the_first_report_on() -> None:
    time = MediaTime(HZ)
    time.ticks(1_000, 0)
    assert time.report_us() is None
    time.reported(SenderReport(7, 5_000_000, 1_000 + 2 * FRAME, 0))
    assert time.report_us() == 4_920_000
    time.ticks(1_000 + 3 * FRAME, 120_000)
    assert time.report_us() == 5_040_000


def test_a_report_before_the_first_picture_counts() -> None:
    time = MediaTime(HZ)
    time.reported(SenderReport(7, 5_000_000, 2**32 - FRAME, 0))
    assert time.report_us() is None
    assert time.ticks(FRAME, 0) == 0
    assert time.report_us() == 5_080_000


def test_a_camera_that_reports_once_is_right_all_day() -> None:
    time = MediaTime(HZ)
    time.reported(SenderReport(7, 0, 0, 0))
    for hour in range(48):
        time.ticks(hour * HOUR % 2**32, hour * 3_600_000_000)
        assert time.report_us() == hour * 3_600_000_000


@given(st.integers(2 * HZ, 2**31 - 1), st.sampled_from([1, -1]), st.integers(0, 2**32 - 1))
def test_a_report_from_before_a_leap_of_the_rtp_clock_is_not_believed(size: int, way: int, first: int) -> None:
    time = MediaTime(HZ)
    time.reported(SenderReport(7, 0, first, 0))
    time.ticks(first, 0)
    assert time.report_us() == 0
    leapt = (first + FRAME + way * size) % 2**32
    time.ticks(leapt, 40_000)
    assert time.report_us() is None
    time.reported(SenderReport(7, 40_000, leapt, 0))
    assert time.report_us() == 40_000


@given(st.integers(11 * HZ, 2**31 - 1), st.sampled_from([1, -1]))
def test_a_report_that_comes_just_before_a_leap_is_not_taken_for_one_after_it(size: int, way: int) -> None:
    time = MediaTime(HZ)
    time.ticks(0, 0)
    time.reported(SenderReport(7, 0, 0, 0))
    time.ticks(way * size % 2**32, 40_000)
    assert time.report_us() is None


def test_pictures_that_are_lost_are_no_leap() -> None:
    time = MediaTime(HZ)
    time.reported(SenderReport(7, 0, 0, 0))
    time.ticks(0, 0)
    assert time.report_us() == 0
    time.ticks(60 * HZ, 60_300_000)
    assert time.report_us() == 60_000_000


def reordered(depth: int, count: int, seed: int) -> list[int]:
    """Presentation times in decoding order, where at most `depth` pictures are sent ahead of one shown earlier."""
    chance = random.Random(seed)
    waiting, times = list(range(count)), list[int]()
    while waiting:
        may_wait = sum(time > waiting[0] for time in times) < depth
        times.append(waiting.pop(chance.randrange(min(depth + 1, len(waiting))) if may_wait else 0))
    return times


@given(st.integers(0, 6), st.integers(0, 2**30), st.integers(2, FRAME))
def test_decoding_times_grow_and_come_before_the_presentation(depth: int, seed: int, frame: int) -> None:
    first = reordered(depth, 40, seed)
    gop = [*first, *(40 + time for time in first), *(80 + time for time in first)]
    times = DecodingTimes(HZ)
    decoded = [times.of(time * frame) for time in gop]
    assert all(before < after for before, after in pairwise(decoded))
    assert all(dts <= time * frame for dts, time in list(zip(decoded, gop, strict=True))[80:])
    assert min(gop[80:]) * frame - decoded[80] <= depth * frame


@given(st.permutations(range(12)))
def test_decoding_times_grow_whatever_the_order(order: list[int]) -> None:
    times = DecodingTimes(HZ)
    decoded = [times.of(time * FRAME) for time in order]
    assert all(before < after for before, after in pairwise(decoded))


def test_pictures_in_order_are_decoded_when_they_are_shown() -> None:
    times = DecodingTimes(HZ)
    assert [times.of(time) for time in (0, 5, 9, 40)] == [0, 5, 9, 40]


def test_pictures_of_one_time_are_still_one_after_the_other() -> None:
    times = DecodingTimes(HZ)
    assert [times.of(time) for time in (0, 0, 0, 1, 2, 9)] == [0, 1, 2, 3, 4, 9]


def test_a_leap_back_of_the_timestamps_shows_as_one() -> None:
    times = DecodingTimes(HZ)
    assert [times.of(time) for time in (20 * HZ, 20 * HZ + 1, 0, 1)] == [20 * HZ, 20 * HZ + 1, 0, 1]


def pyramid(first: int, last: int) -> list[int]:
    """The numbers between two pictures as encoders send those that rest on each other: the middle one first."""
    middle = (first + last) // 2
    return [middle, *pyramid(first, middle), *pyramid(middle, last)] if first < middle else []


def sent(between: int, count: int) -> list[int]:
    """Numbers in the order of sending, with so many pictures in a row that are shown before one sent earlier."""
    groups = range(0, count, between + 1)
    return [0, *(one for first in groups for one in (first + between + 1, *pyramid(first, first + between + 1)))]


@given(st.sampled_from([1, 3, 7, 15]), st.integers(2, 30))
def test_pictures_of_a_slow_camera_that_are_sent_ahead_are_no_leap_back(between: int, fps: int) -> None:
    assume(between + 1 < 10 * fps)
    times = DecodingTimes(HZ)
    decoded = [times.of(number * HZ // fps) for number in sent(between, 64)]
    assert all(before < after for before, after in pairwise(decoded))


@given(st.sampled_from([0, 1, 3, 7]), st.integers(1, 30), st.integers(9, 10_000))
def test_a_leap_back_by_some_pictures_shows_as_one_also_of_a_slow_camera(between: int, fps: int, by: int) -> None:
    assume(by > fps + 9)
    times, order = DecodingTimes(HZ), sent(between, 64)
    for number in order:
        times.of(number * HZ // fps)
    leapt = (max(order) - by) * HZ // fps
    assert times.of(leapt) == leapt


@given(st.sampled_from([1, 3, 7]), st.integers(2, 30))
def test_reports_are_believed_of_a_slow_camera_that_sends_pictures_ahead(between: int, fps: int) -> None:
    time = MediaTime(HZ)
    believed = []
    for turn, number in enumerate(sent(between, 64)):
        time.ticks(number * HZ // fps, turn * 1_000_000 // fps)
        if turn == 2 * between:
            time.reported(SenderReport(7, 0, number * HZ // fps, 0))
        believed.append(time.report_us() is not None)
    assert all(believed[2 * between :])
