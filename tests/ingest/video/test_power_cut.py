"""What a cut of the power leaves of footage that is just being recorded: all but what a kill would take, too."""

import errno
import os
from datetime import datetime
from pathlib import Path

import pytest

from ingest.video.frames import from_us
from ingest.video.gaps import GapKeeper
from ingest.video.intake import Intake
from ingest.video.journal import LAST_SYNC_S, Journal
from ingest.video.reconcile import reconcile_files
from ingest.video.settling import Settling
from ingest.video.syncing import JOB, Syncing
from ingest.video.writer import part_path
from storage.database import Database
from storage.failures import Failures, failures_told
from storage.models import GapCause
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.evidence import segments
from tests.ingest.video.power import Disk, disk_with_power
from tests.ingest.video.spooled import some_gops, write
from tests.sample import CAMERA
from tests.servers import wait_until


def _wait_until_left(disk: Disk, spool: Path, until: datetime) -> None:
    wait_until(lambda: disk.footage_to(spool) == {CAMERA: until})


def test_each_fragment_outlives_a_cut_while_its_segment_still_grows(site: Database, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    journal = Journal(site, spool, lambda: None, held=True)
    intake = Intake(CAMERA, spool, 10, 1, GapKeeper(CAMERA, START), journal.put, grew=journal.grew)
    with disk_with_power() as disk:
        journal.start()
        for gop in gops(packets(325)):
            intake.record(gop, START)
            _wait_until_left(disk, spool, from_us(gop.end_us))
        found = disk.after_a_cut(spool, tmp_path / "found")
    intake.close(GapCause.RECORDER_STOPPED, START)
    journal.stop()
    reconcile_files(site, found)
    rows = segments(site)
    assert [row.sequence for row in rows] == [1, 2], "the second of which was growing still"
    assert rows[-1].end == from_us(gop.end_us)


def test_what_the_disk_refused_of_a_growing_file_is_written_anew_before_it_has_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells of it once, and takes the pages for written."""
    syncing = Syncing(tmp_path)
    segment = write(tmp_path, 1, some_gops())
    part = part_path(tmp_path, segment.key)
    inode, data = part.stat().st_ino, part.read_bytes()
    syncing.grew(part, is_new=True)

    def refuses(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", refuses)
        syncing.sync_grown()
    assert Settling(tmp_path, syncing.let_go).settle(segment, 0.0) == [segment]
    path = tmp_path / segment.key
    assert (path.read_bytes(), path.stat().st_ino == inode) == (data, False)


def test_a_failure_that_nobody_has_foreseen_is_told_until_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = Failures()
    syncing = Syncing(tmp_path, failures)
    part = part_path(tmp_path, write(tmp_path, 1, some_gops()).key)
    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", lambda _: 1 / 0)
        syncing.start()
        syncing.grew(part, is_new=True)
        wait_until(failures.told)
        (told,) = failures_told(failures.told())
    assert (told.job, told.error) == (JOB, "ZeroDivisionError: division by zero")
    syncing.grew(part, is_new=True)
    wait_until(lambda: not failures.told())
    syncing.stop(LAST_SYNC_S)


def test_what_was_synced_while_it_grew_is_not_written_twice(tmp_path: Path) -> None:
    syncing = Syncing(tmp_path)
    segment = write(tmp_path, 1, some_gops())
    part = part_path(tmp_path, segment.key)
    inode = part.stat().st_ino
    syncing.grew(part, is_new=True)
    syncing.sync_grown()
    assert Settling(tmp_path, syncing.let_go).settle(segment, 0.0) == [segment]
    syncing.grew(part, is_new=False)
    syncing.sync_grown()  # it has its own name now
    assert (tmp_path / segment.key).stat().st_ino == inode
