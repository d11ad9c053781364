"""The time that the recorder tells is the time that the picture shows."""

from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ingest.simulator.clock_code import read_clock
from ingest.video.clip import open_clip
from ingest.video.recorder import CameraFeed
from ingest.video.stills import still
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import ClockSource, GapCause
from tests.ingest.video.evidence import causes, gaps, segments
from tests.ingest.video.recording import RtspClock, recording, status
from tests.sample import CAMERA
from tests.servers import wait_until

CLOSE = timedelta(milliseconds=250)
"""Two frames of 10 per second and what a busy machine adds."""


def shown_clocks(video: bytes) -> list[datetime]:
    with av.open(BytesIO(video), "r") as container:
        read = [read_clock(frame.to_ndarray(format="bgr24").astype(np.uint8)) for frame in container.decode(video=0)]
    assert all(read)
    return [clock for clock in read if clock]


@pytest.mark.parametrize("reports", [True, False])
def test_clip_and_still_show_the_moment_that_was_asked_for(
    site: Database, folder_store: FolderStore, tmp_path: Path, clock_camera: RtspClock, reports: bool
) -> None:
    clock_camera.mount.reports = reports
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, clock_camera.url)]):
        wait_until(lambda: len(segments(site)) >= 4)
    rows = segments(site)
    assert rows[1].clock_source is (ClockSource.SENDER_REPORT if reports else ClockSource.ARRIVAL)
    footage, start = Footage(site, folder_store, tmp_path / "spool"), rows[1].start + timedelta(seconds=0.65)
    end = start + timedelta(seconds=3)
    with site.transaction() as session:
        clocks = shown_clocks(b"".join(open_clip(footage, session, CAMERA, start, end).chunks()))
        picture = cv2.imdecode(np.frombuffer(still(footage, session, CAMERA, start), np.uint8), cv2.IMREAD_COLOR)
    assert abs(clocks[0] - start) < CLOSE
    assert abs(clocks[-1] - end) < CLOSE
    assert clocks == sorted(clocks)
    assert picture is not None
    taken = read_clock(picture.astype(np.uint8))
    assert taken is not None
    assert abs(taken - start) < CLOSE


def test_a_camera_clock_that_is_off_by_7_s_is_noticed_and_not_believed(
    site: Database, folder_store: FolderStore, tmp_path: Path, clock_camera: RtspClock
) -> None:
    clock_camera.mount.clock_offset = timedelta(seconds=7)
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, clock_camera.url)]):
        wait_until(lambda: len(segments(site)) >= 2)
        wait_until(lambda: bool((found := status(site)) and abs(found.clock_offset_us - 7_000_000) < 300_000))
    row = segments(site)[1]
    assert row.clock_source is ClockSource.ARRIVAL
    assert abs(row.clock_offset_us - 7_000_000) < 300_000
    footage = Footage(site, folder_store, tmp_path / "spool")
    assert abs(shown_clocks(footage.read(row))[0] - row.start) < CLOSE


def test_a_camera_that_stalls_and_drops_leaves_gaps_with_their_causes(
    site: Database, folder_store: FolderStore, tmp_path: Path, clock_camera: RtspClock
) -> None:
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, clock_camera.url)]):
        wait_until(lambda: len(segments(site)) >= 1)
        clock_camera.mount.stalled = True
        wait_until(lambda: GapCause.CAMERA_STALLED in causes(site))
        clock_camera.mount.stalled = False
        wait_until(lambda: gaps(site)[-1].end is not None)
        clock_camera.mount.drop()
        wait_until(lambda: gaps(site)[-1].end is None)
        clock_camera.mount.restore()
        wait_until(lambda: gaps(site)[-1].end is not None)
