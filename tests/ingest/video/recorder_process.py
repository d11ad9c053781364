"""A recorder in a process of its own, for tests that kill it: `python recorder_process.py '{"database": …}'`."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.video.recorder import CameraFeed, RecorderNode, RecorderSettings
from storage.database import Database
from storage.folder_store import FolderStore
from storage.objects import ObjectStore
from storage.s3_store import S3Store
from tests.sample import CAMERA

ROOT = Path(__file__).parents[3]


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

    def store(self) -> ObjectStore:
        if self.endpoint:
            return S3Store(self.endpoint, self.bucket, self.access_key, self.secret_key, secure=False)
        return FolderStore(Path(self.folder) / "store")

    def settings(self) -> RecorderSettings:
        folder = Path(self.folder)
        return RecorderSettings(folder / "spool", folder / "relay.sock", self.segment_seconds, poll_seconds=0.5)


def start_recorder(order: Order) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, __file__, json.dumps(asdict(order))], env=environment)


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    node = RecorderNode(
        Database(order.database), order.store(), order.settings(), lambda: [CameraFeed(CAMERA, order.url)]
    )
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    node.start()
    stopping.wait()
    node.stop()


if __name__ == "__main__":
    main()
