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
) -> Iterator[RecorderNode]:
    """`feeds` may be changed while it runs."""
    settings = RecorderSettings(
        folder / "spool", folder / "relay.sock", SEGMENT_SECONDS, "recorder-1", poll_seconds, limits
    )
    node = RecorderNode(database, store, settings, lambda: list(feeds), clock=clock)
    node.start()
    try:
        yield node
    finally:
        node.stop()


def status(database: Database) -> CameraStatus | None:
    with database.transaction() as session:
        return session.get(CameraStatus, CAMERA)
