"""Arithmetic on spans of time. Results are sorted, disjoint, and never hold an empty span."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice, takewhile
from typing import Protocol

_US = timedelta(microseconds=1)


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
    left: list[Span] = []
    cuts = merge(holes)
    first = 0
    for span in merge(spans):
        while first < len(cuts) and cuts[first].end <= span.start:
            first += 1
        left += _without(span, takewhile(partial(_begins_within, span), islice(cuts, first, None)))
    return left


def intersect(a: Iterable[Span], b: Iterable[Span]) -> list[Span]:
    """What is in both."""
    ours, theirs = merge(a), merge(b)
    common: list[Span] = []
    one = other = 0
    while one < len(ours) and other < len(theirs):
        start, end = max(ours[one].start, theirs[other].start), min(ours[one].end, theirs[other].end)
        if start < end:
            common.append(Span(start, end))
        if ours[one].end <= theirs[other].end:
            one += 1
        else:
            other += 1
    return common


def total(spans: Iterable[Span]) -> timedelta:
    """The time covered; what overlaps counts once."""
    return sum((span.duration for span in merge(spans)), timedelta(0))


def whole_seconds(seconds: float) -> int:
    """A length as it is counted and told: to the nearest second."""
    return round(seconds)


class Between(Protocol):
    """What has two ends, as a span has."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...


def within(spans: Iterable[Span], limits: Span) -> list[Span]:
    """What of the spans lies in one other; as `intersect` with that alone."""
    if limits.start == limits.end:
        return []
    inside = [span for span in merge(spans) if span.end > limits.start and span.start < limits.end]
    if inside and inside[0].start < limits.start:
        inside[0] = Span(limits.start, inside[0].end)
    if inside and inside[-1].end > limits.end:
        inside[-1] = Span(inside[-1].start, limits.end)
    return inside


def lengths_in(spans: Iterable[Between], cells: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """For each of the cells, in order and disjoint, that a span touches: its number, and how much of it in µs."""
    starts = [cell.start for cell in cells]
    for span in spans:
        number = max(bisect_right(starts, span.start) - 1, 0)
        if number < len(cells) and cells[number].start <= span.start < span.end <= cells[number].end:  # as mostly
            yield number, (span.end - span.start) // _US
            continue
        while number < len(cells) and cells[number].start < span.end:
            inside = min(span.end, cells[number].end) - max(span.start, cells[number].start)
            if inside > timedelta():
                yield number, inside // _US
            number += 1


def _joins(before: Span, after: Span, bridge: timedelta) -> bool:
    return after.start <= before.end or after.start - before.end < bridge


def _without(span: Span, cuts: Iterable[Span]) -> Iterator[Span]:
    """The cuts in order, each of which reaches into the span."""
    start = span.start
    for cut in cuts:
        if start < cut.start:
            yield Span(start, cut.start)
        start = cut.end
    if start < span.end:
        yield Span(start, span.end)


def _begins_within(span: Span, cut: Span) -> bool:
    return cut.start < span.end
