"""Unbroken times in which something was seen at a counter that should not be, while it should not be. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from analytics.contesting import Frames
from storage.intervals import Span, subtract
from storage.models import CustomerState, StaffState

RETURNED, CLOSED, COVERED, UNKNOWN = "returned", "closed", "covered", "unknown"
OFF_DUTY = "off_duty"
"""By the roster of the counter nobody is to be there."""
ENOUGH, GONE, FEWER = "enough", "gone", "fewer"
"""There were enough staff again; the customers have gone; there are no longer too many people."""
LASTS = ""


@dataclass(frozen=True, slots=True)
class PresenceSpan:
    """One unchanging state; `end` is empty while it lasts."""

    start: datetime
    end: datetime | None
    staff: StaffState
    customer: CustomerState
    confidence: float = 0.0
    reason: str = ""
    """Why the staff state is unknown."""
    staff_count: int | None = None
    """So many people at least are in the staff zone; None where nothing is known of staff."""
    staff_most: int | None = None
    """And at most; None where nobody knows."""
    customer_count: int | None = None
    frames: Frames = ()
    """The pictures that made the staff state certain."""


@dataclass(frozen=True, slots=True)
class Excuse:
    """Time in which nobody is absent, whatever is seen."""

    span: Span
    why: str
    """COVERED, OFF_DUTY, CLOSED, or UNKNOWN where nobody can tell whether somebody covered."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Time in which it should not be, without a break."""

    span: Span
    ended_by: str
    opening: Span
    """Of the hall, of which it is all or a part."""


@dataclass(frozen=True, slots=True)
class Run:
    """It was seen without a break, inside one duty."""

    start: datetime
    end: datetime
    ended_by: str
    """LASTS while it does."""
    spans: tuple[PresenceSpan, ...]
    duty: Duty


Ends = Callable[[PresenceSpan], str]
"""LASTS where a span shows it; else the word for how it has ended by then."""


def duties(openings: Sequence[Span], excuses: Sequence[Excuse]) -> Iterator[Duty]:
    for opening in openings:
        for part in subtract([opening], [excuse.span for excuse in excuses]):
            follows = [excuse.why for excuse in excuses if excuse.span.start <= part.end < excuse.span.end]
            yield Duty(part, CLOSED if part.end == opening.end else min(follows), opening)


def runs(presence: Sequence[PresenceSpan], duty: Duty, ends: Ends, now: datetime) -> list[Run]:
    """In presence that is in order, only its last span open."""
    found: list[Run] = []
    current: list[PresenceSpan] = []
    for span in _meeting(presence, duty.span):
        end = min(span.end or now, duty.span.end, now)
        start = max(span.start, duty.span.start)
        if (ended_by := ends(span)) is not LASTS:
            _finish(found, current, ended_by, duty)
            current = []
        elif start < end:
            if current and current[-1].end != start:
                _finish(found, current, UNKNOWN, duty)
                current = []
            current.append(span if (span.start, span.end) == (start, end) else replace(span, start=start, end=end))
            if end == duty.span.end:
                _finish(found, current, duty.ended_by, duty)
                current = []
    _finish(found, current, LASTS if presence and presence[-1].end is None else UNKNOWN, duty)
    return found


def _meeting(presence: Sequence[PresenceSpan], duty: Span) -> Sequence[PresenceSpan]:
    """And one more, which tells how the last of them has ended: presence may be of weeks."""
    first = bisect_right(presence, duty.start, key=attrgetter("start"))
    last = bisect_left(presence, duty.end, key=attrgetter("start"))
    return presence[max(first - 1, 0) : last + 1]


def _finish(found: list[Run], spans: list[PresenceSpan], ended_by: str, duty: Duty) -> None:
    if spans and (end := spans[-1].end) is not None:
        found.append(Run(spans[0].start, end, ended_by, tuple(spans), duty))


def waits(spans: Sequence[PresenceSpan]) -> list[Span]:
    """Unbroken times in which a customer waited."""
    found: list[Span] = []
    for span in spans:
        if span.customer is not CustomerState.WAITING or span.end is None:
            continue
        if found and found[-1].end == span.start:
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(Span(span.start, span.end))
    return found
