"""Watching live: CPU of the server per viewer, and how old the pictures are when they arrive.

    python -m bench.viewers [--mse 1 16 64] [--whep 1 16 32] [--seconds 20]

The recorder and the web server are the product's own processes, as `hallwatch serve` starts them; the camera and the
viewers run in processes that are not counted. The age of a picture is told by the clock in it: at the socket for MSE,
after decoding for WHEP. Beside it, from the same camera: an ffmpeg for each viewer that makes the same fragmented MP4,
and Janus, where it is installed, with its streaming plugin.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from sqlmodel import select

from bench.processes import cpu_seconds, role
from bench.viewer_clients import CAMERA, FPS, SETTLE_S, SIZE, THERE, crowd, watch
from bench.viewer_peers import ffmpeg_for_each, has_janus, janus
from storage.models import CameraStatus, Role, User
from tests.servers import free_port, wait_until
from web import sessions
from web.composition import build_services
from web.preparation import prepare
from web.services import Services
from web.settings_file import read_settings

USERS = 12
"""A user may hold only so many peer connections."""
READY_LIMIT_S = 180.0
CLOCK_CAMERA = f"""
import signal, sys
from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_server import RtspServer
with RtspServer() as server, ClockCamera(server.mount("/{CAMERA}"), *map(int, "{SIZE}".split("x")), fps={FPS}):
    print(server.url("/{CAMERA}"), flush=True)
    signal.pause()
"""


@dataclass(frozen=True)
class Row:
    way: str
    viewers: int
    cpu: float
    """Cores, of the one who serves the viewers."""
    ages_ms: list[float]


def main() -> None:
    options = _options()
    if options.client and options.crowd is not None:
        asyncio.run(crowd(options.client, options.address, options.cookies, options.crowd))
        return
    if options.client:
        print(json.dumps(asyncio.run(watch(options.client, options.address, options.cookies[-1], options.seconds))))
        return
    rows: list[tuple[Row, Row | None]] = []
    with tempfile.TemporaryDirectory() as folder, _site(Path(folder)) as site:
        for count in options.mse:
            ours = _measure("mse", site.address, site.web, site.cookies, count, options.seconds)
            rows.append((ours, Row("ffmpeg", count, *ffmpeg_for_each(site.camera, count, options.seconds))))
        for count in options.whep:
            ours, peer = _measure("whep", site.address, site.web, site.cookies, count, options.seconds), None
            if has_janus():
                with janus(Path(folder, f"janus-{count}"), site.camera) as (address, pid):
                    peer = _measure("janus", address, pid, ["-"], count, options.seconds)
            rows.append((ours, peer))
    _print(rows)


@dataclass(frozen=True)
class Site:
    address: str
    cookies: list[str]
    web: int
    camera: str
    """Its RTSP URL."""


@contextmanager
def _site(folder: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        camera = stack.enter_context(_process([sys.executable, "-c", CLOCK_CAMERA]))
        assert camera.stdout is not None
        url, address = camera.stdout.readline().strip(), f"127.0.0.1:{free_port()}"
        config = folder / "hallwatch.toml"
        config.write_text(
            f'data_dir = "{folder / "data"}"\n[web]\nlisten = "{address}"\n[[district]]\nid = "d"\nname = "d"\n'
            f'[[hall]]\nid = "h"\ndistrict = "d"\nname = "h"\n[[camera]]\nid = "{CAMERA}"\nhall = "h"\nurl = "{url}"\n'
        )
        services = build_services(read_settings(config))
        prepare(services)
        cookies = _sign_in(services)
        _, web = (stack.enter_context(role(name, config)) for name in ("recorder", "web"))
        wait_until(lambda: _is_recorded(services) and _answers(address), READY_LIMIT_S, pause_s=0.5)
        yield Site(f"http://{address}", cookies, web.pid, url)


def _sign_in(services: Services) -> list[str]:
    now = services.clock()
    with services.database.transaction() as session:
        users = [User(name=f"u{n}", password_hash="", role=Role.ADMIN, created_at=now) for n in range(USERS)]
        session.add_all(users)
        session.flush()
        return [sessions.open_session(session, user.id or 0, now).token for user in users]


def _is_recorded(services: Services) -> bool:
    with services.database.transaction() as session:
        status = session.exec(select(CameraStatus)).first()
        return status is not None and status.connected


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/sign-in", timeout=READY_LIMIT_S).status_code == 200
    except httpx.ConnectError:
        return False


@contextmanager
def _process(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _measure(way: str, address: str, server: int, cookies: Sequence[str], count: int, seconds: float) -> Row:
    """`server`: the process that is counted."""
    options = ["--client", way, "--address", address, "--seconds", str(seconds + 2 * SETTLE_S)]
    command = [
        sys.executable,
        "-m",
        "bench.viewers",
        *options,
        f"--cookies={','.join(cookies)}",
    ]  # one may begin with a dash
    # Who is measured has a process alone, which the crowd's own work does not hold up.
    with _viewers([*command, "--crowd", str(count - 1)]), _viewers(command) as viewer:
        time.sleep(SETTLE_S)
        before, began = cpu_seconds([server]), time.monotonic()
        time.sleep(seconds)
        used = (cpu_seconds([server]) - before) / (time.monotonic() - began)
        out, _ = viewer.communicate(timeout=120)
    return Row(way, count, used, json.loads(out))


@contextmanager
def _viewers(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """All of them are watching."""
    with _process(command) as viewers:
        assert viewers.stdout is not None
        if viewers.stdout.readline().strip() != THERE:
            raise RuntimeError("the viewers could not watch")
        yield viewers


def _print(rows: Sequence[tuple[Row, Row | None]]) -> None:
    table = Table(title=f"Live viewers of one camera, {SIZE} at {FPS} pictures a second")
    for heading in ("way", "viewers", "% of a core", "% / viewer", "age p50, p95 ms", "peer", "ratio of CPU"):
        table.add_column(heading, justify="right")
    for ours, peer in rows:
        for row in (ours, peer):
            if row is not None:
                ratio = f"{ours.cpu / peer.cpu:.2f}" if row is ours and peer and peer.cpu else ""
                table.add_row(
                    row.way,
                    str(row.viewers),
                    f"{row.cpu:.1%}",
                    f"{row.cpu / row.viewers:.2%}",
                    _ages(row),
                    peer.way if row is ours and peer else "",
                    ratio,
                )
    Console(width=100).print(table)


def _ages(row: Row) -> str:
    if not (ages := sorted(row.ages_ms)):
        return "-"
    return f"{statistics.median(ages):.0f}, {ages[len(ages) * 95 // 100]:.0f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mse", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--whep", type=int, nargs="*", default=[1, 16, 32])
    parser.add_argument("--seconds", type=float, default=20.0)
    for hidden in ("--client", "--address"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--crowd", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--cookies", type=lambda text: text.split(","), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
