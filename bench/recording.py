"""Recording: CPU and private memory per camera, against `ffmpeg -c copy -f segment`.

    python -m bench.recording [--cameras 8 32 64] [--seconds 30] [--kbps 2000] [--sound] [--transport udp | --tls]
                              [--servers]

The recorder is the product's own process as `hallwatch serve` starts it, and does its whole work (index, SHA-256,
fsync, rows in SQLite, upload to a folder store); ffmpeg only copies, one process per camera as such tools run it. Both
record the same simulated cameras, in a process that is not counted. With `--sound` the cameras send AAC, too,
and both keep it. With `--tls` both take them as rtsps. With `--servers` the recorder's rows go to PostgreSQL and its
segments to S3 (SeaweedFS), whose own work is not counted.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.table import Table
from sqlmodel import select, true

from bench.camera_process import Kind
from bench.processes import cpu_seconds
from ingest.video.source import Transport
from storage.database import Database
from storage.models import Segment
from tests.conftest import create_database
from tests.servers import PostgresServer, S3Server, wait_until
from web.composition import build_services
from web.preparation import prepare
from web.serve import role_command
from web.settings_file import read_settings

MAX_CPU_RATIO = 1.0
MAX_MEMORY_RATIO = 0.4
MAX_SPREAD = 0.1
READY_LIMIT_S = 120.0
SETTLE_S = 15.0
"""What a start does once (imports, self-tests, the first look at what was left) is no camera's cost."""
STAGGER_S = 0.2
"""Between the starts of ffmpeg: they are to be measured, not the cameras' accepting 32 clients at once."""
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Load:
    cpu: float
    """Cores."""
    private_mb: float


@dataclass(frozen=True)
class Row:
    cameras: int
    recorder: Load
    ffmpeg: Load

    @property
    def ratio(self) -> float:
        return self.recorder.cpu / self.ffmpeg.cpu

    @property
    def memory_ratio(self) -> float:
        return self.recorder.private_mb / self.ffmpeg.private_mb

    @property
    def is_good(self) -> bool:
        return self.cameras < 32 or (self.ratio <= MAX_CPU_RATIO and self.memory_ratio <= MAX_MEMORY_RATIO)


def main() -> None:
    options = _options()
    kind = Kind(options.kbps, sound=options.sound, tls=options.tls)
    rows: list[Row] = []
    for count in options.cameras:
        with (
            simulated_cameras(count, kind) as urls,
            tempfile.TemporaryDirectory() as folder,
            _elsewhere(Path(folder), options.servers) as kept,
        ):
            compared = Compared(urls, Path(folder), options.transport, options.sound, kept)
            rows.append(_compare(compared, options.seconds))
    _print(rows, options)
    sys.exit(not all(row.is_good for row in rows) or _spread(rows) > MAX_SPREAD)


