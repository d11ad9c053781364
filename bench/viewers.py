"""Watching live: CPU of the server per viewer, and how old the pictures are when they arrive.

    python -m bench.viewers [--mse 1 16 64] [--whep 1 16 32] [--seconds 20]

The recorder and the web server are the product's own processes, as `hallwatch serve` starts them; the camera and the
viewers run in processes that are not counted. The age of a picture is told by the clock in it: at the socket for MSE,
after decoding for WHEP.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import httpx
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcrtpreceiver
from aiortc.codecs.base import Decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from rich.console import Console
from rich.table import Table
from sqlmodel import select
from websockets.asyncio.client import connect
from websockets.typing import Origin

from bench.processes import cpu_seconds, role
from ingest.simulator.clock_code import read_clock
from storage.models import CameraStatus, Role, User
from tests.servers import free_port, wait_until
from web import sessions
from web.composition import build_services
from web.preparation import prepare
from web.services import Services
from web.settings_file import read_settings

CAMERA = "c0"
SIZE, FPS = "640x360", 25
USERS = 12
"""A user may hold only so many peer connections."""
SETTLE_S = 4.0
THERE = "there"
READY_LIMIT_S = 60.0
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
    web_cpu: float
    """Cores, of the web server."""
    recorder_cpu: float
    ages_ms: list[float]


def main() -> None:
    options = _options()
    if options.client and options.crowd is not None:
        rtcrtpreceiver.__dict__["get_decoder"] = lambda _: _Blind()
        asyncio.run(_crowd(options.client, options.address, options.cookies, options.crowd))
        return
    if options.client:
        print(json.dumps(asyncio.run(_watch(options.client, options.address, options.cookies[-1], options.seconds))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder, _site(Path(folder)) as site:
        for way, counts in (("mse", options.mse), ("whep", options.whep)):
            rows += [_measure(site, way, count, options.seconds) for count in counts]
    _print(rows)


@dataclass(frozen=True)
class Site:
    address: str
    cookies: list[str]
    web: int
    recorder: int


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
        recorder, web = (stack.enter_context(role(name, config)) for name in ("recorder", "web"))
        wait_until(lambda: _is_recorded(services) and _answers(address), READY_LIMIT_S, pause_s=0.5)
        yield Site(f"http://{address}", cookies, web.pid, recorder.pid)


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


def _measure(site: Site, way: str, count: int, seconds: float) -> Row:
    options = ["--client", way, "--address", site.address, "--seconds", str(seconds + 2 * SETTLE_S)]
    command = [
        sys.executable,
        "-m",
        "bench.viewers",
        *options,
        f"--cookies={','.join(site.cookies)}",
    ]  # one may begin with a dash
    # Who is measured has a process alone, which the crowd's own work does not hold up.
    with _viewers([*command, "--crowd", str(count - 1)]), _viewers(command) as viewer:
        time.sleep(SETTLE_S)
        before, began = (cpu_seconds([site.web]), cpu_seconds([site.recorder])), time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - began
        web, recorder = cpu_seconds([site.web]) - before[0], cpu_seconds([site.recorder]) - before[1]
        out, _ = viewer.communicate(timeout=120)
    return Row(way, count, web / elapsed, recorder / elapsed, json.loads(out))


@contextmanager
def _viewers(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """All of them are watching."""
    with _process(command) as viewers:
        assert viewers.stdout is not None
        if viewers.stdout.readline().strip() != THERE:
            raise RuntimeError("the viewers could not watch")
        yield viewers


def _say_there() -> None:
    print(THERE, flush=True)


async def _watch(way: str, address: str, cookie: str, seconds: float) -> list[float]:
    """The ages of the pictures, in milliseconds."""
    one = _watch_mse if way == "mse" else _watch_whep
    return await one(address, cookie, seconds, _say_there)


async def _crowd(way: str, address: str, cookies: list[str], count: int) -> None:
    """Viewers who take every picture and look at none, until they are ended."""
    one = _watch_mse if way == "mse" else _watch_whep
    left = count

    def one_more() -> None:
        nonlocal left
        left -= 1
        if not left:
            _say_there()

    if not count:
        _say_there()
    await asyncio.gather(*(one(address, cookies[number % len(cookies)], None, one_more) for number in range(count)))


async def _watch_mse(address: str, cookie: str, seconds: float | None, there: Callable[[], None]) -> list[float]:
    """`seconds`: None for one of the crowd."""
    came: list[tuple[float, bytes]] = []
    headers = {"Cookie": f"{sessions.COOKIE}={cookie}"}
    url = f"{address.replace('http', 'ws')}/live/{CAMERA}/mse?stream=main"
    async with connect(url, origin=Origin(address), additional_headers=headers, proxy=None, max_size=None) as socket:
        there()
        end = time.time() + seconds if seconds else None
        while end is None or time.time() < end:
            message = await socket.recv()
            if end and isinstance(message, bytes):
                came.append((time.time(), message))
    return _ages_of(came)


def _ages_of(came: Sequence[tuple[float, bytes]]) -> list[float]:
    """A message holds the header, or a picture, or some that waited together."""
    with av.open(BytesIO(b"".join(data for _, data in came)), "r") as container:
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    arrivals = [at for at, data in came for _ in range(data.count(b"moof"))]
    shown = [read_clock(picture) for picture in pictures]
    # What was waiting when the viewer came is older.
    ages = [(at - s.timestamp()) * 1000 for at, s in zip(arrivals, shown, strict=True) if s is not None]
    return ages[int(FPS * SETTLE_S) :]


class _Blind(Decoder):
    """Decodes nothing."""

    def decode(self, encoded_frame: JitterFrame) -> list[Any]:
        return []


async def _watch_whep(address: str, cookie: str, seconds: float | None, there: Callable[[], None]) -> list[float]:
    """`seconds`: None for one of the crowd."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    ages: list[float] = []
    async with httpx.AsyncClient(base_url=address, cookies={sessions.COOKIE: cookie}, timeout=60) as web:
        csrf = (await web.get("/api/v1/me")).json()["csrf"]
        headers = {"Content-Type": "application/sdp", "X-CSRF-Token": csrf}
        answer = await web.post(f"/live/{CAMERA}/whep", content=connection.localDescription.sdp, headers=headers)
        answer.raise_for_status()
        await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        (receiver,) = connection.getReceivers()
        there()
        if seconds is None:
            await asyncio.Event().wait()
            return []
        end = time.time() + seconds
        while time.time() < end:
            try:
                picture = await receiver.track.recv()
            except MediaStreamError:
                break
            if isinstance(picture, av.VideoFrame):
                arrived, shown = time.time(), read_clock(picture.to_ndarray(format="bgr24"))
                if shown is not None:
                    ages.append((arrived - shown.timestamp()) * 1000)
        await connection.close()
    return ages[int(FPS * SETTLE_S) :]


def _print(rows: Sequence[Row]) -> None:
    table = Table(title=f"Live viewers of one camera, {SIZE} at {FPS} pictures a second")
    for heading in ("way", "viewers", "web % of a core", "% / viewer", "recorder %", "age p50 ms", "p95 ms"):
        table.add_column(heading, justify="right")
    for row in rows:
        ages = sorted(row.ages_ms)
        p50, p95 = (statistics.median(ages), ages[len(ages) * 95 // 100]) if ages else (float("nan"),) * 2
        table.add_row(
            row.way,
            str(row.viewers),
            f"{row.web_cpu:.1%}",
            f"{row.web_cpu / row.viewers:.2%}",
            f"{row.recorder_cpu:.1%}",
            f"{p50:.0f}",
            f"{p95:.0f}",
        )
    Console(width=100).print(table)


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
