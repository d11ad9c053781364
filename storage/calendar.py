"""The recording calendar: which time of which cameras was recorded, for any number of days, without reading segments.

Rows of `recorded_day` hold what has been worked out; notes of `recording_change` say where that is out of date. Who
asks gets both put together, so the answer is always what the segments say; `refresh` puts them together for good.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from sqlmodel import Session, col, delete, select

from storage.database import Database
from storage.footage import Coverage, Reason, explained, known, recorded_near
from storage.intervals import Span, intersect, merge, subtract, within
from storage.models import Camera, Gap, RecordedDay, RecordingChange
from storage.runs import FRAME_HOLE, day_span, days_of, pack_runs, patched, unpack_runs, widened

_NOTES_AT_ONCE = 10_000

Runs = Mapping[str, list[Span]]


def recorded(session: Session, camera_ids: Collection[str], span: Span) -> Runs:
    """The recorded runs of each of the cameras within the span."""
    # Notes first: one that is taken into its row meanwhile is taken in twice, never not at all.
    notes = _notes(session, camera_ids, span)
    runs: dict[str, list[Span]] = {camera_id: [] for camera_id in camera_ids}
    for camera_id, day, packed in _days(session, camera_ids, span):
        runs[camera_id] += unpack_runs(day, packed)
    runs |= _brought_up_to_date(session, runs, {camera_id: widened(changes) for camera_id, changes in notes.items()})
    return {camera_id: within(found, span) for camera_id, found in runs.items()}


def coverages(session: Session, camera_ids: Collection[str], span: Span, now: datetime) -> Mapping[str, Coverage]:
    """As Footage.coverage of each of the cameras, for spans of any length, in a few queries."""
    spans, words = recorded(session, camera_ids, span), known(session, camera_ids, now)
    gaps = _gaps(session, camera_ids, span)
    return {
        camera_id: Coverage(
            tuple(covered), explained(subtract([span], covered), gaps.get(camera_id, ()), words[camera_id])
        )
        for camera_id, covered in spans.items()
    }


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
    changes = session.exec(
        delete(RecordingChange)
        .where(col(RecordingChange.camera_id) == camera_id)
        .returning(col(RecordingChange.start), col(RecordingChange.end))
    )
    dirty = widened(Span(start, end) for start, end in changes)
    if known:
        for day in sorted({day for span in dirty for day in days_of(span)}):
            _refresh_day(session, camera_id, day_span(day), dirty)


def _refresh_day(session: Session, camera_id: str, whole: Span, dirty: list[Span]) -> None:
    day = whole.start.date()
    row = session.get(RecordedDay, (camera_id, day)) or RecordedDay(camera_id=camera_id, day=day, runs=b"")
    runs = {camera_id: unpack_runs(day, row.runs)}
    row.runs = pack_runs(day, _brought_up_to_date(session, runs, {camera_id: intersect(dirty, [whole])})[camera_id])
    if row.runs:
        session.add(row)
    elif row in session:
        session.delete(row)


def _brought_up_to_date(session: Session, runs: Runs, dirty: Runs) -> Runs:
    """The runs of the cameras that have dirty parts, with what the segments say there."""
    places = [(camera_id, part) for camera_id, parts in dirty.items() for part in parts]
    around = [(camera_id, Span(part.start - FRAME_HOLE, part.end + FRAME_HOLE)) for camera_id, part in places]
    segments: defaultdict[str, list[Span]] = defaultdict(list)
    for camera_id, span in recorded_near(session, around):
        segments[camera_id].append(span)
    return {
        camera_id: patched(runs[camera_id], parts, merge(segments[camera_id], bridge=FRAME_HOLE))
        for camera_id, parts in dirty.items()
    }


def _notes(session: Session, camera_ids: Collection[str], span: Span) -> Mapping[str, list[Span]]:
    found = session.exec(
        select(RecordingChange.camera_id, RecordingChange.start, RecordingChange.end).where(
            col(RecordingChange.camera_id).in_(camera_ids),
            RecordingChange.start < span.end + FRAME_HOLE,
            RecordingChange.end > span.start - FRAME_HOLE,
        )
    )
    notes: defaultdict[str, list[Span]] = defaultdict(list)
    for camera_id, start, end in found:
        notes[camera_id].append(Span(start, end))
    return notes


def _days(session: Session, camera_ids: Collection[str], span: Span) -> Iterable[tuple[str, date, bytes]]:
    days = list(days_of(span))
    if not days:
        return []
    return session.exec(
        select(RecordedDay.camera_id, col(RecordedDay.day), RecordedDay.runs)
        .where(col(RecordedDay.camera_id).in_(camera_ids), col(RecordedDay.day).between(days[0], days[-1]))
        .order_by(col(RecordedDay.day))
    )


def _gaps(session: Session, camera_ids: Collection[str], span: Span) -> Mapping[str, list[Reason]]:
    """Those that reach into the span, of each camera."""
    of_cameras = select(Gap.camera_id, Gap.start, col(Gap.end), col(Gap.cause)).where(
        col(Gap.camera_id).in_(camera_ids), Gap.start < span.end
    )
    ended, still_open = of_cameras.where(col(Gap.end) > span.start), of_cameras.where(col(Gap.end).is_(None))
    found: defaultdict[str, list[Reason]] = defaultdict(list)
    for query in (ended, still_open):
        for row in session.execute(query):
            found[row.camera_id].append(row)
    return found
