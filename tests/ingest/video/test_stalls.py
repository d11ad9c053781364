"""A camera whose pictures stop while its sender reports go on."""

import time
from pathlib import Path

import pytest

from ingest.simulator import mounts
from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_server import RtspServer
from ingest.video import source
from ingest.video.recorder import CameraFeed
from storage.database import Database
from storage.folder_store import FolderStore
from storage.models import GapCause
from tests.ingest.video.evidence import causes, gaps, segments
from tests.ingest.video.recording import recording
from tests.sample import CAMERA
from tests.servers import wait_until

WATCHED_S = 8.0


def test_reports_without_pictures_are_a_stall_and_pile_up_no_connections(
    site: Database, folder_store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "REPORT_SECONDS", 0.5)
    monkeypatch.setattr(source, "PICTURELESS_S", 2.0)
    with RtspServer() as server:
        mount = server.mount("/main")
        with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, server.url("/main"))]):
            with ClockCamera(mount):
                wait_until(lambda: len(segments(site)) >= 1)
            wait_until(lambda: GapCause.CAMERA_STALLED in causes(site))
            until = time.monotonic() + WATCHED_S
            most = 0
            while time.monotonic() < until:
                most = max(most, mount.viewers)
                time.sleep(0.1)
            assert most <= 1
            with ClockCamera(mount):
                wait_until(lambda: gaps(site)[-1].end is not None)
