"""The fit to the least delayed pictures."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.arrival import BIN_US, LEAST_DELAY_US, WINDOW_US, ArrivalFit, trend_ppm

FRAME = 40_000
SECOND = 1_000_000
Delays = st.lists(st.integers(0, 400_000), min_size=60, max_size=400)


def fitted(arrivals: list[tuple[int, int]]) -> ArrivalFit:
    fit = ArrivalFit()
    for media, arrival in arrivals:
        fit.observe(media, arrival)
    return fit


@given(Delays)
def test_the_fit_is_the_least_delay_that_was_seen(delays: list[int]) -> None:
    assert fitted([(n * FRAME, n * FRAME + delay) for n, delay in enumerate(delays)]).base_us == min(delays)


def test_what_is_older_than_the_window_is_forgotten() -> None:
    early = [(n * FRAME, n * FRAME) for n in range(25)]
    late = [(n * FRAME, n * FRAME + 30_000) for n in range(25, 25 + (WINDOW_US + 2 * SECOND) // FRAME)]
    assert fitted([*early, *late]).base_us == 30_000


@given(st.integers(LEAST_DELAY_US + 1, 900_000))
def test_timestamps_that_leapt_back_a_little_are_followed_after_seconds(leap: int) -> None:
    before = [(n * FRAME, n * FRAME) for n in range(250)]
    after = [(n * FRAME - leap, n * FRAME) for n in range(250, 450)]
    fit = fitted([*before, *after])
    assert fit.base_us == leap
    assert fit.renewals == 1


def test_an_old_gop_that_comes_at_once_is_not_relied_on() -> None:
    burst = [(n * FRAME, 50 * FRAME) for n in range(50)]
    assert fitted(burst).is_settling
    assert not fitted([*burst, *((n * FRAME, n * FRAME) for n in range(50, 100))]).is_settling


@given(st.integers(-5, 5), st.integers(8, 200), st.lists(st.integers(0, 5_000), min_size=200, max_size=200))
def test_a_trend_is_told_by_its_slope_and_jitter_is_none(slope: int, count: int, jitter: list[int]) -> None:
    """`slope` in tenths: 0.2 is 600 ms of life for half a second of media time."""
    bins = deque((n * slope * BIN_US // 10 + jitter[n], n * BIN_US) for n in range(count))
    found = trend_ppm(bins)
    if slope > 0 or (-5 < slope < 0 and count >= 16):
        assert abs(found - slope * 100_000) < 20_000
    elif slope == 0:
        assert found == 0


def test_a_backlog_that_is_worked_off_is_no_trend() -> None:
    bins = deque((max(3 * SECOND - n * 400_000, 0), n * BIN_US) for n in range(12))
    assert trend_ppm(bins) == 0
