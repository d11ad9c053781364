"""The recording calendar: which time of which cameras was recorded, for any number of days, without reading segments.

Rows of `recorded_day` hold what has been worked out, gaps that have ended included; notes of `recording_change` say
where that is out of date. Who asks gets both put together, so the answer is always what segments and gaps say;
`refresh` puts them together for good.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session, col, delete, select

from storage.database import Database
from storage.density import Density
from storage.footage import Coverage, Reason, explained, known, recorded_near
from storage.intervals import Span, intersect, merge, subtract, within
from storage.models import Camera, Gap, RecordedDay, RecordingChange
from storage.packed_days import EndedGap, PackedDay, pack_gaps, unpack_gaps
from storage.runs import FRAME_HOLE, day_span, days_of, pack_runs, patched, unpack_runs, widened

_NOTES_AT_ONCE = 10_000

Days = dict[str, dict[date, PackedDay]]
"""Of each camera; no day: nothing was recorded, and no gap has ended."""


@dataclass(frozen=True)
class _Changes:
    """Of one camera, in order and disjoint."""

    segments: list[Span]
    gaps: list[Span]


_Note = tuple[Span, bool]
"""And whether it is of gaps."""


def recorded(session: Session, camera_ids: Collection[str], span: Span) -> Mapping[str, list[Span]]:
    """The recorded runs of each of the cameras within the span."""
    return {camera_id: _runs(days, span) for camera_id, days in _days(session, camera_ids, span).items()}


def coverages(session: Session, camera_ids: Collection[str], span: Span, now: datetime) -> Mapping[str, Coverage]:
    """As Footage.coverage of each of the cameras, for spans of any length, in a few queries."""
    lasting, days = _lasting_gaps(session, camera_ids, span), _days(session, camera_ids, span)
    words = known(session, camera_ids, now)
    found = {}
    for camera_id in camera_ids:
        covered = _runs(days[camera_id], span)
        ended = (gap for day, packed in sorted(days[camera_id].items()) for gap in unpack_gaps(day, packed.gaps))
        reasons = [*ended, *lasting[camera_id]]
        found[camera_id] = Coverage(tuple(covered), explained(subtract([span], covered), reasons, words[camera_id]))
    return found


def densities_of(
    session: Session, camera_ids: Collection[str], days: Sequence[Span], until: datetime, now: datetime
) -> Mapping[str, tuple[Density, ...]]:
    """As `densities` of the coverage of each of the cameras from the first day up to `until`, for many gaps at once.

    The days must follow one another.
    """
    from storage.packed_density import PackedDays, packed_densities  # with numpy, which nobody needs who records

    span = Span(days[0].start, max(until, days[0].start))
    lasting, packed = _lasting_gaps(session, camera_ids, span), _days(session, camera_ids, span)
    words = known(session, camera_ids, now)
    cameras = [PackedDays(packed[camera_id], lasting[camera_id], words[camera_id]) for camera_id in camera_ids]
    return dict(zip(camera_ids, packed_densities(cameras, span, days), strict=True))


def refresh(database: Database) -> int:
    """Takes the notes into the rows, camera by camera; returns for how many cameras there were some."""
    with database.transaction() as session:
        some = select(RecordingChange.camera_id).limit(_NOTES_AT_ONCE).subquery()
        cameras = session.exec(select(some.c.camera_id).distinct()).all()
    for camera_id in sorted(cameras):
        with database.transaction() as session:
            refresh_camera(session, camera_id)
    return len(cameras)


def refresh_camera(session: Session, camera_id: str) -> None:
    """Whoever else does the same for this camera waits until this transaction ends; recorders do not."""
    alone = select(Camera.id).where(Camera.id == camera_id).with_for_update(key_share=True)
    known = session.exec(alone).first() is not None
    notes = session.exec(
        delete(RecordingChange)
        .where(col(RecordingChange.camera_id) == camera_id)
        .returning(col(RecordingChange.start), col(RecordingChange.end), col(RecordingChange.of_gaps))
    )
    changes = _noted((Span(start, end), of_gaps) for start, end, of_gaps in notes)
    if known:
        for day in sorted({day for span in (*changes.segments, *changes.gaps) for day in days_of(span)}):
            _refresh_day(session, camera_id, day, changes)


def _refresh_day(session: Session, camera_id: str, day: date, changes: _Changes) -> None:
    row = session.get(RecordedDay, (camera_id, day)) or RecordedDay(camera_id=camera_id, day=day, runs=b"", gaps=b"")
    found: Days = {camera_id: {day: PackedDay(row.runs, row.gaps)}}
    _bring_up_to_date(session, found, {camera_id: changes}, day_span(day))
    packed = found[camera_id][day]
    row.runs, row.gaps = packed.runs, packed.gaps
    if packed != PackedDay():
        session.add(row)
    elif row in session:
        session.delete(row)


def _days(session: Session, camera_ids: Collection[str], span: Span) -> Days:
    """The days in UTC that the span touches."""
    found: Days = {camera_id: {} for camera_id in camera_ids}
    touched = list(days_of(span))
    if not touched:
        return found
    whole = Span(day_span(touched[0]).start, day_span(touched[-1]).end)
    # Notes first: one that is taken into its row meanwhile is taken in twice, never not at all.
    changes = _changes(session, camera_ids, whole)
    rows = session.exec(
        select(RecordedDay.camera_id, col(RecordedDay.day), RecordedDay.runs, RecordedDay.gaps).where(
            col(RecordedDay.camera_id).in_(camera_ids), col(RecordedDay.day).between(touched[0], touched[-1])
        )
    )
    for camera_id, day, runs, gaps in rows:
        found[camera_id][day] = PackedDay(runs, gaps)
    _bring_up_to_date(session, found, changes, whole)
    return found


def _runs(days: Mapping[date, PackedDay], span: Span) -> list[Span]:
    return within((run for day, packed in days.items() for run in unpack_runs(day, packed.runs)), span)


def _bring_up_to_date(session: Session, days: Days, changes: Mapping[str, _Changes], whole: Span) -> None:
    """Puts what segments and gaps say now into the days where something has changed; `whole` is all of them."""
    segments = {camera_id: intersect(change.segments, [whole]) for camera_id, change in changes.items()}
    gaps = {camera_id: intersect(change.gaps, [whole]) for camera_id, change in changes.items()}
    _renew_runs(session, days, {camera_id: dirty for camera_id, dirty in segments.items() if dirty})
    _renew_gaps(session, days, {camera_id: dirty for camera_id, dirty in gaps.items() if dirty})


def _renew_runs(session: Session, days: Days, dirty: Mapping[str, list[Span]]) -> None:
    places = [(camera_id, part) for camera_id, parts in dirty.items() for part in parts]
    around = [(camera_id, Span(part.start - FRAME_HOLE, part.end + FRAME_HOLE)) for camera_id, part in places]
    segments: defaultdict[str, list[Span]] = defaultdict(list)
    for camera_id, span in recorded_near(session, around):
        segments[camera_id].append(span)
    for camera_id, parts in dirty.items():
        there = merge(segments[camera_id], bridge=FRAME_HOLE)
        for day in _days_in(parts):
            packed = days[camera_id].get(day, PackedDay())
            runs = patched(unpack_runs(day, packed.runs), intersect(parts, [day_span(day)]), there)
            days[camera_id][day] = replace(packed, runs=pack_runs(day, runs))


def _renew_gaps(session: Session, days: Days, dirty: Mapping[str, list[Span]]) -> None:
    """Of a day in which any has changed all are packed anew."""
    for camera_id, parts in dirty.items():
        changed = _days_in(parts)
        whole = Span(day_span(changed[0]).start, day_span(changed[-1]).end)
        gaps: defaultdict[date, list[EndedGap]] = defaultdict(list)
        for gap in _ended_gaps(session, camera_id, whole):
            for day in days_of(Span(max(gap.start, whole.start), min(gap.end, whole.end))):
                gaps[day].append(gap)
        for day in changed:
            packed = days[camera_id].get(day, PackedDay())
            days[camera_id][day] = replace(packed, gaps=pack_gaps(day, gaps[day]))


def _days_in(spans: Iterable[Span]) -> list[date]:
    return sorted({day for span in spans for day in days_of(span)})


def _changes(session: Session, camera_ids: Collection[str], span: Span) -> Mapping[str, _Changes]:
    """That reach into the span, or nearly."""
    found = session.exec(
        select(RecordingChange.camera_id, RecordingChange.start, RecordingChange.end, RecordingChange.of_gaps).where(
            col(RecordingChange.camera_id).in_(camera_ids),
            RecordingChange.start < span.end + FRAME_HOLE,
            RecordingChange.end > span.start - FRAME_HOLE,
        )
    )
    notes: defaultdict[str, list[_Note]] = defaultdict(list)
    for camera_id, start, end, of_gaps in found:
        notes[camera_id].append((Span(start, end), of_gaps))
    return {camera_id: _noted(some) for camera_id, some in notes.items()}


def _noted(notes: Iterable[_Note]) -> _Changes:
    spans: dict[bool, list[Span]] = {False: [], True: []}
    for span, of_gaps in notes:
        spans[of_gaps].append(span)
    return _Changes(segments=widened(spans[False]), gaps=merge(spans[True]))


def _ended_gaps(session: Session, camera_id: str, span: Span) -> list[EndedGap]:
    rows = session.execute(
        select(Gap.start, col(Gap.end), col(Gap.cause)).where(
            Gap.camera_id == camera_id, Gap.start < span.end, col(Gap.end) > span.start, col(Gap.end) > col(Gap.start)
        )
    )
    return [EndedGap(*row) for row in rows]


def _lasting_gaps(session: Session, camera_ids: Collection[str], span: Span) -> Mapping[str, list[Reason]]:
    """Those without an end that began before the end of the span. Read before the others: one that ends just now may
    be among both, and would else be among neither."""
    rows = session.execute(
        select(Gap.camera_id, Gap.start, col(Gap.end), col(Gap.cause)).where(
            col(Gap.camera_id).in_(camera_ids), Gap.start < span.end, col(Gap.end).is_(None)
        )
    )
    found: dict[str, list[Reason]] = {camera_id: [] for camera_id in camera_ids}
    for row in rows:
        found[row.camera_id].append(row)
    return found
