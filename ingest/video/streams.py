"""The streams that a recorder keeps open: main streams always, sub-streams while somebody watches."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from ingest.video.camera import CameraFeed, CameraWorker
from ingest.video.frames import StreamName
from ingest.video.hub import Hub
from ingest.video.intake import Intake
from ingest.video.sub_hub import SILENT_S, SubHub

LINGER_S = 10.0
"""A sub-stream stays open so long after the last viewer, who may only be changing pages."""
RETRY_S = 300.0
"""A sub-stream that failed is tried again so often, also while nobody watches. Not more often: see REFUSED_WAIT_S."""
JOIN_S = 8.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MainStream:
    """A recorded camera."""

    worker: CameraWorker
    feed: CameraFeed
    hub: Hub
    intake: Intake


@dataclass(slots=True, kw_only=True)
class _SubStream:
    worker: CameraWorker
    hub: SubHub
    viewers: int = 0
    idle_since: float = field(default_factory=time.monotonic)


class StreamTable:
    """Safe to share between threads; the relay takes its hubs from here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._main: dict[str, MainStream] = {}
        self._sub: dict[str, _SubStream] = {}
        self._sub_errors: dict[str, str] = {}
        self._retry_at: dict[str, float] = {}

    def main(self) -> dict[str, MainStream]:
        """A copy: camera id to stream."""
        with self._lock:
            return dict(self._main)

    def put_main(self, stream: MainStream) -> None:
        """Who watches a sub-stream that is another one now goes over to it."""
        camera_id = stream.feed.id
        with self._lock:
            before, self._main[camera_id] = self._main.get(camera_id), stream
            if before is not None and before.feed.sub != stream.feed.sub:
                self._end_sub(camera_id)

    def remove_main(self, camera_id: str) -> None:
        """Whoever watches the camera is told that this is the end."""
        with self._lock:
            main = self._main.pop(camera_id)
            self._end_sub(camera_id)
            main.hub.end()

    def acquire(self, camera_id: str, stream: StreamName) -> Hub | None:
        with self._lock:
            main = self._main.get(camera_id)
            if main is None:
                return None
            if stream == "main" or not main.feed.sub_url:
                return main.hub
            sub = self._sub.get(camera_id) or self._start_sub(main)
            sub.viewers += 1
            return sub.hub

    def release(self, camera_id: str, hub: Hub) -> None:
        with self._lock:
            sub = self._sub.get(camera_id)
            if sub is not None and sub.hub is hub:
                sub.viewers -= 1
                sub.idle_since = time.monotonic()

    def tend(self, now: datetime) -> None:
        """Stops sub-streams that nobody has watched for a while, helps out where one is silent, tries failed ones."""
        with self._lock:
            for camera_id, sub in list(self._sub.items()):
                self._tend_sub(camera_id, sub, now)
            for camera_id in self._sub_errors.keys() - self._sub:
                if time.monotonic() >= self._retry_at[camera_id]:
                    self._start_sub(self._main[camera_id])

    def sub_errors(self) -> dict[str, str]:
        """Camera id to why its sub-stream could not be had when it was last wanted."""
        with self._lock:
            return dict(self._sub_errors)

    def stop_subs(self) -> None:
        with self._lock:
            for camera_id in list(self._sub):
                self._end_sub(camera_id)

    def _tend_sub(self, camera_id: str, sub: _SubStream, now: datetime) -> None:
        health = sub.worker.meter.read(now)
        if health.error:
            self._sub_errors[camera_id] = health.error
        elif health.fps:
            self._sub_errors.pop(camera_id, None)
        if not sub.viewers and time.monotonic() - sub.idle_since > LINGER_S:
            self._stop_sub(camera_id)
        elif sub.hub.silent_s(time.monotonic()) > SILENT_S:
            sub.hub.borrow()

    def _start_sub(self, main: MainStream) -> _SubStream:
        feed, hub = main.feed, SubHub(main.hub)
        sub = _SubStream(worker=CameraWorker(feed.id, feed.sub_url, feed.transport, hub), hub=hub)
        self._sub[feed.id] = sub
        sub.worker.start()
        log.info("sub_stream_started", camera=feed.id)
        return sub

    def _end_sub(self, camera_id: str) -> None:
        """It is another one now, or none."""
        self._sub_errors.pop(camera_id, None)
        if camera_id in self._sub:
            self._stop_sub(camera_id)

    def _stop_sub(self, camera_id: str) -> None:
        sub = self._sub.pop(camera_id)
        self._retry_at[camera_id] = time.monotonic() + RETRY_S
        sub.worker.ask_to_stop()
        sub.hub.end()
        log.info("sub_stream_stopped", camera=camera_id)


def end_all(streams: Sequence[MainStream]) -> None:
    """Asks all of them to stop, then waits for all together; who hangs is given up."""
    for stream in streams:
        stream.worker.ask_to_stop()
    until = time.monotonic() + JOIN_S
    for stream in streams:
        if not stream.worker.join(max(until - time.monotonic(), 0)):
            stream.worker.abandon("did not stop")
