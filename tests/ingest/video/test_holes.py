"""Where pictures are missing."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.holes import LOST_US, Holes

HZ = 90_000
LEAST = LOST_US * HZ // 1_000_000


def found(seconds: list[float], lossy: tuple[int, ...] = ()) -> list[int]:
    """The numbers of the pictures, shown at these moments, before which some are missing."""
    holes = Holes(HZ)
    return [n for n, at in enumerate(seconds) if holes.is_before(round(at * HZ), n in lossy)]


def test_a_pause_of_a_camera_that_sends_many_pictures_is_a_hole_and_so_is_a_longer_one_after_it() -> None:
    steady = [number / 25 for number in range(50)]
    assert found([*steady, 3.4, 3.44]) == []
    assert found([*steady, 3.5, 3.54]) == [50]
    assert found([*steady, 3.5, 9.0, 18.2]) == [50, 51, 52]


def test_a_camera_that_sends_a_picture_in_two_seconds_is_recorded_at_once_or_soon() -> None:
    slow = [2.0 * number for number in range(30)]
    assert found(slow) == []
    assert found([number / 25 for number in range(50)] + [10 + at for at in slow]) == [50, 51, 52]
    assert found([*slow, 64]) == []
    assert found([*slow, 80]) == [30]


def test_what_was_lost_on_the_way_of_a_slow_camera_is_a_hole() -> None:
    slow = [2.0 * number for number in range(30)]
    assert found([*slow, 63], lossy=(30,)) == [30]
    assert found([*slow, 62], lossy=(30,)) == []
    assert found([0.0, 5.0], lossy=(1,)) == [1]


def test_a_stream_that_keeps_losing_packets_does_not_make_long_pauses_usual() -> None:
    steady = [number / 10 for number in range(50)]
    lossy = [6.4, 7.9, 9.3, 10.8, 12.2]
    assert found([*steady, *lossy, 14.9], lossy=tuple(range(50, 56))) == [55]


def test_pictures_that_are_sent_before_others_that_are_shown_first_hide_no_hole() -> None:
    order = [0.0, 0.16, 0.08, 0.04, 0.12, 0.32, 0.24, 0.2, 0.28, 3.2, 3.12, 3.08, 3.16]
    assert found(order) == [9]


@given(st.lists(st.integers(1, LEAST), max_size=40), st.lists(st.booleans(), min_size=40, max_size=40))
def test_what_is_less_apart_is_never_a_hole(intervals: list[int], lossy: list[bool]) -> None:
    holes, at = Holes(HZ), 0
    for interval, lost in zip([0, *intervals], lossy, strict=False):
        at += interval
        assert not holes.is_before(at, lost)
