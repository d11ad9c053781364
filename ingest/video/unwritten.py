"""Footage that has no row yet: the segment that is being written, and one that has just ended.

Its file lies in the spool. Where the reader shares that disk with the recorder, each fragment can be had as soon as it
is closed; where it does not, the newest footage appears when its segment has been uploaded.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from ingest.video.boxes import BadBox
from ingest.video.clip_plan import ClipPart, parts_of
from ingest.video.fragmented import of_pictures
from ingest.video.salvage import salvage
from storage.footage import NOT_YET, Coverage, Footage, Missing, recorded_formats
from storage.fragments import recorded_parts
from storage.intervals import Span, intersect, merge, subtract
from storage.masks import masks_between
from storage.models import MAX_SEGMENT_SECONDS, Segment
from storage.runs import FRAME_HOLE, days_of
from storage.segment_bytes import PART

_LONGEST = timedelta(seconds=MAX_SEGMENT_SECONDS)
_NEWEST = 4
"""Files that are looked into: one is being written, and some may have ended since rows were last written."""


def recent_segments(
    footage: Footage, session: Session, camera_id: str, start: datetime, end: datetime
) -> list[Segment]:
    """As Footage.segments, with those that have no row yet, as far as their fragments are whole."""
    rows = footage.segments(session, camera_id, start, end)
    newest = footage.recorded_to(session, camera_id)
    if newest is not None and end <= newest:
        return rows
    since = max(start, newest) if newest else start
    known = {row.sequence for row in rows}
    files = _files(footage.spool, camera_id, Span(since - _LONGEST, end))
    unknown = [path for path in files if _sequence(path) not in known][-_NEWEST:]
    elsewhere = _with_rows(session, camera_id, unknown)
    unwritten = [path for path in unknown if _sequence(path) not in elsewhere]
    return rows + [s for s in _read(footage.spool, unwritten) if s.start < end and s.end > since]


def _with_rows(session: Session, camera_id: str, files: Iterable[Path]) -> set[int]:
    """Of these numbers: what has a row that lies at another time, as it was corrected."""
    numbers = {number for path in files if (number := _sequence(path)) is not None}
    if not numbers:
        return set()
    query = select(Segment.sequence).where(Segment.camera_id == camera_id, col(Segment.sequence).in_(numbers))
    return set(session.exec(query))


def parts(
    footage: Footage, session: Session, camera_id: str, start: datetime, end: datetime, lost: Collection[Span] = ()
) -> tuple[ClipPart, ...]:
    """What one clip each can hold of start..end, as `parts_of` tells it, and whether it is masked.

    `lost`: segments of which nothing can be read, each from its start to its end.
    """
    rows = recorded_formats(session, camera_id, Span(start, end))
    newest = footage.recorded_to(session, camera_id)
    late = [] if newest and end <= newest else recent_segments(footage, session, camera_id, newest or start, end)
    rows += [(Span(segment.start, segment.end), segment.parameters) for segment in late if segment.id is None]
    whole = ((span, of_pictures(parameters)) for span, parameters in rows if span not in lost)
    found = parts_of(whole, start, end)
    return tuple(replace(part, masked=bool(masks_between(session, camera_id, part.start, part.end))) for part in found)


def with_unwritten(footage: Footage, session: Session, camera_id: str, known: Coverage) -> Coverage:
    """The coverage by the rows, with what can be played already though it has none."""
    late = [Span(part.start, part.end) for part in known.missing if part.cause == NOT_YET]
    if not late:
        return known
    recent = recent_segments(footage, session, camera_id, late[0].start - FRAME_HOLE, late[-1].end)
    unwritten = [segment for segment in recent if segment.id is None]
    playable = [part for s in unwritten for part in recorded_parts(s.start, s.end, s.holes)]
    whole = [*known.covered, *(Span(part.start, part.end) for part in known.missing)]
    covered = intersect(merge(whole), merge([*known.covered, *playable], bridge=FRAME_HOLE))
    missing = [
        Missing(span.start, span.end, part.cause)
        for part in known.missing
        for span in subtract([Span(part.start, part.end)], covered)
    ]
    return Coverage(tuple(covered), tuple(missing))


def unwritten_segment(footage: Footage, camera_id: str, sequence: int, near: datetime) -> Segment | None:
    """The one of this number, if its file lies in the spool; `near`: a moment less than a day from it."""
    around = Span(near - timedelta(days=1), near + timedelta(days=1))
    files = [path for path in _files(footage.spool, camera_id, around) if _sequence(path) == sequence]
    return next(_read(footage.spool, files), None)


def _files(spool: Path, camera_id: str, span: Span) -> list[Path]:
    """Of the days of the span, in order: their names sort by time."""
    folders = (spool / camera_id / f"{day:%Y/%m/%d}" for day in days_of(span))
    return sorted(path for folder in folders for path in folder.glob("*.mp4*"))


def _sequence(path: Path) -> int | None:
    number = path.name.partition(".")[0].rpartition("-")[2]
    return int(number) if number.isdigit() else None


def _read(spool: Path, files: Iterable[Path]) -> Iterator[Segment]:
    """What a file holds as far as it is whole; one that is not there any more or holds nothing yet is passed over."""
    for path in files:
        try:
            yield salvage(path.read_bytes(), str(path.relative_to(spool)).removesuffix(PART)).row()
        except (BadBox, OSError):
            continue
