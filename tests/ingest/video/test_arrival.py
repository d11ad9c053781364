"""The fit to the least delayed pictures."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.arrival import BIN_US, LEAST_DELAY_US, WINDOW_US, ArrivalFit, trend_of

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
    rise = slope * BIN_US // 10
    bins = deque((n * rise + jitter[n], n * BIN_US, abs(rise) // 12, 12) for n in range(count))
    found = trend_of(bins)
    if slope > 0 or (-5 < slope < 0 and count >= 16):
        assert abs(found.ppm - slope * 100_000) < 20_000
        assert found.is_sure
    elif slope == 0:
        assert found.ppm == 0


def test_a_backlog_that_is_worked_off_is_no_trend() -> None:
    least = [max(3 * SECOND - n * 400_000, 0) for n in range(12)]
    assert trend_of(deque((base, n * BIN_US, 0, 12) for n, base in enumerate(least))).ppm == 0


@given(st.integers(5, 41), st.integers(80_000, 400_000))
def test_a_delay_that_grows_is_not_surely_a_camera_that_counts_wrongly(late: int, by: int) -> None:
    """Some picture, as a large one, waits longer than those beside it."""
    growing = [(n * FRAME, n * FRAME * 13 // 10 + (by if n == late else 0)) for n in range(43)]
    assert not fitted(growing).trend.is_sure


def test_what_comes_ever_later_than_any_delay_explains_is_surely_counted_wrongly() -> None:
    uneven = [(n * FRAME, n * FRAME * 12 // 10 + (n % 5) * 20_000) for n in range(25 * 9)]
    assert not fitted(uneven[: 25 * 5]).trend.is_sure
    trend = fitted(uneven).trend
    assert trend.is_sure
    assert abs(trend.ppm - 200_000) < 20_000
