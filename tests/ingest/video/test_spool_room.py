"""What the spool may hold, how near its end is, and that nothing goes when it is reached."""

import errno
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from ingest.video import spool_room
from ingest.video.frames import from_us, to_us
from ingest.video.gaps import GapKeeper, GapOpened
from ingest.video.intake import Intake
from ingest.video.journal import Entry
from ingest.video.recorder import CameraFeed
from ingest.video.segmenter import Gop
from ingest.video.spool_files import QUARANTINE, segment_files
from ingest.video.spool_room import LIMIT_REACHED, Disk, Held, SpoolLimits, SpoolRoom, count_files, filled, room_left
from ingest.video.uploader import Uploader
from ingest.video.writer import FinishedSegment, settle
from storage.database import Database
from storage.failures import Failures, failures_told
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import GapCause, Node
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.evidence import assert_every_row_has_its_bytes, causes, gaps, segments, stored
from tests.ingest.video.gstreamer_camera import GStreamerCamera
from tests.ingest.video.recording import recording, status
from tests.ingest.video.small_disk import small_disk
from tests.ingest.video.spooled import put
from tests.sample import CAMERA
from tests.servers import wait_until

GB = 10**9
A_DISK = Disk(total=100 * GB, free=100 * GB)
PATH_MAX = 4096
NO_LIMITS = SpoolLimits()
sizes = st.integers(0, 4 * 10**12)
disks = st.builds(lambda total, free: Disk(total, min(total, free)), sizes, sizes)
limits = st.builds(SpoolLimits, st.none() | st.integers(1, 4 * 10**12))


@given(sizes, disks, limits)
def test_it_is_full_exactly_when_nothing_more_may_be_written(used: int, disk: Disk, some: SpoolLimits) -> None:
    share = filled(Held(used), disk, some, START)
    assert 0 <= share <= 1
    if room_left(used, disk, some) == 0:
        assert share == 1
    elif disk.total >= 100:
        assert share < 1


@given(sizes, sizes, disks, limits)
def test_more_in_it_is_never_said_to_be_less_full(used: int, more: int, disk: Disk, some: SpoolLimits) -> None:
    before = filled(Held(used), disk, some, START)
    after = filled(Held(used + more), replace(disk, free=max(disk.free - more, 0)), some, START)
    assert after >= before or after == pytest.approx(before)


@given(disks)
def test_there_is_an_alarm_before_recording_ends_whoever_fills_the_disk(disk: Disk) -> None:
    if 0 < disk.room <= 4 * disk.reserve:
        assert filled(Held(0), disk, NO_LIMITS, START) == pytest.approx(0.9, abs=0.1)


@pytest.mark.parametrize(
    ("held", "disk", "some", "share"),
    [
        (Held(0), A_DISK, NO_LIMITS, 0),
        (Held(0), Disk(0, 0), NO_LIMITS, 1),
        (Held(30 * GB), Disk(100 * GB, 31 * GB), NO_LIMITS, 0.5),
        (Held(4 * GB), A_DISK, SpoolLimits(max_bytes=5 * GB), 0.8),
        (Held(4 * GB, START - timedelta(hours=6)), A_DISK, SpoolLimits(10 * GB, timedelta(hours=12)), 0.5),
        (Held(4 * GB, START - timedelta(hours=48)), A_DISK, SpoolLimits(10 * GB, timedelta(hours=12)), 1),
    ],
)
def test_the_nearest_limit_counts(held: Held, disk: Disk, some: SpoolLimits, share: float) -> None:
    assert filled(held, disk, some, START) == pytest.approx(share, abs=0.01)


