from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.frames import EncodedFrame, StreamInfo
from ingest.video.sparse import SparseQueue
from tests.ingest.video.encoded import START, TIME_BASE

INFO = StreamInfo("h264", 64, 64, b"\x00\x00\x00\x01x", TIME_BASE)


def frame(second: float, keyframe: bool = False) -> EncodedFrame:
    pts = round(second * 90_000)
    return EncodedFrame(bytes(10), pts, pts, START + timedelta(seconds=second), keyframe)


def taken(queue: SparseQueue) -> list[float]:
    """Seconds of the frames that wait."""
    found = []
    while (item := queue.take()) is not None:
        if isinstance(item, EncodedFrame):
            found.append((item.wall - START).total_seconds())
    return found


def through(seconds: Iterable[float], keyframes: Iterable[float], rare_s: float = 4) -> list[float]:
    queue, at = SparseQueue(rare_s), set(keyframes)
    queue.offer(INFO)
    for second in seconds:
        queue.offer(frame(second, second in at))
    return taken(queue)


@pytest.mark.parametrize("rare_s", [0, 4])
def test_of_groups_that_are_short_enough_the_keyframes_come(rare_s: float) -> None:
    assert through(range(13), keyframes=(0, 4, 8, 12), rare_s=rare_s) == [0, 4, 8, 12]


def test_without_a_limit_the_longest_group_is_its_keyframe() -> None:
    assert through(range(100), keyframes=[0], rare_s=0) == [0]


def test_a_group_that_lasts_longer_comes_whole_as_soon_as_that_is_known() -> None:
    queue = SparseQueue(4)
    for second in (0, 1, 2, 3, 4):
        queue.offer(frame(second, second == 0))
    assert taken(queue) == [0]
    queue.offer(frame(5))
    assert taken(queue) == [1, 2, 3, 4, 5]
    queue.offer(frame(6))
    assert taken(queue) == [6]


def test_the_group_after_a_long_one_comes_at_once_and_after_a_short_one_no_more() -> None:
    queue = SparseQueue(4)
    for second in range(11):
        queue.offer(frame(second, second % 10 == 0))
    assert taken(queue) == list(range(11))
    queue.offer(frame(11))
    assert taken(queue) == [11]
    for second in (12, 13):
        queue.offer(frame(second, second == 12))
    assert taken(queue) == [12]


def test_who_joins_at_the_end_of_a_long_group_gets_all_of_it() -> None:
    seconds = [number / 25 for number in range(60 * 25)]
    assert through(seconds, keyframes=[0]) == seconds


def test_other_parameters_begin_anew() -> None:
    queue = SparseQueue(4)
    for second in range(6):
        queue.offer(frame(second, second == 0))
    queue.offer(INFO)
    queue.offer(frame(7))
    assert taken(queue) == []
    queue.offer(frame(8, True))
    queue.offer(frame(9))
    assert taken(queue) == [8]


@given(st.lists(st.tuples(st.floats(-10, 10), st.booleans(), st.booleans()), max_size=80))
def test_what_comes_can_always_be_decoded_whatever_the_clock_does(steps: list[tuple[float, bool, bool]]) -> None:
    queue, sent, got, second = SparseQueue(4), list[EncodedFrame](), list[EncodedFrame](), 0.0
    for number, (step, is_keyframe, takes) in enumerate(steps):
        second += step
        sent.append(EncodedFrame(b"", number, number, START + timedelta(seconds=second), is_keyframe))
        queue.offer(sent[-1])
        while takes and isinstance(item := queue.take(), EncodedFrame):
            got.append(item)
    for before, item in zip([None, *got], got, strict=False):
        assert item.keyframe or (before is not None and before.pts == item.pts - 1)
    assert [f for f in got if f.keyframe] == [f for f in sent if f.keyframe][: sum(f.keyframe for f in got)]
