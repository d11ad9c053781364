"""What footage exists of a camera in a span of time, what is missing and why, and the bytes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol

from sqlalchemy import ColumnElement, ScalarSelect
from sqlalchemy import select as select_columns
from sqlmodel import Session, and_, col, func, or_, select

from storage.database import Database
from storage.fragments import recorded_parts
from storage.intervals import Span, intersect, merge, subtract
from storage.models import (
    MAX_CLOCK_ERROR,
    MAX_CLOCK_OFFSET,
    MAX_SEGMENT_SECONDS,
    Camera,
    ClockSource,
    Gap,
    GapCause,
    Segment,
    TimeCorrection,
)
from storage.objects import ObjectStore
from storage.runs import FRAME_HOLE
from storage.segment_bytes import read_segment
from storage.undated import AHEAD

NOT_YET = "not_yet"
"""Cause of what comes after the newest recording in the last minutes: it may still arrive."""

AWAITED = timedelta(seconds=2 * MAX_SEGMENT_SECONDS)
"""For so long: a segment ends at last, and has its row soon after. What has none then was not recorded, as far as
anybody knows; a recorder that comes back says why."""

NOT_BEGUN = "not_begun"
"""Cause of what comes before anything is known of the camera: it was not recorded yet."""

_MAX_OFFSET_US = MAX_CLOCK_OFFSET // timedelta(microseconds=1)
_MAX_LENGTH = timedelta(seconds=MAX_SEGMENT_SECONDS)
_GAPS_BEFORE = 16
"""Gaps of a camera follow one another, so one that reaches into a span is among the last few that start before it."""


class Reason(Protocol):
    """Of a gap: what `explained` needs to know."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime | None: ...
    @property
    def cause(self) -> GapCause: ...


