"""What disk or database refuse is tried again or set aside: its file is kept, its time is a gap with a cause."""

import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.video.gaps import GapOpened
from ingest.video.journal import SETTLER_JOB, Journal
from ingest.video.reconcile import reconcile_files
from ingest.video.settling import TRIES, Settling, cause_of
from ingest.video.spool_files import AGAIN
from ingest.video.writer import PART, FinishedSegment, part_path, settle
from storage.database import Database
from storage.failures import Failures, failures_told
from storage.models import GapCause
from tests.ingest.video.encoded import START
from tests.ingest.video.evidence import gaps, segments
from tests.ingest.video.spooled import put, some_gops, write
from tests.sample import CAMERA
from tests.servers import wait_until


def obstruct(spool: Path, segment: FinishedSegment) -> Path:
    """The kernel refuses to give a file the name of a folder."""
    path = spool / segment.key
    path.mkdir(parents=True)
    return path


def test_a_segment_that_the_disk_refuses_is_tried_again_until_it_has_its_row(site: Database, tmp_path: Path) -> None:
    segment = write(tmp_path, 1, some_gops())
    in_the_way = obstruct(tmp_path, segment)
    journal = Journal(site, tmp_path, lambda: None)
    journal.start()
    journal.put(segment)
    journal.put(GapOpened(CAMERA, START + timedelta(seconds=2), GapCause.RECORDER_STOPPED))
    wait_until(lambda: len(gaps(site)) == 1)
    assert journal.waiting == 1
    in_the_way.rmdir()
    wait_until(lambda: journal.waiting == 0)
    journal.stop()
    assert [row.key for row in segments(site)] == [segment.key]
    assert (tmp_path / segment.key).stat().st_size == segment.size


def test_a_segment_that_the_disk_never_takes_becomes_a_gap_and_its_file_is_kept(site: Database, tmp_path: Path) -> None:
    segment = write(tmp_path, 1, some_gops())
    in_the_way = obstruct(tmp_path, segment)
    settling = Settling(tmp_path)
    entries = settling.settle(segment, 0.0)
    assert settling.settle_again(0.5) == []
    for n in range(1, TRIES):
        assert entries == []
        assert settling.waiting == 1
        entries = settling.settle_again(n * 100.0)
    assert settling.waiting == 0
    put(site, *entries)
    (gap,) = gaps(site)
    assert (gap.start, gap.end, gap.cause) == (segment.row().start, segment.row().end, GapCause.DISK_ERROR)
    assert "could not be put on the disk" in gap.detail
    in_the_way.rmdir()
    assert len(reconcile_files(site, tmp_path)) == 1
    assert (gaps(site), len(segments(site))) == ([], 1)


def test_bytes_that_changed_since_they_were_written_are_not_given_a_row(tmp_path: Path) -> None:
    segment = write(tmp_path, 1, some_gops())
    in_the_way = obstruct(tmp_path, segment)
    settling = Settling(tmp_path)
    settling.settle(segment, 0.0)
    in_the_way.rmdir()
    part_path(tmp_path, segment.key).write_bytes(bytes(segment.size))
    assert settling.settle_again(100.0) == []
    assert settling.waiting == 1


def test_what_nobody_has_thought_of_costs_one_segment_and_not_those_that_follow(site: Database, tmp_path: Path) -> None:
    journal = Journal(site, tmp_path, lambda: None)
    journal.start()
    journal.put(replace(write(tmp_path, 1, some_gops()), key="no name\0of a file"))
    journal.put(write(tmp_path, 2, some_gops(2)))
    wait_until(lambda: len(segments(site)) == 1)
    journal.stop()
    assert [row.sequence for row in segments(site)] == [2]
    assert [(gap.cause, gap.start) for gap in gaps(site)] == [(GapCause.UNKNOWN, START)]
    assert "ValueError" in gaps(site)[0].detail
    reconcile_files(site, tmp_path)
    assert ([row.sequence for row in segments(site)], gaps(site)) == ([1, 2], []), "its file was kept"


def test_a_failure_that_nobody_has_foreseen_is_told_until_the_next_start(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = Failures()
    journal = Journal(site, tmp_path, lambda: None, failures=failures)
    monkeypatch.setattr(Settling, "settle", lambda *_: 1 / 0)
    journal.start()
    journal.put(write(tmp_path, 1, some_gops()))
    wait_until(lambda: bool(failures.told()))
    monkeypatch.undo()
    journal.put(write(tmp_path, 2, some_gops(2)))
    wait_until(lambda: len(segments(site)) == 1)
    journal.stop()
    (told,) = failures_told(failures.told())
    assert (told.job, told.at_once, told.error) == (SETTLER_JOB, True, "ZeroDivisionError: division by zero")


def test_a_second_copy_whose_writer_died_goes_at_the_next_start_and_no_time_is_a_gap(
    site: Database, tmp_path: Path
) -> None:
    part = part_path(tmp_path, write(tmp_path, 1, some_gops()).key)
    beside = part.with_name(part.name + AGAIN)
    beside.write_bytes(part.read_bytes()[:-9])
    left = beside.with_name(beside.name.replace("-000000001", "-000000007"))
    left.write_bytes(b"whatever")
    reconcile_files(site, tmp_path)
    assert ([row.sequence for row in segments(site)], gaps(site)) == ([1], [])
    assert [path.name for path in part.parent.iterdir()] == [part.name.removesuffix(PART)]


def test_a_full_disk_is_told_from_a_broken_one() -> None:
    assert cause_of(OSError(errno.ENOSPC, "No space left on device")) is GapCause.DISK_FULL
    assert cause_of(OSError(errno.EIO, "Input/output error")) is GapCause.DISK_ERROR


def test_what_the_database_cannot_hold_is_a_gap_and_holds_up_nothing(hall: Database, tmp_path: Path) -> None:
    good, bad = write(tmp_path, 1, some_gops()), write(tmp_path, 2, some_gops(2))
    too_large = replace(bad, recording=replace(bad.recording, clock_offset_us=1 << 70))
    after = write(tmp_path, 3, some_gops(4))
    journal = Journal(hall, tmp_path, lambda: None)
    for entry in (good, too_large, after):
        journal.put(entry)
    journal.start()
    journal.stop()
    assert journal.waiting == 0
    assert [row.sequence for row in segments(hall)] == [1, 3]
    assert [(gap.start, gap.end) for gap in gaps(hall)] == [(bad.row().start, bad.row().end)]
    assert "the database refused its row" in gaps(hall)[0].detail
    assert (tmp_path / bad.key).exists()


def test_a_segment_whose_row_is_there_already_is_no_gap(site: Database, tmp_path: Path) -> None:
    segment = write(tmp_path, 1, some_gops())
    settle(tmp_path, segment.key)
    put(site, segment)
    journal = Journal(site, tmp_path, lambda: None)
    journal.start()
    journal.put(segment)
    journal.stop()
    assert (len(segments(site)), gaps(site)) == (1, [])
