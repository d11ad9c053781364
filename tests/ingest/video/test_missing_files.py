"""Files that go missing, and a disk that is full, while the recorder runs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.video.missing_files import reconcile_rows
from ingest.video.reconcile import reconcile_files
from ingest.video.recorder import CameraFeed
from ingest.video.uploader import Uploader
from ingest.video.writer import FinishedSegment, part_path, settle
from storage.database import Database
from storage.expiry import Expiry
from storage.folder_store import FolderStore
from storage.models import GapCause, Location
from storage.objects import ObjectStore
from tests.ingest.video.evidence import assert_every_second_is_explained, causes, gaps, segments
from tests.ingest.video.gstreamer_camera import GStreamerCamera
from tests.ingest.video.recording import recording, status
from tests.ingest.video.small_disk import fill, small_disk
from tests.ingest.video.spooled import put, some_gops, write
from tests.sample import CAMERA
from tests.servers import wait_until


def lose(database: Database, spool: Path) -> FinishedSegment:
    segment = write(spool, 1, some_gops())
    settle(spool, segment.key)
    put(database, segment)
    (spool / segment.key).unlink()
    return segment


def test_a_lost_file_of_a_camera_that_is_switched_off_is_a_gap(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    lose(site, tmp_path / "spool")
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, "rtsp://127.0.0.1:1/none", enabled=False)]):
        wait_until(lambda: segments(site) == [])
    assert [gap.detail for gap in gaps(site)] == ["file lost"]


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_file_lost_while_recording_is_looked_for_twice_and_then_a_gap(
    site: Database, folder_store: FolderStore, tmp_path: Path, is_stored: bool
) -> None:
    segment = lose(site, tmp_path)
    if is_stored:
        copy = write(tmp_path / "copy", 1, some_gops())
        folder_store.put(segment.key, part_path(tmp_path / "copy", copy.key), segment.sha256)
    uploader = Uploader(site, folder_store, tmp_path, lambda: {CAMERA}, set_aside_s=0.0)
    uploader.run_once()
    assert [row.location for row in segments(site)] == [Location.SPOOL]
    uploader.run_once()
    assert [row.location for row in segments(site)] == ([Location.STORED] if is_stored else [])
    assert [gap.detail for gap in gaps(site)] == ([] if is_stored else ["file lost"])


def test_another_nodes_file_is_not_missed(site: Database, folder_store: FolderStore, tmp_path: Path) -> None:
    lose(site, tmp_path)
    uploader = Uploader(site, folder_store, tmp_path, lambda: {"another"}, set_aside_s=0.0)
    for _ in range(4):
        uploader.run_once()
    assert len(segments(site)) == 1


def test_a_file_that_was_lost_and_is_back_takes_its_gap_away(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    segment = lose(site, tmp_path)
    reconcile_rows(site, folder_store, tmp_path, {CAMERA})
    assert len(gaps(site)) == 1
    write(tmp_path, 1, some_gops())
    reconcile_files(site, tmp_path)
    assert [row.key for row in segments(site)] == [segment.key]
    assert gaps(site) == []


def test_a_full_disk_is_said_where_people_look_and_ends_when_there_is_room(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    spool, ballast = tmp_path / "spool", tmp_path / "spool" / "ballast"
    with small_disk(spool), recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: len(segments(site)) >= 1)
        fill(ballast)
        wait_until(lambda: "No space left on device; make room on the disk of" in said(site))
        wait_until(lambda: [gap.cause for gap in gaps(site)][-1:] == [GapCause.DISK_FULL])
        ballast.unlink()
        wait_until(lambda: gaps(site)[-1].end is not None and said(site) == "")
    assert causes(site)[-2:] == [GapCause.DISK_FULL, GapCause.RECORDER_STOPPED]
    assert_every_second_is_explained(site, datetime.now(UTC))


def said(database: Database) -> str:
    found = status(database)
    return found.error if found else ""


def test_a_file_of_deleted_footage_is_no_footage_again(site: Database, store: ObjectStore, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    segment = write(spool, 1, some_gops())
    settle(spool, segment.key)
    put(site, segment)
    kept = (spool / segment.key).read_bytes()
    assert Uploader(site, store, spool).run_once() == 1
    month_later = segments(site)[0].end + timedelta(days=30)
    assert Expiry(site, store, spool, lambda *_: None).run_once(month_later) == 1
    assert store.size(segment.key) is None
    (spool / segment.key).write_bytes(kept)
    assert reconcile_files(site, spool) == []
    assert not (spool / segment.key).exists()
    assert segments(site) == []
    assert causes(site) == [GapCause.EXPIRED]
