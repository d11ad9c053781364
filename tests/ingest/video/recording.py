"""A recorder for the length of a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.simulator.mounts import Mount
from ingest.video.recorder import CameraFeed, RecorderNode, RecorderSettings
from ingest.video.server_clock import ServerClock
from ingest.video.spool_room import SpoolLimits
from storage.database import Database
from storage.models import CameraStatus
from storage.objects import ObjectStore
from tests.sample import CAMERA

SEGMENT_SECONDS = 2
LONGEST_UPLOAD_WAIT_S = 1.0


@dataclass(frozen=True)
class RtspClock:
    """A simulated camera's address and switches."""

    url: str
    mount: Mount


@contextmanager
def recording(
    database: Database,
    store: ObjectStore,
    folder: Path,
    feeds: list[CameraFeed],
    poll_seconds: float = 0.3,
    clock: ServerClock | None = None,
    limits: SpoolLimits = SpoolLimits(),
    node: str = "recorder-1",
) -> Iterator[RecorderNode]:
    """`feeds` may be changed while it runs."""
    spool, socket = folder / "spool", folder / "relay.sock"
    settings = RecorderSettings(spool, socket, SEGMENT_SECONDS, node, poll_seconds, limits, LONGEST_UPLOAD_WAIT_S)
    recorder = RecorderNode(database, store, settings, lambda: list(feeds), clock=clock)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


def status(database: Database) -> CameraStatus | None:
    with database.transaction() as session:
        return session.get(CameraStatus, CAMERA)
