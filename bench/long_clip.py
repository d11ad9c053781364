"""Long clips: time to the first byte and memory of 1 h and 24 h, against ffmpeg's concat copy of 1 h.

    python -m bench.long_clip [--runs 9] [--mbit 2]

A clip can be played from anywhere while it is being fetched: ffmpeg's equal is a plain MP4 with `-movflags faststart`,
whose first byte is there when it is done. All 8,640 segments of the day are the same file.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from bench.clip import CAMERA, fill_up, new_database
from ingest.video.clip import Clip, LongClip, open_clip
from ingest.video.fragmented import Recording
from ingest.video.writer import SegmentWriter, settle
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import ClockSource, Segment
from tests.ingest.video.encoded import START, gops, packets

GOAL = 0.02
SEGMENTS = 8640
LENGTH = timedelta(seconds=10)


@dataclass(frozen=True)
class Times:
    name: str
    first_ms: float
    grown_mb: float
    """Memory of the process while the whole clip was read."""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        database = new_database(folder)
        paths = _record(database, folder, options.mbit)
        footage = Footage(database, FolderStore(folder / "store"), folder)
        lengths = {"60 s": 60, "1 h": 3600, "24 h": 86_390}
        ours = [_ours(footage, name, timedelta(seconds=seconds), options.runs) for name, seconds in lengths.items()]
        ffmpeg_ms = _ffmpeg(paths[:361], folder)
    _print(ours, ffmpeg_ms, options.mbit)
    sys.exit(ours[1].first_ms > GOAL * ffmpeg_ms)


def _record(database: Database, folder: Path, mbit: float) -> list[Path]:
    whole = [fill_up(gop, int(mbit * 1e6 / 8 / 25)) for gop in gops(packets(250))]
    recording = Recording(CAMERA, 1, whole[0].wall_us, ClockSource.ARRIVAL, 0)
    writer = SegmentWriter(folder, recording, whole[0].info)
    for gop in whole:
        writer.append(gop)
    finished = writer.close()
    assert finished is not None
    settle(folder, finished.key)
    row = finished.row().model_dump(exclude={"id"})
    keys = [f"{CAMERA}/{number:04d}.mp4" for number in range(SEGMENTS)]
    for key in keys:
        os.link(folder / finished.key, folder / key)
    rows = [
        row
        | {"sequence": n + 1, "key": key, "start": row["start"] + n * LENGTH, "end": row["start"] + (n + 1) * LENGTH}
        for n, key in enumerate(keys)
    ]
    with database.transaction() as session:
        session.execute(insert(Segment), rows)
    return [folder / key for key in keys]


def _ours(footage: Footage, name: str, length: timedelta, runs: int) -> Times:
    took: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        clip = _opened(footage, length)
        next(clip.chunks())
        took.append((time.perf_counter() - began) * 1000)
    before = _memory_mb()
    most = max(_memory_mb() for _ in clip.chunks())
    return Times(name, statistics.median(took), most - before)


def _opened(footage: Footage, length: timedelta) -> Clip | LongClip:
    start = START + timedelta(seconds=5.5)
    with footage.database.transaction() as session:
        return open_clip(footage, session, CAMERA, start, start + length)


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _ffmpeg(paths: list[Path], folder: Path) -> float:
    listing = folder / "list.txt"
    listing.write_text("".join(f"file '{path}'\n" for path in paths))
    command = ["ffmpeg", "-v", "error", "-nostdin", "-f", "concat", "-safe", "0", "-ss", "5.5", "-i", str(listing)]
    command += ["-t", "3600", "-c", "copy", "-movflags", "faststart", str(folder / "hour.mp4")]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return (time.perf_counter() - began) * 1000


def _print(ours: list[Times], ffmpeg_ms: float, mbit: float) -> None:
    table = Table(title=f"Clips at {mbit:g} Mbit/s (goal for 1 h: {GOAL} of ffmpeg)")
    for heading in ("clip", "first byte, median", "of ffmpeg's 1 h", "memory grown while read"):
        table.add_column(heading, justify="right")
    for row in ours:
        table.add_row(row.name, f"{row.first_ms:.0f} ms", f"{row.first_ms / ffmpeg_ms:.3f}", f"{row.grown_mb:.1f} MB")
    table.add_row("ffmpeg, 1 h", f"{ffmpeg_ms:.0f} ms", "1", "")
    Console(width=100).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--mbit", type=float, default=2.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
