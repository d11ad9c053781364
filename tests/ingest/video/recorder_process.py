"""A recorder in a process of its own, for tests that kill it, or in which it dies at a step of its own."""

import errno
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy.exc import IntegrityError, OperationalError

from ingest.video.recorder import CameraFeed, RecorderNode, RecorderSettings
from ingest.video.steps import Step, listen
from storage.database import Database
from storage.folder_store import FolderStore, PutStep
from storage.objects import ObjectStore
from storage.s3_store import S3Store
from tests.sample import CAMERA

# Each recorder is forked off a process that has everything loaded already, and has no threads; also what it would load
# because it is forked for a program that was started with -m.
_program = getattr(sys.modules["__main__"], "__spec__", None)
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["__main__", __name__, *([_program.name] if _program else [])])


@dataclass(frozen=True)
class Order:
    database: str
    folder: str
    url: str
    endpoint: str = ""
    bucket: str = ""
    access_key: str = ""
    secret_key: str = ""
    segment_seconds: int = 2
    longest_upload_wait_s: float = 1.0
    others: tuple[tuple[str, str], ...] = ()
    """More cameras: id and address."""
    dies_at: Step | PutStep | None = None
    dies_after: int = 1
    """How often the step is reached until it dies there."""
    disk_refuses: Step | None = None
    """Once."""
    database_refuses: Step | None = None
    database_away: Step | None = None
    starts_without_database: bool = False
    sound: bool = False

    def store(self, on_step: Callable[[PutStep], None] = lambda _step: None) -> ObjectStore:
        if self.endpoint:
            return S3Store(self.endpoint, self.bucket, self.access_key, self.secret_key, secure=False)
        return FolderStore(Path(self.folder) / "store", on_step)

    def settings(self) -> RecorderSettings:
        folder = Path(self.folder)
        return RecorderSettings(
            folder / "spool",
            folder / "relay.sock",
            self.segment_seconds,
            poll_seconds=0.5,
            longest_upload_wait_s=self.longest_upload_wait_s,
        )

    def feeds(self) -> list[CameraFeed]:
        cameras = ((CAMERA, self.url), *self.others)
        return [CameraFeed(camera_id, url, audio=self.sound) for camera_id, url in cameras]


class Recorder:
    """Of one order, until it ends."""

    def __init__(self, order: Order) -> None:
        self._process: BaseProcess = _processes.Process(target=record, args=(order,), daemon=True)
        self._process.start()

    def kill(self) -> None:
        """-9."""
        self._process.kill()

    def terminate(self) -> None:
        """Asks it to stop."""
        self._process.terminate()

    @property
    def runs(self) -> bool:
        return self._process.is_alive()

    def wait(self, seconds: float) -> int:
        """Its exit code; raises TimeoutError."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise TimeoutError(f"the recorder still runs after {seconds} s")
        return self._process.exitcode


def start_recorder(order: Order) -> Recorder:
    return Recorder(order)


def record(order: Order) -> None:
    # Taken by sigwait, in no handler: that could come while this thread holds the lock of what it waits for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    fate = _fate(order)
    listen(fate)
    cameras, memory = _cameras(order), _Remembered(order.feeds())
    node = RecorderNode(Database(order.database), order.store(fate), order.settings(), cameras, memory)
    node.start()
    signal.sigwait({signal.SIGTERM})
    node.stop()


def _cameras(order: Order) -> Callable[[], list[CameraFeed]]:
    failures = iter([_away()] * (2 if order.starts_without_database else 0))

    def cameras() -> list[CameraFeed]:
        for failure in failures:
            raise failure
        return order.feeds()

    return cameras


class _Remembered:
    def __init__(self, feeds: list[CameraFeed]) -> None:
        self._feeds = feeds

    def keep(self, feeds: Sequence[CameraFeed]) -> None:
        pass

    def read(self) -> list[CameraFeed]:
        return self._feeds


def _fate(order: Order) -> Callable[[Step | PutStep], None]:
    left = iter(range(order.dies_after - 1))
    refusals = iter([OSError(errno.EIO, "input/output error")])

    def on_step(step: Step | PutStep) -> None:
        if step is order.dies_at and next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        if step is order.disk_refuses:
            _raise_next(refusals)
        if step is order.database_refuses:
            raise IntegrityError("refused", None, Exception("refused"))
        if step is order.database_away:
            raise _away()

    return on_step


def _raise_next(errors: Iterable[OSError]) -> None:
    for error in errors:
        raise error


def _away() -> OperationalError:
    return OperationalError("away", None, Exception("away"))
