"""What the database, the spool and the store say of a recording, and whether it is true."""

import hashlib
from datetime import datetime, timedelta
from io import BytesIO

import av
from sqlmodel import col, select

from storage.database import Database
from storage.footage import Footage
from storage.fragments import unpack_fragments
from storage.intervals import Span, merge, subtract
from storage.models import Gap, GapCause, Location, Segment
from storage.objects import StoreError
from tests.sample import CAMERA

TOLERANCE = timedelta(seconds=0.5)


def segments(database: Database, camera_id: str = CAMERA) -> list[Segment]:
    with database.transaction() as session:
        return list(session.exec(select(Segment).where(Segment.camera_id == camera_id).order_by(col(Segment.sequence))))


def gaps(database: Database, camera_id: str = CAMERA) -> list[Gap]:
    with database.transaction() as session:
        return list(session.exec(select(Gap).where(Gap.camera_id == camera_id).order_by(col(Gap.start))))


def causes(database: Database, camera_id: str = CAMERA) -> list[GapCause]:
    return [gap.cause for gap in gaps(database, camera_id)]


def stored(database: Database) -> list[Segment]:
    return [segment for segment in segments(database) if segment.location is Location.STORED]


def assert_every_row_has_its_bytes(footage: Footage, camera_id: str = CAMERA) -> None:
    assert rows_without_bytes(footage, camera_id) == []


def assert_every_segment_plays(footage: Footage, camera_id: str = CAMERA) -> None:
    assert unreadable(footage, camera_id) == []


def assert_every_second_is_explained(database: Database, until: datetime, camera_id: str = CAMERA) -> None:
    assert unexplained(database, until, camera_id) == []
    sequences = [row.sequence for row in segments(database, camera_id)]
    assert len(set(sequences)) == len(sequences)


def rows_without_bytes(footage: Footage, camera_id: str) -> list[str]:
    """Keys of segments that the store and the spool do not have as their rows say."""
    return [row.key for row in segments(footage.database, camera_id) if not _has_bytes(footage, row)]


def unreadable(footage: Footage, camera_id: str) -> list[str]:
    """Keys of segments that do not play: with as many pictures as fragments at least, and none that is damaged."""
    return [row.key for row in segments(footage.database, camera_id) if not _plays(footage.read(row), row)]


def unexplained(database: Database, until: datetime, camera_id: str) -> list[Span]:
    """From the first segment on, what is neither footage nor a gap: pictures count, not what rows reach over."""
    rows = segments(database, camera_id)
    footage = [span for row in rows for span in shown(row)]
    missing = [Span(gap.start, gap.end or max(until, gap.start)) for gap in gaps(database, camera_id)]
    whole = Span(min(row.start for row in rows), until)
    return [hole for hole in subtract([whole], merge(footage + missing)) if hole.duration > TOLERANCE]


def shown(row: Segment) -> list[Span]:
    """When there are pictures."""
    begins = [row.start + timedelta(microseconds=each.offset_us) for each in unpack_fragments(row.fragments)]
    lasts = [timedelta(microseconds=each.duration_us) for each in unpack_fragments(row.fragments)]
    return [Span(begin, begin + last) for begin, last in zip(begins, lasts, strict=True)]


def _has_bytes(footage: Footage, row: Segment) -> bool:
    try:
        data = footage.read(row)
    except StoreError:
        return False
    return len(data) == row.size and hashlib.sha256(data).hexdigest() == row.sha256


def _plays(data: bytes, row: Segment) -> bool:
    try:
        with av.open(BytesIO(data), "r") as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}
            return sum(1 for _ in container.decode(video=0)) >= len(unpack_fragments(row.fragments))
    except av.FFmpegError:
        return False
