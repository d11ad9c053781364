"""Where the time of a counter went: pure, from what was seen of it, its opening hours and the time that it is.

Every part of a span is one of staffed, unstaffed, unknown, closed and to come, so they add up to it. Unstaffed is only
what was seen to be; whatever else of the open time nobody saw is unknown.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics.absence import PresenceSpan
from storage.intervals import Span, intersect, lengths_in, merge, subtract
from storage.models import CustomerState, StaffState

NOT_WATCHED = "not_watched"
"""Why open time is unknown of which nothing was written."""
_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one span of time. Waiting, unattended and absent time lies in its open time and is counted once more."""

    span: Span
    staffed: timedelta
    unstaffed: timedelta
    unknown_by: Mapping[str, timedelta]
    """By reason; not empty ones only."""
    closed: timedelta
    to_come: timedelta
    waiting: timedelta
    """A customer waited, whoever was there."""
    unattended: timedelta
    """Of it, while nobody was there."""
    waits: int
    """Times in which a customer waited without a break, that began in the span."""
    absent: timedelta
    absences: int
    """That began in the span."""

    @property
    def unknown(self) -> timedelta:
        return sum(self.unknown_by.values(), _NOTHING)

    @property
    def open(self) -> timedelta:
        """That has passed."""
        return self.staffed + self.unstaffed + self.unknown


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of a counter, each in order; an open span of presence lasts until `now`.

    What reaches beyond the cells on both sides tells whether something began in the first of them.
    """

    presence: Sequence[PresenceSpan]
    openings: Sequence[Span]
    absences: Sequence[Span] = field(default=())


def figures(cells: Sequence[Span], seen: Seen, now: datetime) -> tuple[Figures, ...]:
    """One for each of the cells, which are in order and do not overlap."""
    if not cells:
        return ()
    opened = intersect(seen.openings, [Span(cells[0].start, max(cells[0].start, min(cells[-1].end, now)))])
    known = _Known.of(seen.presence, opened, now)
    absent = intersect(seen.absences, opened)
    of = _Lengths(cells)
    opened_in, staffed, unstaffed = of(opened), of(known.staffed), of(known.unstaffed)
    waiting, unattended = of(known.waiting), of(intersect(known.waiting, known.unstaffed))
    unknown = {reason: of(spans) for reason, spans in known.unknown.items()}
    waits = _begun(intersect(_waiting(seen.presence, now), seen.openings), cells)
    absences, absent_in = _begun(seen.absences, cells), of(absent)
    return tuple(
        Figures(
            span=cell,
            staffed=staffed[n],
            unstaffed=unstaffed[n],
            unknown_by={reason: lengths[n] for reason, lengths in unknown.items() if lengths[n]},
            closed=_passed(cell, now) - opened_in[n],
            to_come=cell.duration - _passed(cell, now),
            waiting=waiting[n],
            unattended=unattended[n],
            waits=waits[n],
            absent=absent_in[n],
            absences=absences[n],
        )
        for n, cell in enumerate(cells)
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """The open time in disjoint parts, and that in which a customer waited."""

    staffed: list[Span]
    unstaffed: list[Span]
    unknown: Mapping[str, list[Span]]
    waiting: list[Span]

    @classmethod
    def of(cls, presence: Sequence[PresenceSpan], opened: Sequence[Span], now: datetime) -> "_Known":
        """Where rows contradict each other, what accuses least holds: unknown, then staffed."""
        unknown: dict[str, list[Span]] = {}
        left: list[Span] = list(opened)
        for reason in sorted({span.reason for span in presence if span.staff is StaffState.UNKNOWN}):
            rows = _lasting((s for s in presence if s.staff is StaffState.UNKNOWN and s.reason == reason), now)
            unknown[reason] = intersect(rows, left)
            left = subtract(left, unknown[reason])
        staffed = intersect(_lasting((s for s in presence if s.staff is StaffState.STAFFED), now), left)
        left = subtract(left, staffed)
        unstaffed = intersect(_lasting((s for s in presence if s.staff is StaffState.UNSTAFFED), now), left)
        unseen = subtract(left, unstaffed)
        unknown[NOT_WATCHED] = merge([*unknown.get(NOT_WATCHED, ()), *unseen])
        return cls(staffed, unstaffed, unknown, intersect(_waiting(presence, now), opened))


class _Lengths:
    """How much of spans lies in each of the cells."""

    def __init__(self, cells: Sequence[Span]) -> None:
        self._cells = cells

    def __call__(self, spans: Iterable[Span]) -> list[timedelta]:
        lengths: Counter[int] = Counter()
        for number, length_us in lengths_in(spans, self._cells):
            lengths[number] += length_us
        return [timedelta(microseconds=lengths[number]) for number in range(len(self._cells))]


def _lasting(spans: Iterable[PresenceSpan], now: datetime) -> list[Span]:
    return merge(Span(s.start, s.end or max(now, s.start)) for s in spans)


def _waiting(presence: Iterable[PresenceSpan], now: datetime) -> list[Span]:
    return _lasting((s for s in presence if s.customer is CustomerState.WAITING), now)


def _begun(spans: Iterable[Span], cells: Sequence[Span]) -> list[int]:
    """How many begin in each of the cells."""
    starts = sorted(span.start for span in spans)
    return [bisect_left(starts, cell.end) - bisect_left(starts, cell.start) for cell in cells]


def _passed(cell: Span, now: datetime) -> timedelta:
    return min(max(now - cell.start, _NOTHING), cell.duration)
