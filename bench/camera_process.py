"""Cameras for benches, in a process of their own: one GOP over and over, at a bit rate, each camera at its own moment.

Prints the address; the cameras are at /0, /1, …
"""

import argparse
import itertools
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.simulator.microphone import SoundEncoder
from ingest.simulator.mounts import AccessUnit, Mount
from ingest.simulator.rtsp_server import RtspServer
from tests.certificates import own_tls
from tests.ingest.video.encoded import packets


@dataclass(frozen=True)
class Kind:
    """What all the cameras send."""

    kbps: int = 2000
    gop_s: int = 1
    """From keyframe to keyframe."""
    fps: int = 25
    b_frames: int = 0
    """Between two others; with more than two, some rest on each other."""
    sound: int = 0
    """1: AAC in each."""
    tls: int = 0
    """1: through TLS."""

    def arguments(self) -> list[str]:
        return [f"--{name.replace('_', '-')}={int(value)}" for name, value in asdict(self).items()]


@dataclass(frozen=True)
class Unit:
    data: bytes
    keyframe: bool
    taken_before: timedelta
    """It is sent; what rests on a later picture waits for that."""


def main() -> None:
    count, kind = _options()
    units = units_of(kind)
    with tempfile.TemporaryDirectory() as folder, RtspServer(tls=own_tls(Path(folder)) if kind.tls else None) as server:
        mounts = [server.mount(f"/{number}") for number in range(count)]
        if kind.sound:
            hear(mounts)
        print(server.url(""), flush=True)
        began, began_at = time.monotonic(), datetime.now(UTC)
        for turn in itertools.count():
            picture, camera = divmod(turn, count)
            # Cameras do not take their pictures at the same instant: each has its own share of the interval.
            due_s = turn / count / kind.fps
            time.sleep(max(0.0, began + due_s - time.monotonic()))
            unit = units[(picture + camera) % len(units)]
            taken = began_at + timedelta(seconds=due_s) - unit.taken_before
            mounts[camera].feed(AccessUnit(unit.data, taken, unit.keyframe))


def units_of(kind: Kind) -> list[Unit]:
    """One GOP, in the order of sending."""
    count, interval = kind.fps * kind.gop_s, timedelta(seconds=1) / kind.fps
    pyramid = "b-adapt=0:b-pyramid=normal" if kind.b_frames else ""
    gop = packets(count, gop=count, fps=kind.fps, b_frames=kind.b_frames, x264=pyramid)
    first = min(packet.pts for packet in gop)
    shown = [round((packet.pts - first) * kind.fps / 90_000) for packet in gop]
    ahead = max(number - turn for turn, number in enumerate(shown))
    size = kind.kbps * 1000 // 8 // kind.fps
    return [
        Unit(filled(packet.data, size), packet.keyframe, (ahead - number + turn) * interval)
        for turn, (packet, number) in enumerate(zip(gop, shown, strict=True))
    ]


def _options() -> tuple[int, Kind]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, required=True)
    for name, usual in asdict(Kind()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=usual)
    options = vars(parser.parse_args())
    return options.pop("cameras"), Kind(**options)


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