@contextmanager
def simulated_cameras(count: int, kind: Kind) -> Iterator[list[str]]:
    """Their addresses."""
    command = [sys.executable, "-m", "bench.camera_process", f"--cameras={count}", *kind.arguments()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            server = process.stdout.readline().strip()
            yield [f"{server}/{number}" for number in range(count)]
        finally:
            process.kill()


@contextmanager
def _elsewhere(folder: Path, servers: bool) -> Iterator[str]:
    """The tables of a configuration that keeps rows and segments on servers; empty: in files."""
    if not servers:
        yield ""
        return
    folder.chmod(0o755)  # PostgreSQL runs as somebody else
    for name in ("s3", "postgres"):
        (folder / name).mkdir()
    s3, postgres = S3Server(folder / "s3"), PostgresServer(folder / "postgres")
    try:
        s3.start()
        postgres.start()
        create_database(postgres, "hallwatch")
        access = "".join(
            f'{name} = "{getattr(s3, name)}"\n' for name in ("endpoint", "bucket", "access_key", "secret_key")
        )
        url = postgres.url("hallwatch")
        yield f'[database]\nurl = "{url}"\n[store]\nkind = "s3"\nsecure = false\n{access}'
    finally:
        postgres.stop()
        s3.stop()


@dataclass(frozen=True)
class Compared:
    """What both record, and how."""

    urls: Sequence[str]
    folder: Path
    transport: Transport
    sound: bool
    kept: str
    """Of the recorder's configuration: where rows and segments go."""


@dataclass(frozen=True)
class Running:
    processes: list["subprocess.Popen[bytes]"]
    is_ready: Callable[[], bool]
    """Whether every camera is being recorded."""


def _compare(compared: Compared, duration_s: float) -> Row:
    """Both at the same time, so that whatever else the machine does weighs on both."""
    with _running(_recorder(compared)) as recorder, _running(_ffmpeg(compared)) as ffmpeg:
        time.sleep(SETTLE_S)
        before = cpu_seconds(recorder), cpu_seconds(ffmpeg)
        began = time.monotonic()
        time.sleep(duration_s)
        elapsed = time.monotonic() - began
        used = cpu_seconds(recorder) - before[0], cpu_seconds(ffmpeg) - before[1]
        return Row(
            len(compared.urls),
            Load(used[0] / elapsed, _private_mb(recorder)),
            Load(used[1] / elapsed, _private_mb(ffmpeg)),
        )


@contextmanager
def _running(started: Running) -> Iterator[list[int]]:
    """The process ids, as soon as every camera is recorded."""
    try:
        wait_until(started.is_ready, READY_LIMIT_S, pause_s=0.5)
        yield [process.pid for process in started.processes]
    finally:
        for process in started.processes:
            process.send_signal(signal.SIGTERM)
        for process in started.processes:
            process.wait(60)


def _ffmpeg(compared: Compared) -> Running:
    segments = ["-f", "segment", "-segment_time", "10", "-segment_atclocktime", "1", "-reset_timestamps", "1"]
    processes = []
    for number, url in enumerate(compared.urls):
        command = ["ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", compared.transport, "-i", url]
        command += ["-c", "copy", *([] if compared.sound else ["-an"])]
        processes.append(subprocess.Popen([*command, *segments, str(compared.folder / f"{number}-%d.mp4")]))
        time.sleep(STAGGER_S)
    return Running(processes, lambda: len(list(compared.folder.glob("*-0.mp4"))) == len(compared.urls))


def _recorder(compared: Compared) -> Running:
    config = compared.folder / "hallwatch.toml"
    config.write_text(_site(compared), "utf-8")
    services = build_services(read_settings(config))
    prepare(services)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = role_command("recorder", config)
    # Its standard input stays open: when that ends, a role ends.
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    return Running([process], lambda: _all_recorded(services.database, len(compared.urls), compared.sound))


def _site(compared: Compared) -> str:
    how = f'transport = "{compared.transport}"\n' + ("audio = true\n" if compared.sound else "")
    cameras = [
        f'[[camera]]\nid = "c{number}"\nhall = "h"\nurl = "{url}"\n{how}' for number, url in enumerate(compared.urls)
    ]
    places = '[[district]]\nid = "d"\nname = "d"\n[[hall]]\nid = "h"\ndistrict = "d"\nname = "h"\n'
    return f'data_dir = "{compared.folder / "data"}"\n{compared.kept}{places}{"".join(cameras)}'


def _all_recorded(database: Database, count: int, sound: bool) -> bool:
    heard = Segment.audio != "" if sound else true()
    with database.transaction() as session:
        return len(session.exec(select(Segment.camera_id).where(heard).distinct()).all()) == count


def _private_mb(pids: Sequence[int]) -> float:
    """Unique set size: what would be free if the processes ended."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def _print(rows: Sequence[Row], options: argparse.Namespace) -> None:
    what = f"Recording at {options.kbps} kbit/s by {'tls' if options.tls else options.transport}"
    what += " with sound" if options.sound else ""
    what += " to PostgreSQL and S3" if options.servers else ""
    goal = f"from 32 on: CPU at most {MAX_CPU_RATIO} x ffmpeg, memory {MAX_MEMORY_RATIO} x"
    table = Table(title=f"{what} ({goal})")
    headings = ("cameras", "CPU % / camera", "ffmpeg CPU %", "ratio", "MB / camera", "ffmpeg MB", "goal")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            str(row.cameras),
            f"{row.recorder.cpu / row.cameras:.2%}",
            f"{row.ffmpeg.cpu / row.cameras:.2%}",
            f"{row.ratio:.2f}",
            f"{row.recorder.private_mb / row.cameras:.1f}",
            f"{row.ffmpeg.private_mb / row.cameras:.1f}",
            "" if row.cameras < 32 else "met" if row.is_good else "missed",
        )
    console = Console(width=110)
    console.print(table)
    console.print(f"A camera's CPU is within {_spread(rows):.0%} of the mean (goal: {MAX_SPREAD:.0%})")


def _spread(rows: Sequence[Row]) -> float:
    costs = [row.recorder.cpu / row.cameras for row in rows]
    mean = sum(costs) / len(costs)
    return max(abs(cost - mean) for cost in costs) / mean


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, nargs="+", default=[8, 32, 64])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--kbps", type=int, default=2000)
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--servers", action="store_true")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--tls", action="store_true")
    way.add_argument("--transport", choices=get_args(Transport), default="tcp")
    return parser.parse_args()


if __name__ == "__main__":
    main()
