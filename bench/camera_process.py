"""Cameras for benches, in a process of their own: one GOP over and over, at a bit rate, each camera at its own moment.

Arguments: kbit/s, number of cameras, seconds from keyframe to keyframe, and `sound` for AAC in each. Prints the
address; the cameras are at /0, /1, …
"""

import itertools
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from ingest.simulator.microphone import SoundEncoder
from ingest.simulator.mounts import AccessUnit, Mount
from ingest.simulator.rtsp_server import RtspServer
from tests.ingest.video.encoded import packets

FPS = 25


def main() -> None:
    kbps, count, gop_s = map(int, sys.argv[1:4])
    gop = packets(FPS * gop_s, gop=FPS * gop_s)
    units = [(filled(packet.data, kbps * 1000 // 8 // FPS), packet.keyframe) for packet in gop]
    with RtspServer() as server:
        mounts = [server.mount(f"/{number}") for number in range(count)]
        if "sound" in sys.argv[4:]:
            hear(mounts)
        print(server.url(""), flush=True)
        began = time.monotonic()
        for turn in itertools.count():
            picture, camera = divmod(turn, count)
            # Cameras do not take their pictures at the same instant: each has its own share of the interval.
            time.sleep(max(0.0, began + turn / count / FPS - time.monotonic()))
            data, keyframe = units[(picture + camera) % len(units)]
            mounts[camera].feed(AccessUnit(data, datetime.now(UTC), keyframe))


def hear(mounts: Sequence[Mount]) -> None:
    """All hear the same, encoded once, in a thread of its own until the process ends."""
    encoder = SoundEncoder("aac", datetime.now(UTC))
    for mount in mounts:
        mount.sound = encoder.stream

    def run() -> None:
        due = time.monotonic()
        while True:
            due += encoder.frame_seconds
            time.sleep(max(0.0, due - time.monotonic()))
            for unit in encoder.next():
                for mount in mounts:
                    mount.feed_sound(unit)

    threading.Thread(target=run, name="microphone", daemon=True).start()


def filled(data: bytes, size: int) -> bytes:
    """The same picture with a filler unit (H.264 type 12) that brings it to the size."""
    return data + b"\x00\x00\x00\x01\x0c" + b"\xff" * max(size - len(data), 1) + b"\x80"


if __name__ == "__main__":
    main()
