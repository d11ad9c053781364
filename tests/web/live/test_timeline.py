from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.frames import EncodedFrame
from tests.web.live.camera import BEGAN
from web.live.timeline import TIMESCALE, Timeline

MILLISECONDS = Fraction(1, 1000)


def frame(dts_ms: int, wall_ms: int) -> EncodedFrame:
    return EncodedFrame(b"", dts_ms, dts_ms, BEGAN + timedelta(milliseconds=wall_ms), True)


def timeline() -> Timeline:
    started = Timeline()
    started.restart(MILLISECONDS)
    return started


def test_it_begins_at_zero_and_follows_the_cameras_stamps() -> None:
    line = timeline()
    assert [line.place(frame(5_000 + at, at)).decode for at in (0, 40, 80)] == [0, 3600, 7200]


def test_a_pause_keeps_its_length() -> None:
    line = timeline()
    line.place(frame(0, 0))
    assert line.place(frame(4_000, 4_000)).decode == 4 * TIMESCALE


def test_stamps_that_jump_are_placed_by_wall_time() -> None:
    line = timeline()
    line.place(frame(1_000_000, 0))
    line.place(frame(1_000_040, 40))
    assert line.place(frame(7, 10_000)).decode == 10 * TIMESCALE


def test_the_expected_duration_is_the_last_distance() -> None:
    line = timeline()
    line.place(frame(0, 0))
    assert line.place(frame(100, 100)).duration == 9_000


@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 10**9), st.booleans()), min_size=2))
def test_time_never_runs_backwards_whatever_the_camera_sends(frames: list[tuple[int, int, bool]]) -> None:
    line = timeline()
    placed = []
    for dts, wall, restarted in frames:
        if restarted:
            line.restart(MILLISECONDS)
        placed.append(line.place(frame(dts, wall)))
    assert all(later.decode > earlier.decode for earlier, later in pairwise(placed))
    assert all(one.duration > 0 for one in placed)
