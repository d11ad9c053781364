"""How much of each day was recorded, and missing for which cause, straight from packed days: a month with thousands of
gaps in a few milliseconds. The words are those of `explained` and `densities`, which do the same a span at a time.

Moments are microseconds since the start of the span that is asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from storage.density import Density
from storage.footage import NOT_BEGUN, NOT_YET, Known, Reason
from storage.intervals import Span
from storage.models import GapCause
from storage.packed_days import CAUSES, PackedDay
from storage.runs import FRAME_HOLE, day_span

_US = timedelta(microseconds=1)
_FRAME_HOLE_US = FRAME_HOLE // _US
_RUN = np.dtype([("start", "<i8"), ("end", "<i8")])
_GAP = np.dtype([("start", "<i8"), ("end", "<i8"), ("cause", "u1")])

_WORDS = (*sorted(cause.value for cause in GapCause), NOT_BEGUN, NOT_YET)
"""A cause's number here is its place among them: of gaps that start together the first explains."""
_NUMBERS = np.array([_WORDS.index(cause) for cause in CAUSES])
"""By the code of a packed cause."""
_UNKNOWN, _NOT_BEGUN, _NOT_YET = (_WORDS.index(word) for word in (GapCause.UNKNOWN, NOT_BEGUN, NOT_YET))

Moments = NDArray[np.int64]


