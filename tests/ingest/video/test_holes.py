"""Where pictures are missing."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.holes import PAUSE_US, Hole, Holes

HZ = 90_000
LEAST = PAUSE_US * HZ // 1_000_000


def found(seconds: list[float], lossy: tuple[int, ...] = ()) -> dict[int, Hole]:
    """The numbers of the pictures, shown at these moments, before which some are missing."""
    holes = Holes(HZ)
    judged = {n: holes.before(round(at * HZ), n in lossy) for n, at in enumerate(seconds)}
    return {n: hole for n, hole in judged.items() if hole is not Hole.NONE}


def test_a_pause_of_a_camera_that_sends_many_pictures_is_a_hole_and_so_is_a_longer_one_after_it() -> None:
    steady = [number / 25 for number in range(50)]
    assert found([*steady, 2.48, 2.52]) == {}
    assert found([*steady, 2.52, 2.56]) == {50: Hole.PAUSE}
    assert found([*steady, 3.5, 9.0, 18.2]) == dict.fromkeys((50, 51, 52), Hole.PAUSE)


def test_a_short_pause_does_not_hide_the_next_when_some_pictures_have_come_between() -> None:
    steady = [number / 25 for number in range(50)]
    again = [3.0, 3.04, 3.08, 3.12, 3.16, 3.2]
    assert found([*steady, *again, 4.2]) == {50: Hole.PAUSE, 56: Hole.PAUSE}


def test_what_rests_on_much_that_was_lost_is_no_footage_and_what_comes_after_little_is() -> None:
    steady = [number / 25 for number in range(50)]
    assert found([*steady, 2.5, 2.54], lossy=(50,)) == {}
    assert found([*steady, 3.0, 3.04], lossy=(50,)) == {50: Hole.PAUSE}
    assert found([*steady, 4.0, 4.04], lossy=(50,)) == {50: Hole.LOSS}


def test_a_camera_that_sends_a_picture_in_two_seconds_is_recorded_at_once_or_soon() -> None:
    slow = [2.0 * number for number in range(30)]
    assert found(slow) == {}
    assert [*found([number / 25 for number in range(50)] + [10 + at for at in slow])] == [50, 51, 52]
    assert found([*slow, 64]) == {}
    assert found([*slow, 80]) == {30: Hole.PAUSE}


def test_a_camera_that_begins_to_send_a_picture_a_second_is_believed_after_the_first() -> None:
    assert [*found([number / 25 for number in range(50)] + [3.0 + at for at in range(30)])] == [50]


def test_what_was_lost_on_the_way_of_a_slow_camera_is_a_hole() -> None:
    slow = [2.0 * number for number in range(30)]
    assert found([*slow, 63], lossy=(30,)) == {30: Hole.LOSS}
    assert found([*slow, 62], lossy=(30,)) == {}
    assert found([0.0, 5.0], lossy=(1,)) == {1: Hole.LOSS}


def test_a_stream_that_keeps_losing_packets_does_not_make_long_pauses_usual() -> None:
    steady = [number / 10 for number in range(50)]
    lossy = [6.4, 7.9, 9.3, 10.8, 12.2]
    every = found([*steady, *lossy, 14.9], lossy=tuple(range(50, 56)))
    assert every == {**dict.fromkeys(range(50, 55), Hole.PAUSE), 55: Hole.LOSS}


def test_pictures_that_are_sent_before_others_that_are_shown_first_hide_no_long_hole() -> None:
    """Of those that come after a short one some may be of before it, so it is left to the count of lost packets."""
    order = [0.0, 0.16, 0.08, 0.04, 0.12, 0.32, 0.24, 0.2, 0.28]
    assert found([*order, 1.2, 1.12, 1.08, 1.16]) == {}
    assert found([*order, 3.2, 3.12, 3.08, 3.16]) == {9: Hole.LOSS}


@given(st.lists(st.integers(1, LEAST), max_size=40), st.lists(st.booleans(), min_size=40, max_size=40))
def test_what_is_less_apart_is_never_a_hole(intervals: list[int], lossy: list[bool]) -> None:
    holes, at = Holes(HZ), 0
    for interval, lost in zip([0, *intervals], lossy, strict=False):
        at += interval
        assert holes.before(at, lost) is Hole.NONE
