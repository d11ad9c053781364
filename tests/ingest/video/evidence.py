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
    for segment in segments(footage.database, camera_id):
        data = footage.read(segment)
        assert len(data) == segment.size
        assert hashlib.sha256(data).hexdigest() == segment.sha256


def assert_every_segment_plays(footage: Footage, camera_id: str = CAMERA) -> None:
    """Each has as many pictures as fragments at least, and none that the decoder refuses."""
    for segment in segments(footage.database, camera_id):
        with av.open(BytesIO(footage.read(segment)), "r") as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}
            assert sum(1 for _ in container.decode(video=0)) >= len(unpack_fragments(segment.fragments))


def assert_every_second_is_explained(database: Database, until: datetime, camera_id: str = CAMERA) -> None:
    """From the first segment on, everything is footage or a gap."""
    rows = segments(database, camera_id)
    footage = [Span(row.start, row.end) for row in rows]
    missing = [Span(gap.start, gap.end or max(until, gap.start)) for gap in gaps(database, camera_id)]
    whole = Span(min(row.start for row in rows), until)
    assert [hole for hole in subtract([whole], merge(footage + missing)) if hole.duration > TOLERANCE] == []
    sequences = [row.sequence for row in rows]
    assert len(set(sequences)) == len(sequences)
