"""Clips: time to the first byte of a 60 s clip, against ffmpeg's concat copy.

    python -m bench.clip [--runs 15] [--mbit 2]

Ours is exact to the frame and made from segments in a folder store and in S3 (where SeaweedFS is installed); ffmpeg
copies the same segment files from disk, from the keyframe before, into a fragmented MP4 on a pipe, so that it can
write early, too.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.camera_process import filled
from ingest.video.clip import Clip, open_clip
from ingest.video.fragmented import Recording
from ingest.video.segmenter import Gop
from ingest.video.writer import SegmentWriter, settle
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.migrate import upgrade
from storage.models import Camera, ClockSource, District, Hall, Location, Segment
from storage.objects import ObjectStore
from storage.s3_store import S3Store
from tests.ingest.video.encoded import START, gops, packets
from tests.servers import S3Server

GOAL_MS = 300.0
CLIP = timedelta(seconds=60)
SEGMENTS = 9
CAMERA = "c1"


@dataclass(frozen=True)
class Times:
    name: str
    first_ms: list[float]
    whole_ms: list[float]


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        database = new_database(folder)
        files = _record(database, folder, options.mbit)
        rows = [
            _ours("folder store", Footage(database, _filled(FolderStore(folder / "store"), files), folder), options)
        ]
        with _s3(folder) as s3:
            if s3 is not None:
                rows.append(_ours("S3", Footage(database, _filled(s3, files), folder), options))
        rows.append(_ffmpeg([path for _, path, _ in files], folder, options.runs))
    _print(rows, options.mbit)
    sys.exit(not all(statistics.median(row.first_ms) <= GOAL_MS for row in rows[:-1]))


def _ours(name: str, footage: Footage, options: argparse.Namespace) -> Times:
    return _timed(name, lambda: _our_chunks(footage), options.runs)


def _our_chunks(footage: Footage) -> Iterator[bytes]:
    start = START + timedelta(seconds=5.5)
    with footage.database.transaction() as session:
        clip = open_clip(footage, session, CAMERA, start, start + CLIP)
    assert isinstance(clip, Clip)
    assert clip.frames == 1500
    yield from clip.chunks()


def _ffmpeg(paths: list[Path], folder: Path, runs: int) -> Times:
    listing = folder / "list.txt"
    listing.write_text("".join(f"file '{path}'\n" for path in paths))
    command = ["ffmpeg", "-v", "error", "-nostdin", "-f", "concat", "-safe", "0", "-ss", "5.5", "-i", str(listing)]
    command += ["-t", "60", "-c", "copy", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-"]

    def chunks() -> Iterator[bytes]:
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            while chunk := process.stdout.read1(1 << 20):  # type: ignore[attr-defined]
                yield chunk

    return _timed("ffmpeg concat copy", chunks, runs)


def _timed(name: str, make: Callable[[], Iterator[bytes]], runs: int) -> Times:
    first, whole = [], []
    for _ in range(runs):
        began = time.perf_counter()
        chunks = make()
        next(chunks)
        first.append((time.perf_counter() - began) * 1000)
        for _chunk in chunks:
            pass
        whole.append((time.perf_counter() - began) * 1000)
    return Times(name, first, whole)


def new_database(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder}/bench.db")
    upgrade(database)
    with database.transaction() as session:
        session.add(District(id="d", name="d"))
        session.flush()
        session.add(Hall(id="h", district_id="d", name="h"))
        session.flush()
        session.add(Camera(id=CAMERA, hall_id="h", url="rtsp://none"))
    return database


def _record(database: Database, folder: Path, mbit: float) -> list[tuple[str, Path, str]]:
    """Ten-second segments of 25 pictures a second, filled up to the bit rate; keys, files and hashes."""
    made: list[tuple[str, Path, str]] = []
    whole = gops(packets(250 * SEGMENTS))
    for sequence in range(SEGMENTS):
        chosen = whole[sequence * 10 : sequence * 10 + 10]
        recording = Recording(CAMERA, sequence + 1, chosen[0].wall_us, ClockSource.ARRIVAL, 0)
        writer = SegmentWriter(folder / "made", recording, chosen[0].info)
        for gop in chosen:
            writer.append(fill_up(gop, int(mbit * 1e6 / 8 / 25)))
        finished = writer.close()
        assert finished is not None
        settle(folder / "made", finished.key)
        with database.transaction() as session:
            row = Segment(**{**finished.row().model_dump(), "location": Location.STORED})
            session.add(row)
        made.append((finished.key, folder / "made" / finished.key, finished.sha256))
    return made


def fill_up(gop: Gop, size: int) -> Gop:
    """The same pictures with a filler unit (H.264 type 12) that brings them to the size."""

    return replace(gop, frames=tuple(replace(frame, data=filled(frame.data, size)) for frame in gop.frames))


def _filled(store: ObjectStore, files: list[tuple[str, Path, str]]) -> ObjectStore:
    for key, path, sha256 in files:
        store.put(key, path, sha256)
    return store


@contextmanager
def _s3(folder: Path) -> Iterator[S3Store | None]:
    if S3Server.program() is None:
        yield None
        return
    (folder / "weed").mkdir()
    server = S3Server(folder / "weed")
    server.start()
    store = S3Store(server.endpoint, server.bucket, server.access_key, server.secret_key, secure=False)
    yield store
    store.close()
    server.stop()


def _print(rows: list[Times], mbit: float) -> None:
    table = Table(title=f"First byte of a 60 s clip at {mbit:g} Mbit/s (goal: at most {GOAL_MS:.0f} ms)")
    for heading in ("from", "first byte, median", "worst", "whole clip, median", "first byte / ffmpeg", "goal"):
        table.add_column(heading, justify="right")
    reference = statistics.median(rows[-1].first_ms)
    for row in rows:
        median = statistics.median(row.first_ms)
        met = "" if row is rows[-1] else "met" if median <= GOAL_MS else "missed"
        cells = (f"{median:.0f} ms", f"{max(row.first_ms):.0f} ms", f"{statistics.median(row.whole_ms):.0f} ms")
        table.add_row(row.name, *cells, f"{median / reference:.2f}", met)
    Console(width=120).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--mbit", type=float, default=2.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
