"""`kill -9` of the recorder and of the store: nothing acknowledged is gone, and every second is explained."""

from datetime import UTC, datetime
from pathlib import Path

from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import GapCause, Segment
from tests.ingest.video.evidence import (
    assert_every_row_has_its_bytes,
    assert_every_second_is_explained,
    causes,
    segments,
    stored,
)
from tests.ingest.video.gstreamer_camera import GStreamerCamera
from tests.ingest.video.recorder_process import Order, start_recorder
from tests.servers import LIMIT_S, S3Server, wait_until


def test_after_kill_9_of_the_recorder_every_row_has_its_bytes_and_every_second_a_cause(
    site: Database, tmp_path: Path, camera: GStreamerCamera
) -> None:
    order = Order(site.url, str(tmp_path), camera.url)
    for round_number in range(3):
        before = len(segments(site))
        recorder = start_recorder(order)
        wait_until(lambda count=before: len(segments(site)) >= count + 2)  # type: ignore[misc]
        if round_number < 2:
            wait_until(lambda: bool(list((tmp_path / "spool").rglob("*.part"))))
            recorder.kill()
        else:
            recorder.terminate()
        recorder.wait(LIMIT_S)
    footage = Footage(site, FolderStore(tmp_path / "store"), tmp_path / "spool")
    assert_every_row_has_its_bytes(footage)
    assert_every_second_is_explained(site, datetime.now(UTC))
    assert causes(site) == [GapCause.RECORDER_CRASHED, GapCause.RECORDER_CRASHED, GapCause.RECORDER_STOPPED]
    assert not list((tmp_path / "spool").rglob("*.part"))


def order_on(s3: S3Server, site: Database, folder: Path, camera: GStreamerCamera) -> Order:
    return Order(site.url, str(folder), camera.url, s3.endpoint, s3.bucket, s3.access_key, s3.secret_key)


def test_after_kill_9_of_the_store_nothing_acknowledged_is_gone_and_uploading_goes_on(
    site: Database, tmp_path: Path, camera: GStreamerCamera, s3: S3Server
) -> None:
    order = order_on(s3, site, tmp_path, camera)
    recorder = start_recorder(order)
    try:
        wait_until(lambda: len(stored(site)) >= 2)
        s3.kill()
        acknowledged = keys(stored(site))
        recorded = len(segments(site))
        wait_until(lambda: len(segments(site)) >= recorded + 3)
        s3.start()
        wait_until(lambda: len(stored(site)) >= recorded + 3)
    finally:
        recorder.terminate()
        recorder.wait(LIMIT_S)
    assert acknowledged <= keys(stored(site))
    assert_every_row_has_its_bytes(Footage(site, order.store(), tmp_path / "spool"))
    assert causes(site) == [GapCause.RECORDER_STOPPED]


def test_after_kill_9_of_recorder_and_store_in_one_moment_nothing_acknowledged_is_gone_and_every_second_has_a_cause(
    site: Database, tmp_path: Path, camera: GStreamerCamera, s3: S3Server
) -> None:
    order = order_on(s3, site, tmp_path, camera)
    recorder = start_recorder(order)
    wait_until(lambda: len(stored(site)) >= 2 and bool(list((tmp_path / "spool").rglob("*.part"))))
    recorder.kill()
    s3.kill()
    recorder.wait(LIMIT_S)
    acknowledged, recorded = stored(site), len(segments(site))

    recorder = start_recorder(order)
    try:
        # The store comes back later than the recorder, which goes on without it.
        wait_until(lambda: len(segments(site)) >= recorded + 2)
        s3.start()
        wait_until(lambda: len(stored(site)) >= recorded + 2)
    finally:
        recorder.terminate()
        recorder.wait(LIMIT_S)
    assert_every_row_has_its_bytes(Footage(site, order.store(), tmp_path / "spool"))
    assert_every_second_is_explained(site, datetime.now(UTC))
    assert {(row.key, row.sha256) for row in acknowledged} <= {(row.key, row.sha256) for row in stored(site)}
    assert causes(site) == [GapCause.RECORDER_CRASHED, GapCause.RECORDER_STOPPED]


def keys(rows: list[Segment]) -> set[str]:
    return {row.key for row in rows}
