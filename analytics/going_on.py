"""Which absence of before goes on as which of those that are found now: pure.

What overlaps is the same. One that became two goes on as one of them, two that became one as one of the two; what
people have said about either is lost by neither.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from analytics.absence import FoundAbsence, find_events
from analytics.runs import Excuse
from storage.intervals import Span

SAME = timedelta(seconds=5)
"""One that begins no further from where another was said to begin is the same one, if nothing overlaps."""
DECIDED = "decided"
"""A supervisor has decided on what follows."""
DIVIDED = "divided"
"""What follows was disputed by itself."""
ENDLESS = datetime.max.replace(tzinfo=UTC)
_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Before:
    """One as it was said before, on which no supervisor has decided."""

    id: int
    span: Span
    """To ENDLESS while it lasts; as it was said, of one that was taken back."""
    is_none: bool = False
    """It was taken back."""
    is_disputed: bool = False


class GoesOn(NamedTuple):
    found: FoundAbsence
    id: int | None
    """Which one it was before; None: it is new."""
    spoken_of: int | None = None
    """That has become two: what was said about it was said about this, too."""


def span_of(found: FoundAbsence) -> Span:
    return Span(found.start, found.end or ENDLESS)


def length(first: Span, second: Span) -> timedelta:
    """Of what they have in common."""
    return max(min(first.end, second.end) - max(first.start, second.start), timedelta(0))


def apart_from(found: FoundAbsence, decided: Iterable[Span], now: datetime) -> list[FoundAbsence]:
    """What is left of it outside these spans, as far as that alone is one by its rule."""
    cut = [Excuse(span, DECIDED) for span in sorted(decided) if length(span, span_of(found))]
    if not cut:
        return [found]
    spans = found.spans if found.end else (*found.spans[:-1], *(replace(last, end=None) for last in found.spans[-1:]))
    whole = Span(found.start, found.end or now + _AHEAD)
    left = find_events(found.sought, spans, [whole], found.rule, now, cut)
    return [replace(part, ended_by=found.ended_by) if part.end == found.end else part for part in left]


def going_on(
    before: Sequence[Before], found: Sequence[FoundAbsence], disputed: Sequence[tuple[int, Span]] = ()
) -> tuple[list[GoesOn], set[int]]:
    """Of all that is found, in order, what it was before; and the ids of those that are a part of another by now.

    `disputed`: time that somebody disputes, with the absence of before that it was said about.
    """
    chosen = {each.id: _chosen(each, found) for each in before}
    told: list[GoesOn] = []
    merged: set[int] = set()
    for number, event in enumerate(found):
        its = [each for each in before if chosen[each.id] == number]
        going = list(_shares(event, its)) or [GoesOn(event, None)]
        if not any(each.is_disputed for each in its):
            going = [share._replace(spoken_of=_spoken_of(event, disputed)) for share in going]
        told += going
        merged |= {each.id for each in its} - {share.id for share in going}
    return told, merged


def _chosen(each: Before, found: Sequence[FoundAbsence]) -> int | None:
    """Which it goes on as: what lasts of what lasted, else the longest that it has in common with."""
    meeting = [(number, event) for number, event in enumerate(found) if _meets(each, event)]
    if not meeting:
        near = [number for number, event in enumerate(found) if abs(event.start - each.span.start) <= SAME]
        return min(near, key=lambda number: abs(found[number].start - each.span.start), default=None)
    return max(meeting, key=lambda pair: (_both_last(each, pair[1]), length(each.span, span_of(pair[1])), -pair[0]))[0]


def _meets(each: Before, event: FoundAbsence) -> bool:
    return length(each.span, span_of(event)) > timedelta(0)


def _both_last(each: Before, event: FoundAbsence) -> bool:
    return each.span.end == ENDLESS and event.end is None


def _shares(event: FoundAbsence, its: Sequence[Before]) -> Iterator[GoesOn]:
    """Those that are disputed divide it at their beginnings; if none is, it is the one that it is most of."""
    disputed = sorted((each for each in its if each.is_disputed and not each.is_none), key=lambda each: each.span)
    if not disputed:
        best = max(its, key=lambda each: _fits(event, each), default=None)
        if best is not None:
            yield GoesOn(event, best.id)
        return
    starts = [event.start, *(each.span.start for each in disputed[1:])]
    ends = [*starts[1:], event.end]
    for each, start, end in zip(disputed, starts, ends, strict=True):
        if end is None or start < end:
            yield GoesOn(_part(event, start, end), each.id)


def _fits(event: FoundAbsence, each: Before) -> tuple[bool, bool, bool, timedelta, int]:
    overlap = length(each.span, span_of(event))
    return each.is_disputed, not each.is_none, _both_last(each, event), overlap, -each.id


def _part(event: FoundAbsence, start: datetime, end: datetime | None) -> FoundAbsence:
    if (start, end) == (event.start, event.end):
        return event
    until = end or ENDLESS
    spans = tuple(
        replace(span, start=max(span.start, start), end=min(span.end or until, until) if span.end or end else None)
        for span in event.spans
        if span.start < until and (span.end is None or span.end > start)
    )
    ended_by = event.ended_by if end == event.end else DIVIDED
    return replace(event, start=start, due=max(event.due, start), end=end, ended_by=ended_by, spans=spans)


def _spoken_of(event: FoundAbsence, disputed: Sequence[tuple[int, Span]]) -> int | None:
    its = [(length(span, span_of(event)), -absence_id) for absence_id, span in disputed]
    longest, absence_id = max(its, default=(timedelta(0), 0))
    return -absence_id if longest else None
