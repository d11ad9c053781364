"""What the database, the spool and the store say of a recording, and whether it is true."""

import hashlib
from datetime import datetime, timedelta

from sqlmodel import col, select

from storage.database import Database
from storage.footage import Footage
from storage.intervals import Span, merge, subtract
from storage.models import Gap, GapCause, Location, Segment
from tests.sample import CAMERA

TOLERANCE = timedelta(seconds=0.5)


def segments(database: Database) -> list[Segment]:
    with database.transaction() as session:
        return list(session.exec(select(Segment).where(Segment.camera_id == CAMERA).order_by(col(Segment.sequence))))


def gaps(database: Database) -> list[Gap]:
    with database.transaction() as session:
        return list(session.exec(select(Gap).where(Gap.camera_id == CAMERA).order_by(col(Gap.start))))


def causes(database: Database) -> list[GapCause]:
    return [gap.cause for gap in gaps(database)]


def stored(database: Database) -> list[Segment]:
    return [segment for segment in segments(database) if segment.location is Location.STORED]


def assert_every_row_has_its_bytes(footage: Footage) -> None:
    for segment in segments(footage.database):
        data = footage.read(segment)
        assert len(data) == segment.size
        assert hashlib.sha256(data).hexdigest() == segment.sha256


def assert_every_second_is_explained(database: Database, until: datetime) -> None:
    """From the first segment on, everything is footage or a gap."""
    rows = segments(database)
    footage = [Span(row.start, row.end) for row in rows]
    missing = [Span(gap.start, gap.end or max(until, gap.start)) for gap in gaps(database)]
    whole = Span(min(row.start for row in rows), until)
    assert [hole for hole in subtract([whole], merge(footage + missing)) if hole.duration > TOLERANCE] == []
    sequences = [row.sequence for row in rows]
    assert len(set(sequences)) == len(sequences)
