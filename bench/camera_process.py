"""A camera for benches, in a process of its own: one GOP over and over, at a bit rate. Prints its address."""

import sys
import time
from datetime import UTC, datetime

from ingest.simulator.mounts import AccessUnit
from ingest.simulator.rtsp_server import RtspServer
from tests.ingest.video.encoded import packets

FPS = 25


def main() -> None:
    size = int(sys.argv[1]) * 1000 // 8 // FPS
    units = [(filled(packet.data, size), packet.keyframe) for packet in packets(FPS)]
    with RtspServer() as server:
        mount = server.mount("/main")
        print(server.url("/main"), flush=True)
        due, number = time.monotonic(), 0
        while True:
            data, keyframe = units[number % FPS]
            mount.feed(AccessUnit(data, datetime.now(UTC), keyframe))
            number, due = number + 1, due + 1 / FPS
            time.sleep(max(0.0, due - time.monotonic()))


def filled(data: bytes, size: int) -> bytes:
    """The same picture with a filler unit (H.264 type 12) that brings it to the size."""
    return data + b"\x00\x00\x00\x01\x0c" + b"\xff" * max(size - len(data), 1) + b"\x80"


if __name__ == "__main__":
    main()