@dataclass(frozen=True)
class _Spans:
    """In order and disjoint, unless said otherwise."""

    starts: Moments
    ends: Moments

    def kept(self, which: NDArray[np.bool_]) -> "_Spans":
        return _Spans(self.starts[which], self.ends[which])

    def holding(self, moments: Moments) -> Moments:
        """The number of the span that holds each of the moments; -1: none."""
        if not self.starts.size:
            return np.full(moments.shape, -1)
        numbers = np.searchsorted(self.starts, moments, side="right") - 1
        return np.where((numbers >= 0) & (moments < self.ends[numbers]), numbers, -1)

    def lengths_in(self, cells: "_Spans") -> Moments:
        """How much of each of the cells they fill."""
        so_far = np.concatenate([[0], np.cumsum(self.ends - self.starts)])
        ends = np.concatenate([[np.iinfo(np.int64).min // 2], self.ends])

        def before(moments: Moments) -> Moments:
            begun = np.searchsorted(self.starts, moments, side="right")
            return so_far[begun] - np.maximum(ends[begun] - moments, 0)

        return before(cells.ends) - before(cells.starts)


def packed_densities(
    days: Mapping[date, PackedDay], lasting: Iterable[Reason], known: Known, span: Span, cells: Sequence[Span]
) -> tuple[Density, ...]:
    """One for each of the cells, which must follow one another, of what of them lies in the span.

    `lasting`: gaps without an end. Of `days` it needs those that the span touches.
    """
    length = (span.end - span.start) // _US
    edges = _Spans(
        np.array([(cell.start - span.start) // _US for cell in cells]),
        np.array([(cell.end - span.start) // _US for cell in cells]),
    )
    runs = _runs(days, span.start, length)
    holes = _holes(runs, length)
    reasons, causes = _reasons(days, lasting, span.start, length)
    parts, words = _explained(holes, reasons, causes, known, span)
    missing: list[dict[str, timedelta]] = [{} for _ in cells]
    for word in np.flatnonzero(np.bincount(words)).tolist():
        for number, length_us in enumerate(parts.kept(words == word).lengths_in(edges).tolist()):
            if length_us:
                missing[number][_WORDS[word]] = timedelta(microseconds=length_us)
    recorded = runs.lengths_in(edges).tolist()
    return tuple(Density(timedelta(microseconds=us), causes) for us, causes in zip(recorded, missing, strict=True))


def _runs(days: Mapping[date, PackedDay], origin: datetime, length: int) -> _Spans:
    runs, shifts = _rows({day: packed.runs for day, packed in days.items()}, _RUN, origin)
    found = _Spans(np.clip(runs["start"] + shifts, 0, length), np.clip(runs["end"] + shifts, 0, length))
    return found.kept(found.starts < found.ends)


def _rows(packed: Mapping[date, bytes], kind: np.dtype[np.void], origin: datetime) -> tuple[NDArray[np.void], Moments]:
    """In order of the days, and for each row how far its day's midnight lies from the origin."""
    order = sorted(packed)
    shifts = np.array([(day_span(day).start - origin) // _US for day in order], np.int64)
    counts = [len(packed[day]) // kind.itemsize for day in order]
    return np.frombuffer(b"".join(packed[day] for day in order), kind), np.repeat(shifts, counts)


def _holes(runs: _Spans, length: int) -> _Spans:
    holes = _Spans(np.concatenate([[0], runs.ends]), np.concatenate([runs.starts, [length]]))
    return holes.kept(holes.starts < holes.ends)


def _reasons(
    days: Mapping[date, PackedDay], lasting: Iterable[Reason], origin: datetime, length: int
) -> tuple[_Spans, Moments]:
    """With the number of the cause of each, one at a time, and joined where they follow with the same cause."""
    ended, shifts = _rows({day: packed.gaps for day, packed in days.items()}, _GAP, origin)
    still = [((gap.start - origin) // _US, _WORDS.index(gap.cause)) for gap in lasting]
    starts = np.concatenate([ended["start"] + shifts, np.array([start for start, _ in still], np.int64)])
    ends = np.concatenate([ended["end"] + shifts, np.full(len(still), length)])
    causes = np.concatenate([_NUMBERS[ended["cause"]], np.array([cause for _, cause in still], np.int64)])
    order = np.lexsort((causes, starts))
    starts, ends, causes = starts[order], ends[order], causes[order]
    starts[1:] = np.maximum(starts[1:], np.maximum.accumulate(ends)[:-1])
    real = starts < ends
    starts, ends, causes = starts[real], ends[real], causes[real]
    new = np.ones(len(starts), bool)
    new[1:] = (starts[1:] > ends[:-1]) | (causes[1:] != causes[:-1])
    last = np.append(new[1:], True)[: len(new)]
    return _Spans(starts[new], ends[last]), causes[new]


def _explained(holes: _Spans, reasons: _Spans, causes: Moments, known: Known, span: Span) -> tuple[_Spans, Moments]:
    """Every hole, cut into parts, and the number of the cause of each."""
    since, newest = _known_between(known, span)
    bounds = np.array([since, newest])
    unexplained = bounds[reasons.holding(bounds) < 0]
    cuts = _distinct(np.concatenate([holes.starts, holes.ends, reasons.starts, reasons.ends, unexplained]))
    hole = holes.holding(cuts)
    inside = np.flatnonzero(hole >= 0)
    starts = cuts[inside]
    parts = _Spans(starts, cuts[inside + 1])
    reason = reasons.holding(starts)
    words = np.where(starts < since, _NOT_BEGUN, np.where(starts < newest, _UNKNOWN, _NOT_YET))
    if causes.size:
        words = np.where(reason >= 0, causes[reason], words)
    return parts, _without_pauses(parts, words, hole[inside])


def _distinct(moments: Moments) -> Moments:
    """In order. What is put together from a few sorted lists is sorted faster than numpy's `unique` hashes it."""
    ordered = np.sort(moments, kind="stable")
    found: Moments = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return found


def _known_between(known: Known, span: Span) -> tuple[int, int]:
    """From when on, and up to when, time without footage and without a gap is unknown."""
    end = (span.end - span.start) // _US
    since = end if known.since is None else (known.since - span.start) // _US
    if known.recorded_to is None:
        return since, end
    return since, (max(known.recorded_to, known.awaited_from) - span.start) // _US


def _without_pauses(parts: _Spans, words: Moments, hole: Moments) -> Moments:
    """The pause between a frame and a gap belongs to the part before it in its hole, else to the one after it."""
    pause = (words == _UNKNOWN) & (parts.ends - parts.starts < _FRAME_HOLE_US)
    if not pause.any():
        return words
    numbers, count = np.arange(len(words)), len(words)
    before = np.maximum.accumulate(np.where(pause, -1, numbers))
    after = np.minimum.accumulate(np.where(pause, count, numbers)[::-1])[::-1]
    found = words.copy()
    for near, exists in ((after, after < count), (before, before >= 0)):
        near = np.where(exists, near, 0)
        belongs = pause & exists & (hole[near] == hole)
        found[belongs] = words[near[belongs]]
    return found
