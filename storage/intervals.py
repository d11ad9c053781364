"""Arithmetic on spans of time. Results are sorted, disjoint, and never hold an empty span."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` up to, but not including, `end`. Raises ValueError if it ends before it starts."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span cannot end ({self.end}) before it starts ({self.start})")

    @property
    def duration(self) -> timedelta:
        return self.end - self.start


def merge(spans: Iterable[Span], bridge: timedelta = timedelta(0)) -> list[Span]:
    """Joins spans that overlap, touch, or leave a hole shorter than `bridge` between them."""
    merged: list[Span] = []
    for span in sorted(s for s in spans if s.start < s.end):
        if merged and _joins(merged[-1], span, bridge):
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def subtract(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """What is in `spans` and in none of the `holes`."""
    left = merge(spans)
    for hole in merge(holes):
        left = [piece for span in left for piece in _without(span, hole)]
    return left


def intersect(a: Iterable[Span], b: Iterable[Span]) -> list[Span]:
    """What is in both."""
    ours, theirs = merge(a), merge(b)
    common: list[Span] = []
    while ours and theirs:
        start, end = max(ours[0].start, theirs[0].start), min(ours[0].end, theirs[0].end)
        if start < end:
            common.append(Span(start, end))
        _drop_the_one_that_ends_first(ours, theirs)
    return common


def total(spans: Iterable[Span]) -> timedelta:
    """The time covered; what overlaps counts once."""
    return sum((span.duration for span in merge(spans)), timedelta(0))


def _joins(before: Span, after: Span, bridge: timedelta) -> bool:
    return after.start <= before.end or after.start - before.end < bridge


def _without(span: Span, hole: Span) -> list[Span]:
    if hole.end <= span.start or span.end <= hole.start:
        return [span]
    pieces = [(span.start, hole.start), (hole.end, span.end)]
    return [Span(start, end) for start, end in pieces if start < end]


def _drop_the_one_that_ends_first(ours: list[Span], theirs: list[Span]) -> None:
    (ours if ours[0].end <= theirs[0].end else theirs).pop(0)
