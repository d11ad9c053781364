"""Journal, uploader and reconciliation: what is written down stays true when disk, database or store fail."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import Session, select

from ingest.video import uploader as uploader_module
from ingest.video.frames import from_us, to_us
from ingest.video.gaps import GapClosed, GapKeeper, GapOpened
from ingest.video.intake import Intake
from ingest.video.journal import Entry, Journal
from ingest.video.missing_files import reconcile_rows
from ingest.video.reconcile import reconcile_files
from ingest.video.resuming import last_alive, resume
from ingest.video.spool_files import QUARANTINE
from ingest.video.uploader import Uploader
from ingest.video.writer import PART, FinishedSegment, settle
from storage.database import Database
from storage.failures import Failures, failures_told
from storage.folder_store import FolderStore
from storage.fragments import unpack_fragments
from storage.models import Gap, GapCause, Location, Node, Segment
from storage.objects import ObjectStore, StoreError
from tests.ingest.video.encoded import START, gops, in_parts, packets
from tests.ingest.video.evidence import causes, gaps, segments
from tests.ingest.video.spooled import put, some_gops, write
from tests.sample import CAMERA
from tests.servers import wait_until


def test_a_settled_segment_gets_its_row_and_the_uploader_moves_it(
    hall: Database, store: ObjectStore, tmp_path: Path
) -> None:
    finished = write(tmp_path, 1, some_gops())
    settle(tmp_path, finished.key)
    put(hall, finished)
    assert Uploader(hall, store, tmp_path).run_once() == 1
    (row,) = segments(hall)
    assert row.location is Location.STORED
    assert not (tmp_path / row.key).exists()
    assert store.size(row.key) == row.size


def test_the_journal_writes_in_order_and_ends(site: Database, tmp_path: Path) -> None:
    journal = Journal(site, tmp_path, lambda: None)
    journal.start()
    journal.put(GapOpened(CAMERA, START, GapCause.CAMERA_UNREACHABLE, "no answer"))
    journal.put(GapClosed(CAMERA, START, START + timedelta(seconds=5)))
    journal.put(write(tmp_path, 1, some_gops(5)))
    journal.put(GapOpened(CAMERA, START + timedelta(seconds=7), GapCause.RECORDER_STOPPED))
    journal.stop()
    assert [(gap.cause, gap.end is None) for gap in gaps(site)] == [
        (GapCause.CAMERA_UNREACHABLE, False),
        (GapCause.RECORDER_STOPPED, True),
    ]
    assert len(segments(site)) == 1


def test_a_row_that_the_database_refuses_holds_up_nothing(site: Database, tmp_path: Path) -> None:
    journal = Journal(site, tmp_path, lambda: None)
    journal.start()
    journal.put(write(tmp_path, 1, some_gops(), camera_id="unknown"))
    journal.put(write(tmp_path, 1, some_gops()))
    journal.stop()
    assert [row.camera_id for row in segments(site)] == [CAMERA]


def test_changes_of_gaps_can_be_written_twice(site: Database) -> None:
    opened, closed = (
        GapOpened(CAMERA, START, GapCause.DISK_FULL),
        GapClosed(CAMERA, START, START + timedelta(seconds=1)),
    )
    put(site, opened, opened, closed, closed)
    assert len(gaps(site)) == 1
    put(site, GapOpened(CAMERA, START + timedelta(hours=1), GapCause.UNKNOWN))
    put(site, GapClosed(CAMERA, START + timedelta(hours=1), START + timedelta(hours=1)))
    assert len(gaps(site)) == 1


class AwayStore(FolderStore):
    """Refuses puts of some keys, or everything."""

    away = False
    refused: str = ""

    def put(self, key: str, source: Path, sha256: str) -> None:
        if self.away or key == self.refused:
            raise StoreError("not now")
        super().put(key, source, sha256)

    def check(self) -> None:
        if self.away:
            raise StoreError("the store is away")


class SmallStore(FolderStore):
    """As one behind a proxy that limits the size of a request: its probe passes, footage does not."""

    limit = 1000

    def put(self, key: str, source: Path, sha256: str) -> None:
        if source.stat().st_size > self.limit:
            raise StoreError("413 EntityTooLarge")
        super().put(key, source, sha256)


class ReturningStore(FolderStore):
    """Comes back between a put that fails and the question whether it is there."""

    failing = 1

    def put(self, key: str, source: Path, sha256: str) -> None:
        self.failing -= 1
        if self.failing >= 0:
            raise StoreError("it cannot be reached")
        super().put(key, source, sha256)


class BrokenStore(FolderStore):
    """Neither takes nor refuses what it is given, until it is mended."""

    broken = True

    def put(self, key: str, source: Path, sha256: str) -> None:
        if self.broken:
            raise RuntimeError("nobody has thought of this")
        super().put(key, source, sha256)


def test_an_uploader_that_is_broken_is_told_until_it_works(site: Database, tmp_path: Path) -> None:
    store = BrokenStore(tmp_path / "store")
    error = "RuntimeError: nobody has thought of this"
    told_until_mended(site, tmp_path, store, error, partial(setattr, store, "broken", False))


def test_a_store_that_is_away_is_told_until_it_is_back(site: Database, tmp_path: Path) -> None:
    store = AwayStore(tmp_path / "store")
    store.away = True
    told_until_mended(site, tmp_path, store, "StoreError: the store is away", partial(setattr, store, "away", False))


def test_a_store_that_takes_its_probe_and_refuses_footage_is_told_until_it_takes_it(
    site: Database, tmp_path: Path
) -> None:
    store = SmallStore(tmp_path / "store")
    error = f"StoreError: segments refused: 1, such as {write(tmp_path, 1, some_gops(2)).key}: 413 EntityTooLarge"
    told_until_mended(site, tmp_path, store, error, partial(setattr, store, "limit", 1 << 30))


def test_a_file_that_has_changed_since_it_was_written_is_told_at_once_with_the_remedy(
    site: Database, tmp_path: Path
) -> None:
    finished = write(tmp_path, 1, some_gops())
    settle(tmp_path, finished.key)
    put(site, finished)
    whole = (tmp_path / finished.key).read_bytes()
    (tmp_path / finished.key).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    failures = Failures()
    uploader = Uploader(site, FolderStore(tmp_path / "store"), tmp_path, failures=failures)
    uploader.start()
    wait_until(lambda: failures.told() != {})
    uploader.stop()
    [failure] = failures_told(failures.told())
    assert (failure.job, failure.at_once) == ("changed_files", True)
    assert f"1, such as {finished.key}; put a good copy back, or move the file out of the spool" in failure.error
    assert [row.location for row in segments(site)] == [Location.SPOOL], "it is not given up"


def told_until_mended(site: Database, tmp_path: Path, store: FolderStore, error: str, mend: Callable[[], None]) -> None:
    spool, failures = tmp_path / "spool", Failures()
    finished = write(spool, 1, some_gops(2))
    settle(spool, finished.key)
    put(site, finished)
    uploader = Uploader(site, store, spool, longest_wait_s=0.05, failures=failures, set_aside_s=0.05)
    uploader.start()
    wait_until(lambda: failures.told() != {})
    [failure] = failures_told(failures.told())
    assert (failure.job, failure.error) == ("upload", error)
    mend()

    def is_over() -> bool:
        uploader.wake()
        return failures.told() == {}

    wait_until(is_over)
    uploader.stop()
    assert [row.location for row in segments(site)] == [Location.STORED]


def test_one_refused_object_does_not_hold_up_the_others(site: Database, tmp_path: Path) -> None:
    spool, store = tmp_path / "spool", AwayStore(tmp_path / "store")
    for sequence in (1, 2):
        finished = write(spool, sequence, some_gops(2 * sequence))
        settle(spool, finished.key)
        put(site, finished)
    store.away = True
    uploader = Uploader(site, store, spool)
    with pytest.raises(StoreError):
        uploader.run_once()
    store.away, store.refused = False, segments(site)[0].key
    assert uploader.run_once() == 1
    assert [row.location for row in segments(site)] == [Location.SPOOL, Location.STORED]
    assert (spool / segments(site)[0].key).exists()


def test_however_many_objects_are_refused_the_others_have_their_turn(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were refused may be tried again at once here, before any other has had its turn."""
    monkeypatch.setattr(uploader_module, "BATCH", 2)
    spool = tmp_path / "spool"
    for sequence in range(1, 7):
        finished = write(spool, sequence, some_gops(2 * sequence))
        settle(spool, finished.key)
        put(site, finished)
    for row in segments(site)[:5]:
        (spool / row.key).write_bytes(b"changed")
    failures = Failures()
    uploader = Uploader(site, FolderStore(tmp_path / "store"), spool, failures=failures, set_aside_s=0)
    uploader.start()
    wait_until(lambda: segments(site)[-1].location is Location.STORED)
    uploader.stop()
    assert [row.location for row in segments(site)][:5] == [Location.SPOOL] * 5
    [failure] = failures_told(failures.told())
    assert "segments changed since they were written: 5" in failure.error


