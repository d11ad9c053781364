"""The recorder of `bench.recording`: one process, many cameras at one address."""

import json
import signal
import sys
import threading
from pathlib import Path

from ingest.video.recorder import CameraFeed, RecorderNode, RecorderSettings
from storage.database import Database
from storage.folder_store import FolderStore


def main() -> None:
    order = json.loads(sys.argv[1])
    folder = Path(order["folder"])
    feeds = [CameraFeed(f"c{number}", order["url"]) for number in range(order["count"])]
    node = RecorderNode(
        Database(order["database"]),
        FolderStore(folder / "store"),
        RecorderSettings(folder / "spool", folder / "relay.sock"),
        lambda: feeds,
    )
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    node.start()
    stopping.wait()
    node.stop()


if __name__ == "__main__":
    main()
