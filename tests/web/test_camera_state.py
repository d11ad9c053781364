from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.models import CameraStatus, FaultKind
from web.camera_state import LATE, CameraNow, CameraState, Fault, Known, camera_now

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def a_status(last_frame_s: float | None = 0.5, *, connected: bool = True) -> CameraStatus:
    last = None if last_frame_s is None else ago(last_frame_s)
    return CameraStatus(camera_id="c", connected=connected, since=ago(600), last_frame=last, updated=NOW)


def known(
    *faults: Fault,
    enabled: bool = True,
    status: CameraStatus | None = None,
    last_fault_end: datetime | None = None,
    is_watched: bool = True,
    recorder_silent_since: datetime | None = None,
) -> Known:
    return Known(enabled, status or a_status(), faults, last_fault_end, ago(3), is_watched, recorder_silent_since)


def test_a_camera_without_faults_is_in_order_since_it_is_connected_or_was_mended() -> None:
    assert camera_now(known(), NOW) == CameraNow(CameraState.OK, ago(600))
    assert camera_now(known(last_fault_end=ago(60)), NOW).since == ago(60)


def test_the_worst_fault_is_the_state_and_the_others_are_told_beside_it() -> None:
    found = camera_now(known(Fault(FaultKind.CLOCK_WRONG, ago(90)), Fault(FaultKind.DARK, ago(30))), NOW)
    assert found == CameraNow(CameraState.DARK, ago(30), (CameraState.CLOCK_WRONG,))


@pytest.mark.parametrize("status", [a_status(11), a_status(connected=False), a_status(None)])
def test_what_sends_nothing_has_no_signal_before_the_watcher_says_so(status: CameraStatus) -> None:
    assert camera_now(known(status=status), NOW) == CameraNow(CameraState.NO_SIGNAL, status.last_frame)


def test_nothing_is_known_of_pictures_at_which_nobody_looks() -> None:
    seen = known(Fault(FaultKind.DARK, ago(30)), is_watched=False)
    assert camera_now(seen, NOW) == CameraNow(CameraState.UNKNOWN, ago(3))
    gone = known(status=a_status(20), is_watched=False)
    assert camera_now(gone, NOW) == CameraNow(CameraState.NO_SIGNAL, ago(20), (CameraState.UNKNOWN,))


@pytest.mark.parametrize("is_connected", [True, False])
def test_of_a_picture_that_does_not_come_nothing_is_said(is_connected: bool) -> None:
    """The recorder or the watcher may notice first. What was wrong with the clock may still be."""
    seen = [Fault(FaultKind.DARK, ago(300)), Fault(FaultKind.MOVED, ago(300)), Fault(FaultKind.CLOCK_WRONG, ago(300))]
    if is_connected:
        seen.append(Fault(FaultKind.NO_SIGNAL, ago(0.5)))
    found = camera_now(known(*seen, status=a_status(connected=is_connected)), NOW)
    assert found == CameraNow(CameraState.NO_SIGNAL, ago(0.5), (CameraState.CLOCK_WRONG,))


def test_what_a_silent_recorder_said_last_is_no_verdict_on_the_camera() -> None:
    last_word = a_status(40)
    last_word.updated = ago(39)
    assert camera_now(known(status=last_word), NOW) == CameraNow(CameraState.UNKNOWN, ago(39), recorder_silent=True)
    last_word.updated = ago(20)
    assert camera_now(known(status=a_status(21)), NOW).state is CameraState.NO_SIGNAL
    last_word.last_frame = ago(21)
    assert camera_now(known(status=last_word), NOW).state is CameraState.OK, "when it was said, pictures came"


def test_while_no_recorder_answers_nothing_is_said_of_the_signal_or_the_picture() -> None:
    last_word = a_status(90, connected=True)
    last_word.updated = ago(60)
    seen = [Fault(kind, ago(85)) for kind in (FaultKind.NO_SIGNAL, FaultKind.DARK, FaultKind.CLOCK_WRONG)]
    found = camera_now(known(*seen, status=last_word), NOW)
    assert found == CameraNow(CameraState.UNKNOWN, ago(60), (CameraState.CLOCK_WRONG,), recorder_silent=True)


def test_that_no_recorder_is_heard_of_is_said_as_soon_as_counters_say_it() -> None:
    last_word = a_status(13)
    last_word.updated = ago(12.5)
    for status in (last_word, a_status(0.5)):
        found = camera_now(known(Fault(FaultKind.DARK, ago(60)), status=status, recorder_silent_since=ago(13)), NOW)
        assert found == CameraNow(CameraState.UNKNOWN, ago(13), recorder_silent=True)
    last_word.updated = ago(40)
    found = camera_now(known(status=last_word, recorder_silent_since=ago(41)), NOW)
    assert found == CameraNow(CameraState.UNKNOWN, ago(41), recorder_silent=True), "it does not leap"


def test_a_recorder_that_lost_a_camera_as_the_silence_began_is_heard_of_and_one_that_stood_still_not_yet() -> None:
    lost = a_status(connected=False)
    lost.since = ago(7)
    assert camera_now(known(status=lost, recorder_silent_since=ago(8)), NOW).state is CameraState.NO_SIGNAL
    found = camera_now(known(status=lost, recorder_silent_since=ago(45)), NOW)
    assert found == CameraNow(CameraState.UNKNOWN, ago(45), recorder_silent=True), "it lost it by standing still"


def test_a_camera_that_is_switched_off_is_nothing_else() -> None:
    off = known(Fault(FaultKind.NO_SIGNAL, ago(30)), enabled=False, status=a_status(connected=False))
    assert camera_now(off, NOW) == CameraNow(CameraState.OFF, None)


@settings(max_examples=60)
@given(st.sets(st.sampled_from(FaultKind)), st.floats(0, 60), st.booleans(), st.booleans())
def test_in_order_is_said_only_of_what_delivers_is_watched_and_has_no_fault(
    kinds: set[FaultKind], age: float, connected: bool, is_watched: bool
) -> None:
    faults = [Fault(kind, ago(30)) for kind in kinds]
    found = camera_now(known(*faults, status=a_status(age, connected=connected), is_watched=is_watched), NOW)
    is_well = connected and timedelta(seconds=age) <= LATE and is_watched and not kinds
    assert (found.state is CameraState.OK) == is_well
    order = [list(CameraState).index(state) for state in (found.state, *found.also)]
    assert order == sorted(set(order))