@dataclass(frozen=True, slots=True)
class Missing:
    """A span without footage."""

    start: datetime
    end: datetime
    cause: str
    """A GapCause, NOT_YET or NOT_BEGUN."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Covered and missing spans together are exactly the span that was asked for."""

    covered: tuple[Span, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class UntrustedTime:
    """A span of footage whose wall time is in doubt."""

    start: datetime
    end: datetime
    camera_off_s: float
    """By how much the camera's clock was off, where that is why; else 0."""
    error_s: float
    """Its wall time is right to within this."""


@dataclass(frozen=True, slots=True)
class CorrectedTime:
    """A span of footage whose time was corrected by hand: by what, and by whom."""

    start: datetime
    end: datetime
    correction: int
    source: ClockSource
    """What its time had rested on."""
    shift_s: float
    """The time shown minus the time that the files say."""
    error_s: float
    """The time shown is right to within this."""
    reason: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What of a camera's time there is word of. None: nothing yet."""

    since: datetime | None
    """The start of its first segment or gap."""
    recorded_to: datetime | None
    """The end of its newest segment that does not lie in the future."""
    awaited_from: datetime
    """What was recorded before has its row."""


class Footage:
    """Reads segments wherever they are: the recorder's spool first, then the store."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        spool: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database = database
        self.store = store
        self.spool = spool
        self.clock = clock

    def segments(self, session: Session, camera_id: str, start: datetime, end: datetime) -> list[Segment]:
        """Those that overlap start..end, in the order of recording. Reads a bounded part of one index."""
        return sorted(session.exec(select(Segment).where(_overlaps(camera_id, start, end))), key=lambda s: s.sequence)

    def gaps(self, session: Session, camera_id: str, start: datetime, end: datetime) -> list[Gap]:
        """Those that overlap start..end, in order; an open gap overlaps everything after its start.

        One over which corrected footage has moved has no length any more, and overlaps nothing.
        """
        inside = select(Gap).where(Gap.camera_id == camera_id, col(Gap.start) >= start, col(Gap.start) < end)
        before = (
            select(Gap)
            .where(Gap.camera_id == camera_id, col(Gap.start) < start)
            .order_by(col(Gap.start).desc())
            .limit(_GAPS_BEFORE)
        )
        still_open = select(Gap).where(Gap.camera_id == camera_id, col(Gap.end).is_(None), col(Gap.start) < end)
        found = {gap.id: gap for query in (inside, before, still_open) for gap in session.exec(query)}
        reaching = (gap for gap in found.values() if gap.end is None or gap.end > max(start, gap.start))
        return sorted(reaching, key=lambda gap: gap.start)

    def coverage(self, session: Session, camera_id: str, start: datetime, end: datetime) -> Coverage:
        """Start and end as given, aware. Raises ValueError if the span ends before it starts."""
        asked = Span(start, end)
        near = Span(start - FRAME_HOLE, end + FRAME_HOLE)
        recorded = merge(recorded_spans(session, camera_id, near), bridge=FRAME_HOLE)
        covered = intersect([asked], recorded)
        holes = subtract([asked], covered)
        if not holes:
            return Coverage(tuple(covered), ())
        gaps = self.gaps(session, camera_id, start, end)
        return Coverage(tuple(covered), explained(holes, gaps, known(session, [camera_id], self.clock())[camera_id]))

    def untrusted_times(
        self, session: Session, camera_id: str, start: datetime, end: datetime
    ) -> tuple[UntrustedTime, ...]:
        """Of the footage in start..end, in order: where the clock of the camera, or of the recorder, was in doubt."""
        doubts = (col(Segment.clock_offset_us), col(Segment.clock_error_us), col(Segment.correction_id))
        wanted = select_columns(col(Segment.start), col(Segment.end), *doubts)
        query = wanted.where(_overlaps(camera_id, start, end), _is_doubtful()).order_by(col(Segment.start))
        rows = (
            UntrustedTime(
                max(first, start),
                min(last, end),
                offset_us / 1_000_000 if abs(offset_us) > _MAX_OFFSET_US and correction_id is None else 0.0,
                error_us / 1_000_000,
            )
            for first, last, offset_us, error_us, correction_id in session.execute(query)
        )
        return tuple(_merged(rows))

    def corrected_times(
        self, session: Session, camera_id: str, start: datetime, end: datetime
    ) -> tuple[CorrectedTime, ...]:
        """Of the footage in start..end, in order: what was corrected by hand."""
        query = (
            select(Segment.start, Segment.end, col(Segment.clock_source), TimeCorrection)
            .join(TimeCorrection, col(TimeCorrection.id) == col(Segment.correction_id))
            .where(_overlaps(camera_id, start, end))
            .order_by(col(Segment.start))
        )
        rows = (
            CorrectedTime(
                max(first, start),
                min(last, end),
                row.id or 0,
                source,
                row.shift_us / 1_000_000,
                row.error_us / 1_000_000,
                row.reason,
                row.made_by,
                row.made_at,
            )
            for first, last, source, row in session.exec(query)
        )
        return tuple(_put_together(rows))

    def recorded_to(self, session: Session, camera_id: str) -> datetime | None:
        """The end of the camera's newest segment, without what a clock recorded that was ahead; None if it has none."""
        newest = select(Segment.end).where(Segment.camera_id == camera_id, Segment.start <= self.clock() + AHEAD)
        return session.exec(newest.order_by(col(Segment.start).desc()).limit(1)).first()

    def read(self, segment: Segment, offset: int = 0, length: int | None = None) -> bytes:
        """Bytes of the segment's file, as `read_segment`."""
        return read_segment(self.spool, self.store, segment, offset, length)


def known(session: Session, camera_ids: Collection[str], now: datetime) -> Mapping[str, Known]:
    """Of each of the cameras, in one query that looks at both ends of two indexes."""
    first_segment = select(func.min(Segment.start)).where(Segment.camera_id == Camera.id).scalar_subquery()
    first_gap = select(func.min(Gap.start)).where(Gap.camera_id == Camera.id).scalar_subquery()
    query = select(Camera.id, first_segment, first_gap, newest_end(now))
    found = dict.fromkeys(camera_ids, Known(None, None, now - AWAITED))
    for camera_id, *firsts, recorded_to in session.exec(query.where(col(Camera.id).in_(camera_ids))):
        since = min((first for first in firsts if first is not None), default=None)
        found[camera_id] = Known(since, recorded_to, now - AWAITED)
    return found


def newest_end(now: datetime) -> ScalarSelect[datetime]:
    """Of each camera of a query: as `Footage.recorded_to`."""
    there = select(Segment.end).where(Segment.camera_id == Camera.id, Segment.start <= now + AHEAD)
    return there.order_by(col(Segment.start).desc()).limit(1).scalar_subquery()


def recorded_spans(session: Session, camera_id: str, near: Span) -> list[Span]:
    """Of every segment that overlaps `near`, as they are and without their holes, in the order of recording."""
    columns = (col(Segment.sequence), col(Segment.start), col(Segment.end), col(Segment.holes))
    rows = session.exec(select(*columns).where(_overlaps(camera_id, near.start, near.end)))
    return [part for _, start, end, holes in sorted(rows) for part in recorded_parts(start, end, holes)]


def recorded_near(session: Session, places: Sequence[tuple[str, Span]]) -> Iterator[tuple[str, Span]]:
    """Of every segment of these cameras that overlaps one of their spans, as it is without its holes, in no order."""
    columns = (col(Segment.camera_id), col(Segment.start), col(Segment.end), col(Segment.holes))
    for first in range(0, len(places), _PLACES_AT_ONCE):
        wanted = (_overlaps(camera_id, near.start, near.end) for camera_id, near in places[first:][:_PLACES_AT_ONCE])
        for camera_id, start, end, holes in session.exec(select(*columns).where(or_(*wanted))):
            yield from ((camera_id, part) for part in recorded_parts(start, end, holes))


def recorded_formats(session: Session, camera_id: str, near: Span) -> list[tuple[Span, str]]:
    """The same with the `parameters` of each."""
    columns = (col(Segment.sequence), col(Segment.start), col(Segment.end), col(Segment.parameters))
    rows = session.exec(select(*columns).where(_overlaps(camera_id, near.start, near.end)))
    return [(Span(start, end), parameters) for _, start, end, parameters in sorted(rows)]


_PLACES_AT_ONCE = 50


def _overlaps(camera_id: str, start: datetime, end: datetime) -> ColumnElement[bool]:
    """Of segments. The lower bound on their start keeps the search within a few rows of one index."""
    return and_(
        col(Segment.camera_id) == camera_id,
        col(Segment.start) > start - _MAX_LENGTH,
        col(Segment.start) < end,
        col(Segment.end) > start,
    )


def _is_doubtful() -> ColumnElement[bool]:
    """Of segments: what `is_clock_trusted` denies."""
    return or_(
        and_(col(Segment.correction_id).is_(None), func.abs(col(Segment.clock_offset_us)) > _MAX_OFFSET_US),
        col(Segment.clock_error_us) > MAX_CLOCK_ERROR // timedelta(microseconds=1),
    )


def _merged(times: Iterable[UntrustedTime]) -> Iterable[UntrustedTime]:
    """What follows without a hole and for the same reason together, with the largest numbers."""
    joined: list[UntrustedTime] = []
    for time in times:
        before = joined[-1] if joined else None
        if before is None or not _belong_together(before, time):
            joined.append(time)
            continue
        off = max(before.camera_off_s, time.camera_off_s, key=abs)
        end, error = max(before.end, time.end), max(before.error_s, time.error_s)
        joined[-1] = UntrustedTime(before.start, end, off, error)
    return joined


def _put_together(times: Iterable[CorrectedTime]) -> list[CorrectedTime]:
    """What follows without a hole and was corrected in one."""
    joined: list[CorrectedTime] = []
    for time in times:
        before = joined[-1] if joined else None
        if before and before.correction == time.correction and time.start - before.end <= FRAME_HOLE:
            joined[-1] = replace(before, end=max(before.end, time.end))
        else:
            joined.append(time)
    return joined


def _belong_together(before: UntrustedTime, after: UntrustedTime) -> bool:
    return after.start - before.end <= FRAME_HOLE and bool(before.camera_off_s) == bool(after.camera_off_s)


def explained(holes: Iterable[Span], gaps: Iterable[Reason], known: Known) -> tuple[Missing, ...]:
    """Every hole, cut into parts of one cause.

    Where gaps overlap, the one that starts first explains, of two that start together the one whose cause comes first
    in the alphabet. storage.packed_density sums up the same of many at once.
    """
    missing: list[Missing] = []
    wanted = merge(holes)
    reasons = _one_reason_at_a_time(gaps, wanted[-1].end) if wanted else []
    first = 0
    for hole in wanted:
        while first < len(reasons) and reasons[first].end <= hole.start:
            first += 1
        missing += _without_pauses(_parts(hole, islice(reasons, first, None), known))
    return tuple(_joined(missing))


def _without_pauses(parts: Iterable[Missing]) -> list[Missing]:
    """Of one hole: the pause between a frame and a gap is no loss of its own, and belongs to the gap."""
    kept: list[Missing] = []
    pause: Missing | None = None
    for part in parts:
        if part.cause != GapCause.UNKNOWN or part.end - part.start >= FRAME_HOLE:
            kept.append(replace(part, start=pause.start) if pause else part)
            pause = None
        elif kept:
            kept[-1] = replace(kept[-1], end=part.end)
        else:
            pause = replace(part, start=pause.start) if pause else part
    return [pause] if pause else kept


def _one_reason_at_a_time(gaps: Iterable[Reason], latest: datetime) -> list[Missing]:
    """Disjoint, in order and joined. An open gap has no end in sight: it reaches to the last moment asked for."""
    reasons: list[Missing] = []
    for gap in sorted(gaps, key=lambda gap: (gap.start, gap.cause)):
        start = max(gap.start, reasons[-1].end) if reasons else gap.start
        end = gap.end or latest
        if start < end:
            reasons.append(Missing(start, end, gap.cause.value))
    return _joined(reasons)


def _parts(hole: Span, reasons: Iterable[Missing], known: Known) -> Iterator[Missing]:
    """`reasons` from the first on that ends after the hole begins."""
    at = hole.start
    for reason in reasons:
        if reason.start >= hole.end:
            break
        if at < reason.start:
            yield from _unexplained(Span(at, reason.start), known)
        yield Missing(max(at, reason.start), min(reason.end, hole.end), reason.cause)
        at = min(reason.end, hole.end)
    if at < hole.end:
        yield from _unexplained(Span(at, hole.end), known)


def _unexplained(span: Span, known: Known) -> list[Missing]:
    """Before anything is known, after the newest recording, and (which ought not to be) between and for long after."""
    since = span.end if known.since is None else min(max(known.since, span.start), span.end)
    known_to = None if known.recorded_to is None else max(known.recorded_to, known.awaited_from)
    newest = span.end if known_to is None else min(max(known_to, since), span.end)
    parts = ((span.start, since, NOT_BEGUN), (since, newest, GapCause.UNKNOWN.value), (newest, span.end, NOT_YET))
    return [Missing(start, end, cause) for start, end, cause in parts if start < end]


def _joined(parts: list[Missing]) -> list[Missing]:
    joined: list[Missing] = []
    for part in parts:
        if joined and joined[-1].end == part.start and joined[-1].cause == part.cause:
            joined[-1] = Missing(joined[-1].start, part.end, part.cause)
        else:
            joined.append(part)
    return joined
