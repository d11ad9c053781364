"""How much of each day was recorded, and missing for which cause, straight from packed days: a month of a hall in some
dozen milliseconds, whatever the gaps. The words are those of `explained` and `densities`, a span at a time.

Moments are microseconds on one axis, on which the spans that are asked for of all cameras lie one after another: so
whatever has to be done is done once for all of them. `_Axis` says where each camera's span lies.
"""

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class PackedDays:
    """What there is of a camera."""

    days: Mapping[date, PackedDay]
    """At least those that the span touches."""
    lasting: Sequence[Reason]
    """Gaps without an end."""
    known: Known


@dataclass(frozen=True)
class _Axis:
    """Between the spans of two cameras there is a microsecond, so that nothing of one touches the other's."""

    origin: datetime
    length: int
    cameras: int

    @property
    def starts(self) -> Moments:
        return np.arange(self.cameras, dtype=np.int64) * (self.length + 1)

    @property
    def ends(self) -> Moments:
        return self.starts + self.length

    def since_origin(self, moment: datetime) -> int:
        return (moment - self.origin) // _US

    def placed(self, since_origin: Moments, cameras: Moments) -> Moments:
        """Each in the span of its camera, at its nearer end if it lies outside."""
        return np.clip(since_origin, 0, self.length) + self.starts[cameras]


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


