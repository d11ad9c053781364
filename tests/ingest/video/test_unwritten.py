"""What is being written can be played already, and is said to be there."""

from datetime import timedelta
from pathlib import Path

from ingest.video.unwritten import with_unwritten
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import NOT_YET, PART, Footage
from tests.ingest.video.encoded import gops, packets
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA

A_SECOND = timedelta(seconds=1)


def test_the_segment_that_is_being_written_is_covered_as_far_as_it_is_whole(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    footage = Footage(site, folder_store, tmp_path / "spool")
    *written, growing = recorded(tmp_path / "spool", gops(packets(200)))
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
