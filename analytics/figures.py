"""Where the time of a counter went: pure, from what was seen of it, its opening hours and the time that it is.

Every part of a span is one of staffed, unstaffed, unknown, closed and to come, so they add up to it. Unstaffed is only
what was seen to be; whatever else of the open time nobody saw is unknown.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics.runs import PresenceSpan
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
    """In absences that count."""
    absences: int
    """That began in the span, and count."""
    disputed: int
    """That began in the span and are disputed: they count nothing until that is decided."""

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
    """That count."""
    disputed: Sequence[Span] = field(default=())


def figures(cells: Sequence[Span], seen: Seen, now: datetime) -> tuple[Figures, ...]:
    """One for each of the cells, which are in order and do not overlap."""
    return Ledger(Span(cells[0].start, cells[-1].end), seen, now).figures(cells) if cells else ()


class Ledger:
    """The figures of a span for any division of it, each by one reading of what was seen."""

    def __init__(self, whole: Span, seen: Seen, now: datetime) -> None:
        self._now = now
        self._opened = intersect(seen.openings, [Span(whole.start, max(whole.start, min(whole.end, now)))])
        presence = _within(seen.presence, merge(seen.openings), now)
        self._known = _Known.of(presence, self._opened, now)
        self._unattended = intersect(self._known.waiting, self._known.unstaffed)
        self._waits = intersect(_waiting(presence, now), seen.openings)
        self._absences, self._disputed = seen.absences, seen.disputed
        self._absent = intersect(seen.absences, self._opened)

    def figures(self, cells: Sequence[Span]) -> tuple[Figures, ...]:
        """One for each of the cells, which are in order, do not overlap and lie in the span."""
        known, now, of = self._known, self._now, _Lengths(cells)
        opened, staffed, unstaffed = of(self._opened), of(known.staffed), of(known.unstaffed)
        unknown = {reason: of(spans) for reason, spans in known.unknown.items()}
        waiting, unattended, absent = of(known.waiting), of(self._unattended), of(self._absent)
        waits, absences = _begun(self._waits, cells), _begun(self._absences, cells)
        disputed = _begun(self._disputed, cells)
        return tuple(
            Figures(
                span=cell,
                staffed=staffed[n],
                unstaffed=unstaffed[n],
                unknown_by={reason: lengths[n] for reason, lengths in unknown.items() if lengths[n]},
                closed=_passed(cell, now) - opened[n],
                to_come=cell.duration - _passed(cell, now),
                waiting=waiting[n],
                unattended=unattended[n],
                waits=waits[n],
                absent=absent[n],
                absences=absences[n],
                disputed=disputed[n],
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


def _within(presence: Sequence[PresenceSpan], opened: Sequence[Span], now: datetime) -> list[PresenceSpan]:
    """Those that reach into the open time: at night there may be more of them than by day."""
    ends = [span.end for span in opened]
    return [
        seen
        for seen in presence
        if (n := bisect_right(ends, seen.start)) < len(opened) and opened[n].start < (seen.end or now)
    ]


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
