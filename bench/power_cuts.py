"""What does a cut of the power cost footage that is just being recorded?

    python -m bench.power_cuts [--cuts 100] [--cameras 4] [--kbps 2000] [--gop-s 4]

A recorder records while no store takes anything. At moments drawn by chance a copy is made of its spool as a cut would
leave it: with what was made sure of by `fsync`, and nothing else. Lost is what lies between the last frame in it and
that moment. Ends with exit code 1 if it is more than two seconds of a camera.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.camera_process import Kind
from bench.recording import simulated_cameras
from ingest.video.recorder import CameraFeed, RecorderNode, RecorderSettings
from storage.database import Database
from storage.folder_store import FolderStore
from storage.migrate import upgrade
from storage.models import Camera
from storage.objects import StoreError
from tests.ingest.video.power import disk_with_power
from tests.sample import CAMERA, HALL, a_hall
from tests.servers import wait_until

MAX_LOST_S = 2.0
APART_S = (0.2, 1.5)


class Away(FolderStore):
    """Takes nothing."""

    def put(self, key: str, source: Path, sha256: str) -> None:
        raise StoreError("away")


def losses(folder: Path, cuts: int, cameras: int, kind: Kind, seed: int = 1) -> list[float]:
    """In seconds, of each camera at each cut."""
    chance, spool = random.Random(seed), folder / "spool"
    database = Database(f"sqlite:///{folder}/hallwatch.db")
    with simulated_cameras(cameras, kind) as urls, closing(database), disk_with_power() as disk:
        ids = [CAMERA, *(f"cc-cam-{number}" for number in range(2, cameras + 1))]
        upgrade(database)
        with database.transaction() as session:
            a_hall(session)
            session.add_all(Camera(id=each, hall_id=HALL, name=each, url="") for each in ids[1:])
        feeds = [CameraFeed(each, url) for each, url in zip(ids, urls, strict=True)]
        settings = RecorderSettings(spool, folder / "relay.sock")
        recorder = RecorderNode(database, Away(folder / "store"), settings, lambda: feeds)
        recorder.start()
        wait_until(lambda: set(disk.footage_to(spool)) == set(ids))
        lost = []
        for _ in range(cuts):
            time.sleep(chance.uniform(*APART_S))
            at = datetime.now(UTC)
            lost += [(at - end).total_seconds() for end in disk.footage_to(spool).values()]
        recorder.stop()
    return lost


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cuts", type=int, default=100)
    options.add_argument("--cameras", type=int, default=4)
    options.add_argument("--kbps", type=int, default=2000)
    options.add_argument("--gop-s", type=int, default=4)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="hallwatch-power-") as folder:
        lost = losses(Path(folder), asked.cuts, asked.cameras, Kind(kbps=asked.kbps, gop_s=asked.gop_s))
    late = statistics.quantiles(lost, n=20)[-1]
    print(
        f"{len(lost)} counted; lost: median {statistics.median(lost):.2f} s, 95 % {late:.2f} s, most {max(lost):.2f} s"
    )
    sys.exit(max(lost) > MAX_LOST_S)


if __name__ == "__main__":
    main()
