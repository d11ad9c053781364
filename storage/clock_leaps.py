"""When the server's clock is set, perhaps by months: what was recorded before bears another time than its own, and
would be due at once. What the clocks said last is written down, so a leap is seen by a process that began after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage.holds import set_hold
from storage.intervals import Span
from storage.models import CLOCK_LEAP, Camera, ClockMark, Hold
from storage.retention import GRACE

LEAP = timedelta(days=1)
LATE = timedelta(minutes=15)
"""A recorder counts on as before for some minutes, until it believes a step."""
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Reading:
    """The time of day, and beside it the clock that never steps."""

    at: datetime
    since_boot: timedelta
    boot: str = ""
    """Names the machine and its start; `since_boot` is comparable within one only."""


@dataclass(frozen=True, slots=True)
class Leap:
    by: timedelta
    """Negative: the clock was set back."""
    before: Span | None
    """What was recorded since the machine began, by its clock as it was; None if it began anew in between."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of the clocks from one run to the next."""

    reading: Reading
    ahead: timedelta = _NONE
    """By how much the time of day leapt ahead, while nothing is deleted therefore."""
    left: timedelta = _NONE
    """How long the machine has still to run before anything is deleted."""


def leap(before: Reading, now: Reading) -> Leap | None:
    """What happened to the time of day in between; None for what is shorter than LEAP.

    A machine that was off in between looks like one whose clock leapt.
    """
    by = (now.at - before.at) - _ran(before, now)
    if abs(by) < LEAP:
        return None
    known = Span(before.at - before.since_boot, now.at - by + LATE) if _is_one_run(before, now) else None
    return Leap(by, known)


def watched(before: Watch, now: Reading) -> Watch:
    """The day after a leap ahead is counted by the clock that never steps: no setting of the other one ends it, but
    the one that takes the leap back."""
    leapt = leap(before.reading, now)
    by = leapt.by if leapt else _NONE
    if by > _NONE:
        return Watch(now, before.ahead + by, GRACE)
    ahead, left = before.ahead + by, before.left - _ran(before.reading, now)
    return Watch(now, ahead, left) if ahead >= LEAP and left > _NONE else Watch(now)


def _ran(before: Reading, now: Reading) -> timedelta:
    """How long the machine has run in between, at least."""
    return now.since_boot - before.since_boot if _is_one_run(before, now) else now.since_boot


def _is_one_run(before: Reading, now: Reading) -> bool:
    return now.boot == before.boot and now.since_boot >= before.since_boot


def keep_watch(session: Session, now: Reading) -> Watch:
    """Compares with what was written down last, holds what has to be held, and writes down what is known now."""
    mark = session.exec(select(ClockMark).where(ClockMark.boot == now.boot)).first()
    last = mark or session.exec(select(ClockMark).order_by(col(ClockMark.id).desc()).limit(1)).first()
    before = _read(last) if last else Watch(now)
    leapt = leap(before.reading, now)
    if leapt and leapt.by > _NONE:
        hold_what_was_before(session, leapt, now.at)
    watch = watched(before, now)
    mark = mark or ClockMark(boot=now.boot, at=now.at)
    mark.at, mark.since_boot_us = now.at, _us(now.since_boot)
    mark.ahead_us, mark.left_us = _us(watch.ahead), _us(watch.left)
    session.add(mark)
    return watch


def _read(mark: ClockMark) -> Watch:
    reading = Reading(mark.at, timedelta(microseconds=mark.since_boot_us), mark.boot)
    return Watch(reading, timedelta(microseconds=mark.ahead_us), timedelta(microseconds=mark.left_us))


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def hold_what_was_before(session: Session, leapt: Leap, now: datetime) -> None:
    """Nobody's hold for each camera: whoever has corrected the footage's time lifts it."""
    before = leapt.before
    if before is None:
        return
    reason = f"recorded before the server's clock was set: it leapt ahead by {leapt.by.days} days"
    for camera_id in session.exec(select(Camera.id).order_by(Camera.id)).all():
        hold = Hold(camera_id=camera_id, start=before.start, end=before.end, reason=reason, owner_id=None, set_at=now)
        hold.subject = CLOCK_LEAP
        set_hold(session, hold)
