"""Footage that is still growing, put on the disk for good fragment by fragment: a cut of the power costs hardly more
than a kill does.

In a thread of its own, so that no camera waits for the disk. It works half of the time at most: on a slow disk several
fragments of a segment go together, and a cut costs more.
"""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import structlog

from ingest.video.steps import Step, reached
from ingest.video.writer import sync_directories, sync_file
from storage.failures import Failures

JOB = "syncing"
"""Its name, where it keeps failing."""
GATHER_S = 0.1
"""What comes within it is brought there together."""

log = structlog.get_logger(__name__)


class Syncing:
    """Safe to share between threads."""

    def __init__(self, spool: Path, failures: Failures | None = None) -> None:
        self._spool, self._failures = spool, failures or Failures()
        self._grown: dict[Path, bool] = {}
        """Files with what is not on the disk for good yet, and whether their names are not either."""
        self._in_work: Path | None = None
        self._doubted: set[Path] = set()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="syncing", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """What is left is left to the system."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(wait_s)

    def grew(self, part: Path, is_new: bool) -> None:
        """A fragment was added to this file; `is_new`: its first. Never waits for the disk."""
        with self._changed:
            self._grown[part] = is_new or self._grown.get(part, False)
            self._changed.notify_all()

    def let_go(self, part: Path) -> bool:
        """The file is whole, and somebody else puts it on the disk. Waits while that is being done here.

        Whether the disk has refused some of it: then the kernel may hold for written what is not, and tell nobody else.
        """
        with self._changed:
            self._grown.pop(part, None)
            self._changed.wait_for(lambda: self._in_work != part)
            is_doubted = part in self._doubted
            self._doubted.discard(part)
            return is_doubted

    def sync_grown(self) -> None:
        """All that has grown until now."""
        with self._changed:
            waiting = list(self._grown)
        for part in waiting:
            with self._changed:
                is_new = self._grown.pop(part, None)
                if is_new is None:
                    continue
                self._in_work = part
            try:
                self._sync(part, is_new)
            finally:
                with self._changed:
                    self._in_work = None
                    self._changed.notify_all()

    def _sync(self, part: Path, is_new: bool) -> None:
        try:
            sync_file(part)
            if is_new:
                sync_directories(part.parent, self._spool)
            reached(Step.FRAGMENT_SYNCED)
        except FileNotFoundError:
            pass
        except OSError as error:
            log.error("growing_file_not_synced", path=str(part), error=str(error))
            with self._changed:
                self._doubted.add(part)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._grown or self._stopping)
                if self._stopping:
                    return
            time.sleep(GATHER_S)
            began = time.monotonic()
            try:
                self.sync_grown()
                self._failures.succeeded(JOB)
            except Exception as error:  # the edge of this thread: what comes later is synced all the same
                log.exception("syncing_failed")
                self._failures.failed(JOB, error, datetime.now(UTC))
            time.sleep(time.monotonic() - began)
