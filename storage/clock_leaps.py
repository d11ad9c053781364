"""When the server's clock is set, perhaps by months: what was recorded before bears another time than its own, and
would be due at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from storage.holds import set_hold
from storage.intervals import Span
from storage.models import CLOCK_LEAP, Camera, Hold

LEAP = timedelta(days=1)
LATE = timedelta(minutes=15)
"""A recorder counts on as before for some minutes, until it believes a step."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The time of day, and beside it the clock that never steps."""

    at: datetime
    since_boot: timedelta


@dataclass(frozen=True, slots=True)
class Leap:
    by: timedelta
    """Negative: the clock was set back."""
    before: Span
    """What was recorded since the machine began, by its clock as it was."""


def leap(before: Reading, now: Reading) -> Leap | None:
    """What happened to the time of day in between; None for what is shorter than LEAP."""
    by = (now.at - before.at) - (now.since_boot - before.since_boot)
    if abs(by) < LEAP:
        return None
    return Leap(by, Span(before.at - before.since_boot, now.at - by + LATE))


def hold_what_was_before(session: Session, leapt: Leap, now: datetime) -> None:
    """Nobody's hold for each camera: whoever has corrected the footage's time lifts it."""
    reason = f"recorded before the server's clock was set: it leapt ahead by {leapt.by.days} days"
    for camera_id in session.exec(select(Camera.id).order_by(Camera.id)).all():
        span = leapt.before
        hold = Hold(camera_id=camera_id, start=span.start, end=span.end, reason=reason, owner_id=None, set_at=now)
        hold.subject = CLOCK_LEAP
        set_hold(session, hold)
