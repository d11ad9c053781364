"""Honest time: reports where they are sane, else the least delayed arrival, and never a jump without saying so."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.clock import MAX_DISAGREEMENT_US, MAX_SLEW_PPM, STEP_US, CameraClock, Reading
from storage.models import ClockSource

EPOCH = 1_700_000_000_000_000
FRAME = 40_000
GOP = 25 * FRAME
Delays = st.lists(st.integers(0, 400_000), min_size=60, max_size=150)


def run(
    delays: list[int], report_offset: int | None = None, report_after: int = 0, drift_ppm: int = 0
) -> list[Reading]:
    """Readings per GOP of a camera whose packets arrive with these delays."""
    clock = CameraClock()
    readings: list[Reading] = []
    gop_start: int | None = None
    for number, delay in enumerate(delays):
        media = number * FRAME
        true = EPOCH + media + media * drift_ppm // 1_000_000
        reported = report_offset is not None and number >= report_after
        clock.observe(media, true + delay, true + (report_offset or 0) if reported else None)
        if number % 25 == 24:
            readings.append(clock.read(gop_start if gop_start is not None else 0))
            gop_start = media + FRAME
    return readings


@given(Delays)
def test_without_reports_the_error_is_the_least_delay_that_was_seen(delays: list[int]) -> None:
    first = run(delays)[0]
    assert first.source is ClockSource.ARRIVAL
    assert first.wall_us - EPOCH == min(delays[:25])


@given(Delays, st.integers(-MAX_DISAGREEMENT_US + 400_001, MAX_DISAGREEMENT_US))
def test_a_sane_report_is_believed(delays: list[int], offset: int) -> None:
    first = run(delays, offset)[0]
    assert first.source is ClockSource.SENDER_REPORT
    assert first.wall_us == EPOCH + offset


@given(Delays, st.sampled_from([-7_000_000, 7_000_000, 86_400_000_000, -EPOCH]))
def test_a_camera_clock_that_is_off_by_seconds_is_noticed_and_not_believed(delays: list[int], offset: int) -> None:
    for number, reading in enumerate(run(delays, offset)):
        assert reading.source is ClockSource.ARRIVAL
        assert abs(reading.offset_us - offset) <= max(delays)
        assert 0 <= reading.wall_us - (EPOCH + number * GOP) <= max(delays)


@given(Delays, st.none() | st.integers(-10_000_000, 10_000_000), st.integers(0, 150), st.integers(-300, 300))
def test_wall_time_follows_media_time_within_the_slew_or_says_that_it_stepped(
    delays: list[int], offset: int | None, after: int, drift: int
) -> None:
    for before, reading in pairwise(run(delays, offset, after, drift)):
        change = reading.wall_us - before.wall_us - GOP
        if reading.stepped:
            assert abs(change) > STEP_US
        else:
            assert abs(change) <= GOP * MAX_SLEW_PPM // 1_000_000


@given(Delays)
def test_a_late_report_that_agrees_makes_no_step(delays: list[int]) -> None:
    assert not any(reading.stepped for reading in run(delays, -30_000, report_after=50))


def test_a_reconnection_starts_where_the_reports_of_the_last_connection_will_lead() -> None:
    clock = CameraClock(usual_lead_us=-1_200_000)
    clock.observe(0, EPOCH, None)
    assert clock.read(0).wall_us == EPOCH - 1_200_000
    clock.observe(GOP, EPOCH + GOP, EPOCH + GOP - 1_200_000)
    assert not clock.read(GOP).stepped


def test_a_drifting_camera_without_reports_stays_within_a_window_of_the_truth() -> None:
    delays = [5_000] * 25 * 600
    last = run(delays, drift_ppm=200)[-1]
    true = EPOCH + 599 * GOP + 599 * GOP * 200 // 1_000_000
    assert abs(last.wall_us - true) < 200 * 120 + 5_000