def test_a_store_that_has_just_come_back_has_refused_nothing(site: Database, tmp_path: Path) -> None:
    finished = write(tmp_path, 1, some_gops(2))
    settle(tmp_path, finished.key)
    put(site, finished)
    assert Uploader(site, ReturningStore(tmp_path / "store"), tmp_path).run_once() == 1
    assert [row.location for row in segments(site)] == [Location.STORED]


def test_files_without_rows_get_them_back(site: Database, tmp_path: Path) -> None:
    settled, partial = write(tmp_path, 1, some_gops()), write(tmp_path, 2, some_gops(2))
    settle(tmp_path, settled.key)
    path = tmp_path / (partial.key + PART)
    path.write_bytes(path.read_bytes()[: partial.fragments[1].byte_offset + 100])
    assert [found.recording.sequence for found in reconcile_files(site, tmp_path)] == [1, 2]
    assert segments(site)[0].sha256 == settled.sha256
    assert segments(site)[1].end == START + timedelta(seconds=3)
    assert reconcile_files(site, tmp_path) == []


def test_what_cannot_be_read_is_kept_in_quarantine(site: Database, tmp_path: Path) -> None:
    (tmp_path / "noise.mp4").write_bytes(b"noise")
    stranger = write(tmp_path, 1, some_gops(), camera_id="unknown")
    assert reconcile_files(site, tmp_path) == []
    assert (tmp_path / QUARANTINE / "noise.mp4").read_bytes() == b"noise"
    assert (tmp_path / QUARANTINE / stranger.key).exists()
    assert reconcile_files(site, tmp_path) == []


