"""Rows that are made again from the files of segments that waited, and a journal that cannot write them down."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from ingest.video.boxes import BadBox
from ingest.video.journal import Journal
from ingest.video.segmenter import Gop
from ingest.video.waiting_segments import _TAIL, lightened
from ingest.video.writer import PART, FinishedSegment, settle
from storage.database import Database
from storage.failures import Failures, failures_told
from storage.models import GapCause
from tests.ingest.video.encoded import START, gops, in_parts, packets
from tests.ingest.video.evidence import gaps, segments
from tests.ingest.video.spooled import some_gops, write
from tests.sample import CAMERA
from tests.servers import wait_until

A_LONG_GOP = in_parts(gops(packets(2500, gop=2500)), 30)
"""A keyframe in 100 s."""


def settled(spool: Path, some: Sequence[Gop]) -> FinishedSegment:
    segment = write(spool, 1, list(some))
    settle(spool, segment.key)
    return segment


@pytest.mark.parametrize("some", [some_gops(), A_LONG_GOP], ids=["short", "long"])
def test_a_row_comes_back_whole_from_its_file_however_long_the_summary_is(tmp_path: Path, some: list[Gop]) -> None:
    segment = settled(tmp_path, some)
    last = segment.fragments[-1]
    assert (segment.size - last.byte_offset - last.byte_size > _TAIL) == (some is A_LONG_GOP)
    assert lightened(segment).read(tmp_path) == segment


def test_a_row_comes_back_whole_where_a_full_disk_took_no_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.video.writer.summary", no_room)
    segment = settled(tmp_path, some_gops())
    last = segment.fragments[-1]
    assert segment.size == last.byte_offset + last.byte_size
    assert lightened(segment).read(tmp_path) == segment


def no_room(*_args: object) -> bytes:
    raise OSError(28, "No space left on device")


def test_a_file_that_is_not_what_was_written_gives_no_row(tmp_path: Path) -> None:
    segment = settled(tmp_path, A_LONG_GOP)
    path = tmp_path / segment.key
    data = bytearray(path.read_bytes())
    data[segment.fragments[0].byte_offset + segment.fragments[0].byte_size - 1] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadBox, match="not what was written"):
        lightened(segment).read(tmp_path)


def test_a_segment_whose_row_waited_and_whose_file_is_damaged_is_a_gap_and_the_others_have_rows(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.video.journal.KEPT_WHOLE", -1)
    damaged = write(tmp_path, 1, A_LONG_GOP)
    whole = write(tmp_path, 2, gops(packets(50), START + timedelta(seconds=200)))
    journal = Journal(site, tmp_path, lambda: None, held=True)
    journal.start()
    journal.put(damaged)
    journal.put(whole)
    wait_until(lambda: (tmp_path / whole.key).exists() and not list(tmp_path.rglob("*" + PART)))
    (tmp_path / damaged.key).write_bytes(bytes(damaged.size))
    journal.release()
    wait_until(lambda: len(segments(site)) == 1)
    journal.stop()
    assert [row.key for row in segments(site)] == [whole.key]
    [gap] = gaps(site)
    assert (gap.camera_id, gap.start, gap.end) == (CAMERA, damaged.row().start, damaged.row().end)
    assert gap.cause is GapCause.UNKNOWN
    assert "could not be read when its row was to be written" in gap.detail


def test_a_database_that_takes_no_rows_is_told_until_it_takes_them(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a wrong migration, or with a right that was taken away: everything else works."""
    monkeypatch.setattr("ingest.video.journal.RETRY_S", 0.05)
    failures = Failures()
    journal = Journal(site, tmp_path, lambda: None, failures=failures)
    with site.transaction() as session:
        rename(session, "smears", "gone")
    journal.start()
    journal.put(write(tmp_path, 1, some_gops()))
    wait_until(lambda: failures.told() != {})
    [failure] = failures_told(failures.told())
    assert (failure.job, "smears" in failure.error) == ("journal", True)
    with site.transaction() as session:
        rename(session, "gone", "smears")
    wait_until(lambda: failures.told() == {})
    journal.stop()
    assert len(segments(site)) == 1


def rename(session: Session, old: str, new: str) -> None:
    session.connection().execute(text(f"ALTER TABLE segment RENAME COLUMN {old} TO {new}"))
