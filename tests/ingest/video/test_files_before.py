"""What earlier runs have left is told from what is being recorded, and nobody waits until all of it is found."""

from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlmodel import update

from ingest.video.files_before import FilesBefore
from ingest.video.frames import from_us
from ingest.video.gaps import GapKeeper
from ingest.video.intake import Intake
from ingest.video.journal import Entry
from ingest.video.losses import key_number
from ingest.video.recorder import CameraFeed, RecorderNode, RecorderSettings
from ingest.video.refused_files import RefusedFiles
from ingest.video.spool_files import QUARANTINE, always, segment_files
from ingest.video.writer import PART, part_path, settle
from storage.database import Database
from storage.failures import Failures
from storage.folder_store import FolderStore
from storage.models import Camera, GapCause
from tests.ingest.video.encoded import START
from tests.ingest.video.evidence import gaps, segments
from tests.ingest.video.spooled import some_gops, write
from tests.sample import CAMERA
from tests.servers import wait_until

OTHER = "cc-cam-2"


def test_a_segment_of_this_run_is_left_to_who_writes_it_though_a_clock_was_set_back(
    site: Database, tmp_path: Path
) -> None:
    earlier = write(tmp_path, 7, some_gops(3600))
    entries: list[Entry] = []
    intake = Intake(CAMERA, tmp_path, 1, 8, GapKeeper(CAMERA, START), entries.append)
    for gop in some_gops():  # an hour before, by the clock of now
        intake.record(gop, from_us(gop.end_us))
    intake.close(GapCause.RECORDER_STOPPED, START)
    own = sorted(tmp_path.rglob(f"01000*{PART}"))
    assert len(own) == 2
    files = FilesBefore(site, tmp_path, RefusedFiles(Failures()), always, lambda _, number: intake.has_begun(number))
    files.reconcile()
    assert [row.sequence for row in segments(site)] == [7]
    assert (tmp_path / earlier.key).exists()
    assert all(path.exists() for path in own)
    assert gaps(site) == []


def test_a_file_that_is_just_being_made_has_a_number_of_this_run(tmp_path: Path) -> None:
    intake = Intake(CAMERA, tmp_path, 1, 8, GapKeeper(CAMERA, START), lambda _entry: None)
    assert [number for number in range(20) if intake.has_begun(number)] == [8]
    for gop in some_gops():
        intake.record(gop, from_us(gop.end_us))
    intake.close(GapCause.RECORDER_STOPPED, START)
    assert [number for number in range(20) if intake.has_begun(number)] == [8, 9, 10]


def test_cameras_are_looked_up_and_begun_before_the_spool_is_listed(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    feeds: list[CameraFeed] = []

    def cameras() -> list[CameraFeed]:
        if not feeds:
            feeds.append(CameraFeed(CAMERA, "rtsp://127.0.0.1:1/none"))
            settle(spool, write(spool, 1, some_gops()).key)  # before this run, though not before its first look
        return feeds

    node = RecorderNode(site, folder_store, RecorderSettings(spool, tmp_path / "s", poll_seconds=0.1), cameras)
    node.start()
    try:
        wait_until(lambda: [row.sequence for row in segments(site)] == [1])
    finally:
        node.stop()


def test_the_spool_is_listed_in_order_without_what_is_not_to_be_read_and_asks_before_each_folder(
    tmp_path: Path,
) -> None:
    keys = [
        write(tmp_path, n, some_gops(86_400 * day), camera_id=camera).key
        for camera in (CAMERA, OTHER)
        for n, day in ((1, 0), (2, 0), (3, 40))
    ]
    settle(tmp_path, keys[0])
    (tmp_path / QUARANTINE).mkdir()
    part_path(tmp_path, keys[1]).rename(tmp_path / QUARANTINE / "old.mp4.part")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "lost+found" / "found.mp4").touch()
    (tmp_path / CAMERA / "folder.mp4").mkdir()
    (tmp_path / "gaps.left").touch()
    wanted = [tmp_path / keys[0], *(part_path(tmp_path, key) for key in keys[2:])]
    asked = count()
    assert segment_files(tmp_path, lambda: next(asked) >= 0) == wanted
    folders = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert next(asked) == 1 + len(folders) - len((QUARANTINE, "lost+found"))
    assert segment_files(tmp_path, lambda: False) == []
    assert segment_files(tmp_path, within=tmp_path / CAMERA) == wanted[:2]
    assert segment_files(tmp_path, within=tmp_path / QUARANTINE) == []
    assert segment_files(tmp_path / "nowhere") == []


def test_the_number_of_a_file_is_that_of_its_segment(tmp_path: Path) -> None:
    key = write(tmp_path, 1_767_571_200_000, some_gops(), camera_id="hall/a").key
    assert key_number(key + PART) == ("hall/a", 1_767_571_200_000)
    assert key_number("noise.mp4") is None


def test_much_in_quarantine_is_told_and_others_may_write_meanwhile(site: Database, tmp_path: Path) -> None:
    seconds = range(0, 450 * 10, 10)
    for second in seconds:
        start = START + timedelta(seconds=second)
        path = tmp_path / QUARANTINE / CAMERA / f"{start:%Y/%m/%d/%H%M%S}-{second:09d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def tend() -> bool:
        with site.transaction() as session:
            session.exec(update(Camera).values(name="written meanwhile"))
        return True

    FilesBefore(site, tmp_path, RefusedFiles(Failures()), tend, lambda *_: False).reconcile()
    assert {gap.detail for gap in gaps(site)} == {"file in quarantine"}
    last = gaps(site)[-1].end
    assert last is not None
    assert last > START + timedelta(seconds=seconds[-1])
