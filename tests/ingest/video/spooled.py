"""Segments in a spool, and what the journal writes of them."""

from datetime import timedelta
from pathlib import Path

from ingest.video.fragmented import Recording
from ingest.video.journal import Entry, write_entry
from ingest.video.segmenter import Gop
from ingest.video.writer import FinishedSegment, SegmentWriter
from storage.database import Database
from storage.models import ClockSource
from tests.ingest.video.encoded import START, gops, packets
from tests.sample import CAMERA


def write(spool: Path, sequence: int, some: list[Gop], camera_id: str = CAMERA) -> FinishedSegment:
    recording = Recording(camera_id, sequence, some[0].wall_us, ClockSource.ARRIVAL, 0)
    writer = SegmentWriter(spool, recording, some[0].info)
    for gop in some:
        writer.append(gop)
    finished = writer.close()
    assert finished is not None
    return finished


def some_gops(seconds_later: float = 0) -> list[Gop]:
    return gops(packets(50), START + timedelta(seconds=seconds_later))


def put(database: Database, *entries: Entry) -> None:
    for entry in entries:
        with database.transaction() as session:
            write_entry(session, entry)