def test_files_in_quarantine_take_room_but_wait_for_nothing(tmp_path: Path) -> None:
    (tmp_path / QUARANTINE / "a").mkdir(parents=True)
    (tmp_path / QUARANTINE / "a" / "old.mp4").write_bytes(bytes(10))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "growing.mp4.part").write_bytes(bytes(5))
    found = count_files(tmp_path)
    assert (found.bytes, found.oldest) == (15, None)
    (tmp_path / "a" / "whole.mp4").write_bytes(bytes(1))
    found = count_files(tmp_path)
    assert found.bytes == 16
    assert found.oldest is not None
    assert count_files(tmp_path / "nowhere") == Held()


def test_files_in_quarantine_are_counted_from_when_they_were_put_there(tmp_path: Path) -> None:
    place = tmp_path / QUARANTINE / "a"
    place.mkdir(parents=True)
    before = datetime.now(UTC) - timedelta(seconds=1)
    for name in ("old.mp4", "old.mp4.from-7"):
        (tmp_path / name).write_bytes(bytes(10))
        os.utime(tmp_path / name, (0, 0))
        (tmp_path / name).rename(place / name)
    (tmp_path / f"{QUARANTINE}-of-mine").mkdir()
    (tmp_path / f"{QUARANTINE}-of-mine" / "a.mp4").write_bytes(bytes(3))
    room = SpoolRoom(tmp_path, NO_LIMITS)
    room.count()
    figures = room.figures(START)
    assert (figures["quarantined_files"], figures["quarantined_bytes"]) == (2, 20)
    assert datetime.fromisoformat(figures["quarantined_since"]) >= before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_nobody_may_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir(mode=0)
    (tmp_path / "whole.mp4").write_bytes(bytes(7))
    assert count_files(tmp_path).bytes == 7