def test_a_stored_segment_leaves_no_copy_and_a_lost_one_becomes_a_gap(site: Database, tmp_path: Path) -> None:
    spool, store = tmp_path / "spool", FolderStore(tmp_path / "store")
    kept, uploaded, lost = (write(spool, n, some_gops(2 * n)) for n in range(3))
    for finished in (kept, uploaded, lost):
        settle(spool, finished.key)
        put(site, finished)
    store.put(uploaded.key, spool / uploaded.key, uploaded.sha256)
    (spool / uploaded.key).unlink()
    (spool / lost.key).unlink()
    reconcile_rows(site, store, spool, [CAMERA])
    assert [(row.key, row.location) for row in segments(site)] == [
        (kept.key, Location.SPOOL),
        (uploaded.key, Location.STORED),
    ]
    (gap,) = gaps(site)
    assert (gap.start, gap.end, gap.cause) == (lost.row().start, lost.row().end, GapCause.UNKNOWN)


def test_recording_resumes_after_the_last_sequence_with_the_crash_written_down(site: Database, tmp_path: Path) -> None:
    finished = write(tmp_path, 41, some_gops())
    adopted = reconcile_files(site, tmp_path)
    now = START + timedelta(minutes=3)
    with site.transaction() as session:
        session.add(Node(name="r", role="recorder", started_at=START, heartbeat=START + timedelta(seconds=4)))
    resumption = resume(site, CAMERA, last_alive(site, "r"), adopted, now)
    assert resumption.next_sequence == to_us(now) // 1000, "no number of before, of which the database may not know"
    assert [(gap.start, gap.end, gap.cause) for gap in gaps(site)] == [
        (finished.row().end, None, GapCause.RECORDER_CRASHED)
    ]


def test_a_full_disk_is_a_gap_and_recording_goes_on_when_there_is_space(site: Database, tmp_path: Path) -> None:
    entries: list[Entry] = []
    now = datetime.now(UTC)
    intake = Intake(CAMERA, tmp_path, 10, 1, GapKeeper(CAMERA, START), entries.append)
    first, second, third = gops(packets(75))
    intake.record(first, now)
    with a_full_disk(tmp_path):
        intake.record(second, now)
    intake.record(third, now)
    intake.close(GapCause.RECORDER_STOPPED, now)
    put(site, *(entry for entry in entries if not isinstance(entry, FinishedSegment)))
    for entry in entries:
        if isinstance(entry, FinishedSegment):
            settle(tmp_path, entry.key)
            assert (tmp_path / entry.key).stat().st_size == entry.size
            put(site, entry)
    assert causes(site) == [GapCause.DISK_FULL, GapCause.RECORDER_STOPPED]
    assert [to_us(row.end) - to_us(row.start) for row in segments(site)] == [1_000_000, 1_000_000]


def test_after_a_full_disk_nothing_is_recorded_that_no_player_could_show(site: Database, tmp_path: Path) -> None:
    """A GOP of four parts: the disk is full for its second one."""
    entries: list[Entry] = []
    now = datetime.now(UTC)
    intake = Intake(CAMERA, tmp_path, 10, 1, GapKeeper(CAMERA, START), entries.append)
    first, second, *others = in_parts(gops(packets(200, gop=100)), 25)
    intake.record(first, now)
    with a_full_disk(tmp_path):
        intake.record(second, now)
    for part in others:
        intake.record(part, now)
    intake.close(GapCause.RECORDER_STOPPED, now)
    put(site, *entries)
    assert [unpack_fragments(row.fragments)[0].keyframe for row in segments(site)] == [True, True]
    full, _ = gaps(site)
    assert (full.cause, full.start, full.end) == (
        GapCause.DISK_FULL,
        from_us(first.end_us),
        from_us(others[2].wall_us),
    )


@contextmanager
def a_full_disk(folder: Path) -> Iterator[None]:
    """No file can grow by more than some bytes: the kernel takes a part of a write and refuses the rest."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(path.stat().st_size for path in folder.rglob("*" + PART))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 100, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_waiting_entries_are_counted(site: Database, tmp_path: Path) -> None:
    journal = Journal(site, tmp_path, lambda: None)
    journal.put(GapOpened(CAMERA, START, GapCause.UNKNOWN))
    assert journal.waiting == 1
    journal.start()
    wait_until(lambda: journal.waiting == 0)
    journal.stop()
    with site.transaction() as session:
        assert isinstance(session, Session)
        assert session.exec(select(Gap)).one().cause is GapCause.UNKNOWN
        assert session.exec(select(Segment)).all() == []
