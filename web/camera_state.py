"""How a camera is, in one word: from what the recorder and the watcher said last. Pure; time is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.models import CameraStatus, FaultKind
from web.silence import is_heard


class CameraState(StrEnum):
    """The worst first: a camera is in the first of those that hold."""

    NO_SIGNAL = "no_signal"
    FROZEN = "frozen"
    DARK = "dark"
    OVEREXPOSED = "overexposed"
    OBSTRUCTED = "obstructed"
    BLURRED = "blurred"
    MOVED = "moved"
    UNKNOWN = "unknown"  # nobody looks at its pictures now
    CLOCK_WRONG = "clock_wrong"
    SUB_STREAM = "sub_stream"
    OK = "ok"
    OFF = "off"


IN_THE_PICTURE = frozenset(
    {
        CameraState.FROZEN,
        CameraState.DARK,
        CameraState.OVEREXPOSED,
        CameraState.OBSTRUCTED,
        CameraState.BLURRED,
        CameraState.MOVED,
    }
)
"""Faults that are seen in a picture: of one that does not come nothing can be said."""

LATE = timedelta(seconds=10)
"""A camera whose last packet is older sends nothing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One that lasts."""

    kind: FaultKind
    since: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What is said of a camera."""

    enabled: bool
    status: CameraStatus | None
    faults: Sequence[Fault]
    last_fault_end: datetime | None
    watched_to: datetime | None
    """Up to when the watcher was heard of; None: never."""
    is_watched: bool
    """Whether it still is."""
    recorder_silent_since: datetime | None = None
    """Since when a counter that it looks at is unknown because no recorder is heard of; None where none is."""


@dataclass(frozen=True, slots=True)
class CameraNow:
    state: CameraState
    since: datetime | None
    """None where that is not known."""
    also: tuple[CameraState, ...] = ()
    """What else is wrong."""
    recorder_silent: bool = False
    """Why it is unknown: else it is the watcher that is not heard of."""


def camera_now(known: Known, now: datetime) -> CameraNow:
    """What the watcher or the recorder said is worth nothing while nobody hears of it; that nothing comes both know."""
    if not known.enabled:
        return CameraNow(CameraState.OFF, None)
    wrong: dict[CameraState, datetime | None] = {}
    silent_since = _recorder_silent_since(known, now)
    recorder_silent = silent_since is not None
    if recorder_silent:
        wrong[CameraState.UNKNOWN] = silent_since
    elif _is_silent(known.status):
        wrong[CameraState.NO_SIGNAL] = known.status.last_frame if known.status else None
    if known.is_watched:
        wrong |= {CameraState(fault.kind.value): fault.since for fault in known.faults}
    else:
        wrong.setdefault(CameraState.UNKNOWN, known.watched_to)
    if recorder_silent:
        wrong.pop(CameraState.NO_SIGNAL, None)
    if recorder_silent or CameraState.NO_SIGNAL in wrong:
        wrong = {state: since for state, since in wrong.items() if state not in IN_THE_PICTURE}
    if wrong:
        first, *others = sorted(wrong, key=list(CameraState).index)
        return CameraNow(first, wrong[first], tuple(others), recorder_silent)
    return CameraNow(CameraState.OK, _well_since(known))


def _recorder_silent_since(known: Known, now: datetime) -> datetime | None:
    """None while one is heard of, or has lost this camera itself when the silence began."""
    status, told = known.status, known.recorder_silent_since
    is_heard_of = status is not None and is_heard(status.updated, now)
    if told is None:
        return status.updated if status and not is_heard_of else None
    # A recorder that stood still loses its cameras by that, long after the last picture.
    lost_it = status is not None and is_heard_of and not status.connected and status.since - told <= LATE
    return None if lost_it else told


def _is_silent(status: CameraStatus | None) -> bool:
    """By the recorder's own last word: how old that is says nothing about the camera."""
    if status is None:
        return True
    return not status.connected or status.last_frame is None or status.updated - status.last_frame > LATE


def _well_since(known: Known) -> datetime | None:
    connected = known.status.since if known.status else None
    return max((at for at in (connected, known.last_fault_end) if at is not None), default=None)