def test_a_folder_that_cannot_be_read_is_told_of_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Here one whose path is longer than the system takes; on a failing disk any."""
    (tmp_path / "whole.mp4").write_bytes(bytes(7))
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(PATH_MAX // 200 + 1):
        os.mkdir("n" * 200, dir_fd=folder)
        below = os.open("n" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    refused: list[int | None] = []
    room = SpoolRoom(tmp_path, NO_LIMITS, lambda _path, error: refused.append(error.errno))
    room.count()
    assert room.figures(START)["spool_used_bytes"] == 7
    assert refused == [errno.ENAMETOOLONG]


def test_what_is_written_counts_at_once_and_what_has_gone_when_it_is_counted(tmp_path: Path) -> None:
    room = SpoolRoom(tmp_path, SpoolLimits(max_bytes=100))
    assert room.figures(START) == {}
    room.count()
    room.take(60)
    with pytest.raises(OSError, match=LIMIT_REACHED) as refused:
        room.take(60)
    assert refused.value.errno == errno.EDQUOT
    assert room.figures(START)["spool_used_bytes"] == 60
    room.count()
    assert room.figures(START) | {"spool_filled": 0} == {
        "spool_used_bytes": 0,
        "spool_limit_bytes": 100,
        "spool_filled": 0,
        "quarantined_files": 0,
        "quarantined_bytes": 0,
    }
    room.take(60)


def test_a_spool_that_somebody_has_taken_away_is_made_again(tmp_path: Path) -> None:
    room = SpoolRoom(tmp_path / "gone" / "spool", NO_LIMITS)
    room.take(1)
    assert (tmp_path / "gone" / "spool").is_dir()


def test_files_are_counted_while_the_recorder_runs_and_what_it_says_stays_when_it_ends(tmp_path: Path) -> None:
    room = SpoolRoom(tmp_path, SpoolLimits(max_bytes=100))
    (tmp_path / "whole.mp4").write_bytes(bytes(40))
    room.start()
    wait_until(lambda: room.figures(START).get("spool_used_bytes") == 40)
    room.stop()
    room.count()
    assert room.figures(START)["spool_used_bytes"] == 40


def test_a_count_that_fails_is_told_until_one_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = Failures()
    monkeypatch.setattr(spool_room, "EVERY_S", 0.01)
    room = SpoolRoom(tmp_path, NO_LIMITS, failures=failures)
    with monkeypatch.context() as failing:
        failing.setattr(spool_room, "count_files", lambda *_: 1 / 0)
        room.start()
        wait_until(lambda: bool(failures.told()))
    assert [told.job for told in failures_told(failures.told())] == [spool_room.JOB]
    wait_until(lambda: not failures.told())
    room.stop()


def footage(count: int) -> list[Gop]:
    """Of one second each, one after the other."""
    gop = gops(packets(50))[0]
    return [replace(gop, wall_us=to_us(START) + n * 1_000_000) for n in range(count)]


def test_on_a_full_disk_there_is_alarm_first_then_a_gap_and_nothing_goes(site: Database, tmp_path: Path) -> None:
    spool, store = tmp_path / "spool", FolderStore(tmp_path / "store")
    entries: list[Entry] = []
    with small_disk(spool):
        room = SpoolRoom(spool, NO_LIMITS)
        room.count()
        intake = Intake(CAMERA, spool, 10, 1, GapKeeper(CAMERA, START), entries.append, room)
        shares: list[float] = []
        for gop in footage(2000):
            shares.append(float(room.figures(START)["spool_filled"]))
            intake.record(gop, from_us(gop.end_us))
            room.count()
            if any(isinstance(entry, GapOpened) for entry in entries):
                break
        full = [entry for entry in entries if isinstance(entry, GapOpened)]
        assert [(gap.cause, gap.detail) for gap in full] == [(GapCause.DISK_FULL, "No space left on device")]
        assert shares[-1] > 0.9
        assert any(0.5 <= share < 0.8 for share in shares)
        write_down(site, spool, entries)
        recorded = segments(site)
        assert len(segment_files(spool)) == len(recorded) > 1
        assert Uploader(site, store, spool).run_once() > 0
        room.count()
        intake.record(replace(gop, wall_us=gop.end_us), from_us(gop.end_us))
        intake.close(GapCause.RECORDER_STOPPED, from_us(gop.end_us))
        write_down(site, spool, entries)
        while Uploader(site, store, spool).run_once():
            pass
    assert causes(site) == [GapCause.DISK_FULL, GapCause.RECORDER_STOPPED]
    assert len(stored(site)) == len(recorded) + 1
    assert_every_row_has_its_bytes(Footage(site, store, spool))


def write_down(database: Database, spool: Path, entries: list[Entry]) -> None:
    """As the journal does."""
    while entries:
        entry = entries.pop(0)
        if isinstance(entry, FinishedSegment):
            settle(spool, entry.key)
        put(database, entry)


def test_at_its_own_limit_recording_stops_says_why_and_goes_on_when_the_store_is_back(
    site: Database, tmp_path: Path, camera: GStreamerCamera
) -> None:
    root = tmp_path / "store"
    root.write_bytes(b"in the way of the folder")
    some = SpoolLimits(max_bytes=150_000)
    store = FolderStore(root)
    with recording(site, store, tmp_path, [CameraFeed(CAMERA, camera.url)], limits=some):
        wait_until(lambda: GapCause.DISK_FULL in causes(site))
        assert gaps(site)[-1].detail == LIMIT_REACHED
        wait_until(lambda: said(site) == f"not recorded: {LIMIT_REACHED}; {REMEDY}")
        wait_until(lambda: share(site) > 0.8)
        root.unlink()
        wait_until(lambda: gaps(site)[-1].end is not None and said(site) == "")
    wait_until(lambda: len(stored(site)) > 1)
    assert_every_row_has_its_bytes(Footage(site, store, tmp_path / "spool"))


REMEDY = "bring the store back, or raise recorder.spool_max_gb"


def said(database: Database) -> str:
    found = status(database)
    return found.error if found else ""


def share(database: Database) -> float:
    with database.transaction() as session:
        node = session.exec(select(Node)).one()
        return float(node.detail["spool_filled"])
