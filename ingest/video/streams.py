"""The streams that a recorder keeps open: main streams always, sub-streams while somebody watches."""

import threading
import time
from dataclasses import dataclass, field

import structlog

from ingest.video.camera import CameraFeed, CameraWorker
from ingest.video.frames import StreamName
from ingest.video.hub import Hub
from ingest.video.intake import Intake

LINGER_S = 10.0
"""A sub-stream stays open so long after the last viewer, who may only be changing pages."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class MainStream:
    """A recorded camera."""

    feed: CameraFeed
    hub: Hub
    intake: Intake
    worker: CameraWorker


@dataclass(slots=True)
class _SubStream:
    worker: CameraWorker
    hub: Hub = field(default_factory=Hub)
    viewers: int = 0
    idle_since: float = 0.0


class StreamTable:
    """Safe to share between threads; the relay takes its hubs from here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._main: dict[str, MainStream] = {}
        self._sub: dict[str, _SubStream] = {}

    def main(self) -> dict[str, MainStream]:
        """A copy: camera id to stream."""
        with self._lock:
            return dict(self._main)

    def put_main(self, stream: MainStream) -> None:
        with self._lock:
            self._main[stream.feed.id] = stream

    def remove_main(self, camera_id: str) -> None:
        with self._lock:
            self._main.pop(camera_id, None)

    def acquire(self, camera_id: str, stream: StreamName) -> Hub | None:
        with self._lock:
            main = self._main.get(camera_id)
            if main is None:
                return None
            if stream == "main" or not main.feed.sub_url:
                return main.hub
            sub = self._sub.get(camera_id) or self._start_sub(main.feed)
            sub.viewers += 1
            return sub.hub

    def release(self, camera_id: str, stream: StreamName) -> None:
        with self._lock:
            sub = self._sub.get(camera_id)
            if stream == "sub" and sub is not None and sub.viewers:
                sub.viewers -= 1
                sub.idle_since = time.monotonic()

    def stop_idle_subs(self, at_once: bool = False) -> None:
        """Stops sub-streams that nobody has watched for a while, that hang, or (`at_once`) all of them."""
        with self._lock:
            idle = [
                camera_id
                for camera_id, sub in self._sub.items()
                if at_once or (not sub.viewers and time.monotonic() - sub.idle_since > LINGER_S)
            ]
            for camera_id in idle:
                self._sub.pop(camera_id).worker.ask_to_stop()
                log.info("sub_stream_stopped", camera=camera_id)

    def _start_sub(self, feed: CameraFeed) -> _SubStream:
        hub = Hub()
        sub = _SubStream(CameraWorker(feed.id, feed.sub_url, feed.transport, hub), hub)
        self._sub[feed.id] = sub
        sub.worker.start()
        log.info("sub_stream_started", camera=feed.id)
        return sub
