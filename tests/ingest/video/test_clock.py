"""Honest time: reports where they are sane, else the least delayed arrival, and never a jump without saying so."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.video.arrival import LEAST_DELAY_US
from ingest.video.clock import (
    MAX_AHEAD_US,
    MAX_BEHIND_US,
    MAX_DISAGREEMENT_US,
    MAX_SLEW_PPM,
    STEP_US,
    CameraClock,
    ClockEvidence,
    with_stated_error,
)
from storage.models import ClockSource
from tests.ingest.video.timed import EPOCH, SECOND, Report, Stream, errors, truthful

LONGEST_SPIKE_US = 3 * SECOND
Streams = st.builds(
    Stream,
    seed=st.integers(0, 2**20),
    drift_ppm=st.integers(-200, 200),
    least_delay_us=st.integers(0, LEAST_DELAY_US),
    jitter_us=st.integers(0, 500_000),
    spike_us=st.integers(0, LONGEST_SPIKE_US),
)


def hours_off(_since: int) -> int:
    return 5 * 3_600 * SECOND


def seven_seconds_off(_since: int) -> int:
    return -7 * SECOND


def a_little_off(_since: int) -> int:
    return -300_000


def jumping(since: int) -> int:
    return (0, 2 * SECOND, -90 * SECOND, 400_000)[since // (10 * SECOND) % 4]


def running_fast(since: int) -> int:
    return since // 100


def running_slow(since: int) -> int:
    return -since // 300


LIES: list[Report] = [hours_off, seven_seconds_off, a_little_off, jumping, running_fast, running_slow]


@given(Streams, st.sampled_from([None, truthful, *LIES]))
def test_the_stated_bound_holds_whatever_the_reports_say(stream: Stream, report: Report | None) -> None:
    found = errors(replace(stream, report=report))
    assert max(map(abs, found)) <= 550_000


@given(Streams)
def test_sane_reports_make_the_time_exact_to_what_the_crystal_drifts(stream: Stream) -> None:
    found = errors(replace(stream, report=truthful))
    assert max(map(abs, found)) <= 2_000


@given(Streams)
def test_without_reports_the_error_is_the_least_delay_that_was_seen(stream: Stream) -> None:
    readings = list(replace(stream, drift_ppm=0).run())
    assert all(reading.source is ClockSource.ARRIVAL for reading, _, _ in readings)
    late = [reading.wall_us - true for reading, true, _ in readings]
    assert all(stream.least_delay_us <= error <= stream.least_delay_us + stream.jitter_us for error in late)
    assert late == sorted(late, reverse=True)


@given(Streams, st.sampled_from([None, truthful, *LIES]))
def test_wall_time_follows_media_time_within_the_slew_or_says_that_it_stepped(
    stream: Stream, report: Report | None
) -> None:
    readings = [(reading, length) for reading, _, length in replace(stream, report=report).run()]
    for (before, length), (reading, _) in pairwise(readings):
        change = reading.wall_us - before.wall_us - length
        if not reading.stepped:
            assert abs(change) <= length * MAX_SLEW_PPM // 1_000_000
            assert reading.wall_us > before.wall_us
        elif reading.source is before.source:
            assert abs(change) > STEP_US


@given(Streams, st.sampled_from([hours_off, seven_seconds_off]))
def test_a_camera_clock_that_is_off_by_seconds_is_noticed_and_not_believed(stream: Stream, report: Report) -> None:
    for reading, _, _ in replace(stream, report=report).run():
        assert reading.source is ClockSource.ARRIVAL
        assert abs(reading.offset_us - report(0)) <= LEAST_DELAY_US + 20_010  # and what rounding adds
        assert reading.evidence.reported_us is not None


@given(st.integers(-MAX_BEHIND_US, MAX_AHEAD_US))
def test_a_report_is_believed_as_far_as_delay_explains(offset: int) -> None:
    clock = CameraClock()
    clock.observe(0, EPOCH, EPOCH + offset)
    assert clock.read(0).source is ClockSource.SENDER_REPORT


@pytest.mark.parametrize("offset", [-MAX_BEHIND_US - 1, MAX_AHEAD_US + 1, MAX_DISAGREEMENT_US])
def test_a_report_that_says_otherwise_than_arrival_is_not_believed(offset: int) -> None:
    clock = CameraClock()
    clock.observe(0, EPOCH, EPOCH + offset)
    reading = clock.read(0)
    assert (reading.source, reading.wall_us, reading.offset_us) == (ClockSource.ARRIVAL, EPOCH, offset)


def test_a_report_at_the_edge_is_not_believed_and_doubted_in_turn() -> None:
    clock, sources = CameraClock(), list[ClockSource]()
    for number in range(40):
        media = number * SECOND
        clock.observe(media, EPOCH + media, EPOCH + media + MAX_AHEAD_US + (10_000 if number % 2 else -10_000))
        sources.append(clock.read(media).source)
    assert len(set(sources)) == 1


def test_the_first_report_is_followed_at_once_as_a_new_segment_begins_anyway() -> None:
    clock = CameraClock()
    clock.observe(0, EPOCH, None)
    clock.read(0)
    clock.observe(SECOND, EPOCH + SECOND, EPOCH + SECOND - 150_000)
    reading = clock.read(SECOND)
    assert reading.stepped
    assert reading.wall_us == EPOCH + SECOND - 150_000


def test_a_reconnection_starts_where_the_reports_of_the_last_connection_will_lead() -> None:
    clock = CameraClock(usual_lead_us=-220_000)
    clock.observe(0, EPOCH, None)
    assert clock.read(0).wall_us == EPOCH - 220_000
    clock.observe(SECOND, EPOCH + SECOND, EPOCH + SECOND - 220_000)
    assert not clock.read(SECOND).stepped


def test_between_a_leap_of_the_rtp_clock_and_the_next_report_time_goes_on_as_before() -> None:
    clock = CameraClock()
    for number in range(10):
        clock.observe(number * SECOND, EPOCH + number * SECOND, EPOCH + number * SECOND - 90_000)
        before = clock.read(number * SECOND)
    leapt = 5_000 * SECOND
    clock.observe(leapt, EPOCH + 10 * SECOND, None)
    after = clock.read(leapt)
    assert after.wall_us - before.wall_us == SECOND
    assert after.source is ClockSource.ARRIVAL


def test_pictures_that_come_at_once_are_of_the_time_that_the_report_says() -> None:
    """A camera that begins with an old GOP: how late that comes, arrival cannot tell, and the bound says so."""
    clock = CameraClock()
    for number in range(25):
        clock.observe(number * 40_000, EPOCH + SECOND, EPOCH + number * 40_000)
    reading = clock.read(0)
    assert (reading.wall_us, reading.source) == (EPOCH, ClockSource.SENDER_REPORT)
    assert reading.evidence.error_us > SECOND


@pytest.mark.parametrize("report", [None, truthful])
@pytest.mark.parametrize("step", [10 * SECOND, -10 * SECOND])
@pytest.mark.parametrize("taken_back", [True, False])
def test_a_step_of_the_servers_clock_neither_bends_nor_tears_the_footage(
    report: Report | None, step: int, taken_back: bool
) -> None:
    def off(since: int) -> int:
        return step if since > 20 * SECOND and not (taken_back and since > 60 * SECOND) else 0

    stream = Stream(seconds=90, jitter_us=50_000, report=report, server_off=off)
    for reading, true, _ in stream.run():
        pending = reading.evidence.server_step_us
        assert not reading.stepped
        assert 0 <= reading.wall_us - true <= 20_000
        assert abs(reading.wall_us - (true + pending)) <= reading.evidence.error_us
        since = true - EPOCH
        if since < 18 * SECOND or (taken_back and since > 62 * SECOND):
            assert pending == 0
        elif 22 * SECOND < since < 58 * SECOND:
            assert abs(pending - step) <= 1_000


def test_a_step_of_the_servers_clock_that_stands_for_minutes_is_followed_in_one_step() -> None:
    stream = Stream(seconds=360, fps=2, server_off=lambda since: 10 * SECOND if since > 20 * SECOND else 0)
    readings = list(stream.run())
    assert [reading.stepped for reading, _, _ in readings].count(True) == 1
    last, true, _ = readings[-1]
    assert last.wall_us - true == 10 * SECOND + stream.least_delay_us
    assert last.evidence.server_step_us == 0


@pytest.mark.parametrize("report", [None, truthful])
def test_cameras_that_agree_with_the_servers_new_time_are_believed_at_once(report: Report | None) -> None:
    """The server was wrong by ten seconds, and is put right."""
    stream = Stream(report=report, server_off=lambda since: 0 if since > 20 * SECOND else -10 * SECOND)
    for reading, true, _ in stream.run():
        after = true - EPOCH > 22 * SECOND
        if after and report is not None:
            assert (reading.source, reading.wall_us) == (ClockSource.SENDER_REPORT, true)
            assert abs(reading.offset_us) <= LEAST_DELAY_US
        if after:
            assert abs(reading.wall_us - true) <= reading.evidence.error_us


def test_the_evidence_says_what_each_clock_shows_at_the_first_frame() -> None:
    stream = Stream(report=seven_seconds_off, jitter_us=0)
    reading, true, _ = list(stream.run())[-1]
    evidence = reading.evidence
    assert evidence.reported_us == true - 7 * SECOND
    assert evidence.arrival_us == true + stream.least_delay_us == reading.wall_us
    assert evidence.monotonic_us == true - EPOCH + stream.least_delay_us + 123 * SECOND


@given(st.integers(0, 10**9))
@example(975_001)
@example(1_000_000)
def test_what_a_segment_states_is_no_less_than_what_was_found(error: int) -> None:
    stated = with_stated_error(ClockEvidence(error_us=error)).error_us
    is_last_of_trusted = stated == 1_000_000 and error > 975_000
    assert (0 if is_last_of_trusted else 25_000) <= stated - error <= 75_000


def test_a_drifting_camera_without_reports_stays_within_the_bound_for_an_hour() -> None:
    for drift in (200, -200):
        found = errors(Stream(seconds=3_600, fps=2, drift_ppm=drift, jitter_us=5_000))
        assert max(map(abs, found)) <= 20_000 + 200 * 130
