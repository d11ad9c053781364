"""One thread per camera that keeps its newest picture, and only that."""

from collections.abc import Callable
from datetime import datetime
from threading import Condition, Event, Thread

import structlog

from analytics.pictures import Picture, PictureSource, RareKeyframes, SourceLost
from storage.failures import Failures

_log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0


class CameraFeed:
    """Reads a live source for ever; a slow detector makes it drop pictures, never queue them."""

    def __init__(
        self,
        camera_id: str,
        source: PictureSource,
        arrived: Condition,
        clock: Callable[[], datetime],
        failures: Failures,
    ) -> None:
        """`arrived` is notified with each picture; all feeds share it."""
        self.camera_id = camera_id
        self._source = source
        self._arrived = arrived
        self._clock = clock
        self._failures, self._job = failures, f"pictures:{camera_id}"
        self._newest: Picture | None = None
        self.dropped = 0
        self._stop = Event()
        self._thread = Thread(target=self._run, name=f"feed {camera_id}", daemon=True)
        self._error = ""

    @property
    def rare(self) -> RareKeyframes | None:
        return self._source.rare

    def start(self) -> None:
        self._thread.start()

    def signal_stop(self) -> None:
        """Asks it to end; stopping many feeds asks all before it waits for each."""
        self._stop.set()

    def join(self) -> None:
        self._thread.join()

    def take(self) -> Picture | None:
        """The newest picture, once. Call with `arrived` held."""
        picture, self._newest = self._newest, None
        return picture

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._run_once()
            except SourceLost as error:
                self._report(str(error))
            except Exception as error:  # noqa: BLE001  (the edge of this thread: one camera's trouble stays its own)
                _log.exception("feed_failed", camera=self.camera_id)
                self._failures.failed(self._job, error, self._clock())
            self._stop.wait(_RETRY_SECONDS)

    def _run_once(self) -> None:
        for picture in self._source.pictures(self._stop):
            with self._arrived:
                self.dropped += self._newest is not None
                self._newest = picture
                self._arrived.notify_all()
            self._failures.succeeded(self._job)
            self._report("")

    def _report(self, error: str) -> None:
        """One line for each change, however often it is tried again."""
        if error != self._error:
            self._error = error
            _log.info("feed_lost" if error else "feed_back", camera=self.camera_id, error=error)
