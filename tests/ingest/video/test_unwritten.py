"""What is being written can be played already, and is said to be there."""

from datetime import timedelta
from pathlib import Path

from ingest.video.stills import still
from ingest.video.unwritten import parts, recent_segments, with_unwritten
from storage.calendar import coverages
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import NOT_YET, Footage
from storage.intervals import Span
from storage.segment_bytes import PART
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.spooled import write
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA, a_hall, a_segment

A_SECOND = timedelta(seconds=1)


def test_the_segment_that_is_being_written_is_covered_as_far_as_it_is_whole(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    *written, growing = recorded(tmp_path / "spool", gops(packets(200)))
    footage = Footage(site, folder_store, tmp_path / "spool", lambda: growing.end)
    file = tmp_path / "spool" / growing.key
    file.rename(file.with_name(file.name + PART))
    start, end = written[0].start, growing.end + A_SECOND
    with site.transaction() as session:
        session.add_all(written)
        session.flush()
        by_rows = footage.coverage(session, CAMERA, start, end)
        assert [(part.start, part.cause) for part in by_rows.missing] == [(written[-1].end, NOT_YET)]
        whole = with_unwritten(footage, session, CAMERA, by_rows)
        assert [(part.start, part.end, part.cause) for part in whole.missing] == [(growing.end, end, NOT_YET)]
        assert [(span.start, span.end) for span in whole.covered] == [(start, growing.end)]
        file.with_name(file.name + PART).unlink()
        assert with_unwritten(footage, session, CAMERA, by_rows) == by_rows


def test_what_a_clock_recorded_that_was_ahead_hides_nothing_that_is_recorded_now(
    database: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    with database.transaction() as session:
        a_hall(session)
    now, later = START + 2 * A_SECOND, START + 3 * A_SECOND
    footage = Footage(database, folder_store, tmp_path / "spool", lambda: now)
    write(footage.spool, 7, gops(packets(50)))
    with database.transaction() as session:
        before = a_segment(CAMERA, START - 10 * A_SECOND)
        before.sequence, before.key = 2, f"{CAMERA}/2"
        session.add_all([before, a_segment(CAMERA, START + timedelta(hours=8))])
        session.flush()
        assert [row.sequence for row in recent_segments(footage, session, CAMERA, START, now)] == [7]
        assert footage.recorded_to(session, CAMERA) == START
        assert len(parts(footage, session, CAMERA, START, now)) == 1
        assert still(footage, session, CAMERA, START + A_SECOND)
        by_rows = footage.coverage(session, CAMERA, START, later)
        assert coverages(session, [CAMERA], Span(START, later), now)[CAMERA] == by_rows
        whole = with_unwritten(footage, session, CAMERA, by_rows)
        assert [(span.start, span.end) for span in whole.covered] == [(START, now)]
