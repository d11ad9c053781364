"""Footage that cannot be read is kept in quarantine, and its time is a gap with a cause."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.video.gaps import GapClosed, GapOpened
from ingest.video.losses import key_start, lost
from ingest.video.reconcile import reconcile_files
from ingest.video.spool_files import QUARANTINE
from ingest.video.writer import PART, part_path, settle
from storage.database import Database
from storage.models import GapCause
from tests.ingest.video.encoded import START
from tests.ingest.video.evidence import assert_every_second_is_explained, causes, gaps, segments
from tests.ingest.video.spooled import put, some_gops, write
from tests.sample import CAMERA

LONG_AGO = timedelta(hours=3)


def test_the_time_of_a_file_in_quarantine_is_a_gap_however_old(site: Database, tmp_path: Path) -> None:
    before, noise, after = (write(tmp_path, n, some_gops(2 * n)) for n in range(3))
    newest = write(tmp_path, 9, some_gops(LONG_AGO.total_seconds()))
    for segment in (before, noise, after, newest):
        settle(tmp_path, segment.key)
    for segment in (before, after, newest):
        put(site, segment)
    after_end, newest_start = after.row().end, newest.row().start
    put(site, GapOpened(CAMERA, after_end, GapCause.CAMERA_STALLED), GapClosed(CAMERA, after_end, newest_start))
    (tmp_path / noise.key).write_bytes(b"noise")
    for _ in range(2):
        reconcile_files(site, tmp_path)
        assert_every_second_is_explained(site, newest.row().end)
        assert causes(site) == [GapCause.UNKNOWN, GapCause.CAMERA_STALLED]
        assert (gaps(site)[0].start, gaps(site)[0].end) == (before.row().end, after.row().start)
    assert (tmp_path / QUARANTINE / noise.key).read_bytes() == b"noise"


def test_a_file_that_is_refused_with_nothing_after_it_is_a_gap_as_long_as_it_was_written(
    site: Database, tmp_path: Path
) -> None:
    path = tmp_path / write(tmp_path, 1, some_gops()).key
    part = path.with_name(path.name + PART)
    part.write_bytes(b"noise")
    written_to = (START + timedelta(seconds=7)).timestamp()
    os.utime(part, (written_to, written_to))
    reconcile_files(site, tmp_path)
    assert [(gap.start, gap.end) for gap in gaps(site)] == [(START, START + timedelta(seconds=7))]


@pytest.mark.parametrize("name", ["noise.mp4", "cam/2026/01/05/010000.mp4", "cam/2026/13/05/010000-000000001.mp4"])
def test_names_that_are_no_keys_have_no_time(name: str) -> None:
    assert key_start(name) is None


def test_the_time_of_a_key_is_its_start() -> None:
    assert key_start("a/b/2026/01/05/010203-000000007.mp4.part") == ("a/b", datetime(2026, 1, 5, 1, 2, 3, tzinfo=UTC))


def test_what_follows_a_damaged_fragment_is_kept_in_quarantine(site: Database, tmp_path: Path) -> None:
    segment = write(tmp_path, 1, some_gops())
    later = write(tmp_path, 2, some_gops(10))
    part = part_path(tmp_path, segment.key)
    damaged = bytearray(part.read_bytes())
    hit = segment.fragments[0].byte_offset + segment.fragments[0].byte_size
    damaged[hit + 4 : hit + 8] = b"what"
    part.write_bytes(damaged)
    reconcile_files(site, tmp_path)
    (tail,) = (path for path in (tmp_path / QUARANTINE).rglob("*") if path.is_file())
    assert (tmp_path / segment.key).read_bytes() + tail.read_bytes() == damaged
    (gap,) = gaps(site)
    assert (gap.start, gap.end) == (START + timedelta(seconds=1), later.row().start)


def test_one_cut_off_fragment_at_the_end_is_not_kept(site: Database, tmp_path: Path) -> None:
    for sequence, cut in enumerate((1, 20, 60, 1500)):
        segment = write(tmp_path, sequence, some_gops(10 * sequence))
        part = part_path(tmp_path, segment.key)
        assert segment.fragments[1].byte_size > cut
        part.write_bytes(part.read_bytes()[: segment.fragments[1].byte_offset + cut])
    assert len(reconcile_files(site, tmp_path)) == 4
    assert not (tmp_path / QUARANTINE).exists()
    assert {row.size for row in segments(site)} == {path.stat().st_size for path in tmp_path.rglob("*.mp4")}


def test_a_file_with_its_name_but_no_row_is_put_on_the_disk_for_good_first(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = write(tmp_path, 1, some_gops())
    part_path(tmp_path, segment.key).rename(tmp_path / segment.key)
    synced: list[tuple[str, int]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), len(segments(site))))

    monkeypatch.setattr(os, "fsync", fsync)
    assert len(reconcile_files(site, tmp_path)) == 1
    folder = (tmp_path / segment.key).parent
    assert [(str(tmp_path / segment.key), 0), (str(folder), 0), (str(folder.parent), 0)] == synced[:3]


def test_a_part_whose_row_is_there_gets_its_name_and_is_not_deleted(site: Database, tmp_path: Path) -> None:
    segment = write(tmp_path, 1, some_gops())
    put(site, segment)
    reconcile_files(site, tmp_path)
    assert (tmp_path / segment.key).stat().st_size == segment.size


def test_a_loss_can_be_written_twice(site: Database, tmp_path: Path) -> None:
    loss = lost(write(tmp_path, 1, some_gops()), GapCause.UNKNOWN, "gone\nwith more lines")
    put(site, loss, loss)
    assert [gap.detail for gap in gaps(site)] == ["gone"]