def packed_densities(cameras: Sequence[PackedDays], span: Span, cells: Sequence[Span]) -> list[tuple[Density, ...]]:
    """For each of the cameras one for each of the cells, which must follow one another, of what of them lies in the
    span."""
    if not cameras:
        return []
    axis = _Axis(span.start, (span.end - span.start) // _US, len(cameras))
    edges = _cells(cells, axis)
    runs = _runs([camera.days for camera in cameras], axis)
    reasons, causes = _reasons(cameras, axis)
    parts, words = _explained(_holes(runs, axis), reasons, causes, [camera.known for camera in cameras], axis)
    missing: list[dict[str, timedelta]] = [{} for _ in edges.starts]
    for word in np.flatnonzero(np.bincount(words)).tolist():
        lengths = parts.kept(words == word).lengths_in(edges)
        for number in np.flatnonzero(lengths).tolist():
            missing[number][_WORDS[word]] = timedelta(microseconds=int(lengths[number]))
    recorded = runs.lengths_in(edges).tolist()
    found = [Density(timedelta(microseconds=us), causes) for us, causes in zip(recorded, missing, strict=True)]
    return [tuple(found[at : at + len(cells)]) for at in range(0, len(found), len(cells))]


def _cells(cells: Sequence[Span], axis: _Axis) -> _Spans:
    """Those of the first camera, those of the second, and so on."""
    camera = np.repeat(np.arange(axis.cameras), len(cells))
    starts = np.array([axis.since_origin(cell.start) for cell in cells], np.int64)
    ends = np.array([axis.since_origin(cell.end) for cell in cells], np.int64)
    return _Spans(
        axis.placed(np.tile(starts, axis.cameras), camera),
        axis.placed(np.tile(ends, axis.cameras), camera),
    )


def _runs(cameras: Sequence[Mapping[date, PackedDay]], axis: _Axis) -> _Spans:
    packed = [{day: found.runs for day, found in days.items()} for days in cameras]
    runs, shifts, camera = _rows(packed, _RUN, axis)
    found = _Spans(axis.placed(runs["start"] + shifts, camera), axis.placed(runs["end"] + shifts, camera))
    return found.kept(found.starts < found.ends)


def _rows(
    cameras: Sequence[Mapping[date, bytes]], kind: np.dtype[np.void], axis: _Axis
) -> tuple[NDArray[np.void], Moments, Moments]:
    """In order of the cameras and of their days. With each row goes how far its day's midnight lies from the origin,
    and the number of its camera."""
    midnights = {
        day: axis.since_origin(day_span(day).start) for day in dict.fromkeys(day for days in cameras for day in days)
    }
    places = [(number, day) for number, days in enumerate(cameras) for day in sorted(days)]
    counts = [len(cameras[number][day]) // kind.itemsize for number, day in places]
    rows = np.frombuffer(b"".join(cameras[number][day] for number, day in places), kind)
    shifts = np.array([midnights[day] for _, day in places], np.int64)
    numbers = np.array([number for number, _ in places], np.int64)
    return rows, np.repeat(shifts, counts), np.repeat(numbers, counts)


def _holes(runs: _Spans, axis: _Axis) -> _Spans:
    """As many begin as end, so the one that begins next ends next."""
    starts, ends = np.concatenate([axis.starts, runs.ends]), np.concatenate([runs.starts, axis.ends])
    holes = _Spans(np.sort(starts, kind="stable"), np.sort(ends, kind="stable"))
    return holes.kept(holes.starts < holes.ends)


def _reasons(cameras: Sequence[PackedDays], axis: _Axis) -> tuple[_Spans, Moments]:
    """With the number of the cause of each, one at a time, and joined where they follow with the same cause."""
    packed = [{day: found.gaps for day, found in camera.days.items()} for camera in cameras]
    ended, shifts, of = _rows(packed, _GAP, axis)
    still = np.array(
        [
            (axis.since_origin(gap.start), number, _WORDS.index(gap.cause))
            for number, camera in enumerate(cameras)
            for gap in camera.lasting
        ],
        np.int64,
    ).reshape(-1, 3)
    begins = np.concatenate([ended["start"] + shifts, still[:, 0]])
    camera_of = np.concatenate([of, still[:, 1]])
    ends = axis.placed(np.concatenate([ended["end"] + shifts, np.full(len(still), axis.length)]), camera_of)
    causes = np.concatenate([_NUMBERS[ended["cause"]], still[:, 2]])
    starts = axis.placed(begins, camera_of)
    order = np.lexsort((causes, begins, camera_of))  # of what began before the span, too, the first explains
    starts, ends, causes = starts[order], ends[order], causes[order]
    starts[1:] = np.maximum(starts[1:], np.maximum.accumulate(ends)[:-1])
    real = starts < ends
    starts, ends, causes = starts[real], ends[real], causes[real]
    new = np.ones(len(starts), bool)
    new[1:] = (starts[1:] > ends[:-1]) | (causes[1:] != causes[:-1])
    last = np.append(new[1:], True)[: len(new)]
    return _Spans(starts[new], ends[last]), causes[new]


def _explained(
    holes: _Spans, reasons: _Spans, causes: Moments, known: Sequence[Known], axis: _Axis
) -> tuple[_Spans, Moments]:
    """Every hole, cut into parts, and the number of the cause of each."""
    since, newest = _known_between(known, axis)
    bounds = np.concatenate([since, newest])
    unexplained = bounds[reasons.holding(bounds) < 0]
    cuts = _distinct(np.concatenate([holes.starts, holes.ends, reasons.starts, reasons.ends, unexplained]))
    hole = holes.holding(cuts)
    inside = np.flatnonzero(hole >= 0)
    starts = cuts[inside]
    parts = _Spans(starts, cuts[inside + 1])
    reason, camera = reasons.holding(starts), starts // (axis.length + 1)
    words = np.where(starts < since[camera], _NOT_BEGUN, np.where(starts < newest[camera], _UNKNOWN, _NOT_YET))
    if causes.size:
        words = np.where(reason >= 0, causes[reason], words)
    return parts, _without_pauses(parts, words, hole[inside])


def _distinct(moments: Moments) -> Moments:
    """In order. What is put together from a few sorted lists is sorted faster than numpy's `unique` hashes it."""
    ordered = np.sort(moments, kind="stable")
    found: Moments = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return found


def _known_between(known: Sequence[Known], axis: _Axis) -> tuple[Moments, Moments]:
    """Of each camera: from when on, and up to when, time without footage and without a gap is unknown."""
    since = [axis.length if each.since is None else axis.since_origin(each.since) for each in known]
    newest = [
        axis.length if each.recorded_to is None else axis.since_origin(max(each.recorded_to, each.awaited_from))
        for each in known
    ]
    cameras = np.arange(axis.cameras)
    return axis.placed(np.array(since, np.int64), cameras), axis.placed(np.array(newest, np.int64), cameras)


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
