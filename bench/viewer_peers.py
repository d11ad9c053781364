"""What `bench.viewers` is measured against, from the same camera: ffmpeg for each viewer, and Janus for all of them."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from bench.processes import cpu_seconds
from bench.viewer_clients import SETTLE_S, ages_of
from tests.servers import free_port, wait_until

_START_LIMIT_S = 20.0


def has_janus() -> bool:
    return shutil.which("janus") is not None


@contextmanager
def janus(folder: Path, url: str) -> Iterator[tuple[str, int]]:
    """Its address and process, with the camera as stream 1."""
    folder.mkdir()
    port = free_port()
    files = {
        "janus.jcfg": 'general: { debug_level = 2 }\nplugins: { disable = "" }\n',
        "janus.transport.http.jcfg": (
            f'general: {{ json = "compact"\n base_path = "/janus"\n http = true\n port = {port}\n ip = "127.0.0.1" }}\n'
        ),
        "janus.plugin.streaming.jcfg": (
            f'camera: {{ type = "rtsp"\n id = 1\n audio = false\n video = true\n url = "{url}" }}\n'
        ),
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    log = (folder / "janus.log").open("wb")
    # It makes a folder for recordings where it runs.
    with log, subprocess.Popen(["janus", "-F", str(folder)], stdout=log, stderr=log, cwd=folder) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: _answers(f"{address}/janus/info"), _START_LIMIT_S)
            yield address, process.pid
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def ffmpeg_for_each(url: str, viewers: int, seconds: float) -> tuple[float, list[float]]:
    """Cores that all of them take, and the ages of what the first hands on, in milliseconds."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-fflags", "nobuffer", "-rtsp_transport", "tcp", "-i", url]
    command += ["-c", "copy", "-f", "mp4", "-movflags", "empty_moov+default_base_moof+frag_every_frame"]
    command += ["-flush_packets", "1", "pipe:1"]
    came: list[tuple[float, bytes]] = []
    with ExitStack() as stack:
        crowd = [stack.enter_context(_running(command, subprocess.DEVNULL)) for _ in range(viewers - 1)]
        watched = stack.enter_context(_running(command, subprocess.PIPE))
        assert watched.stdout is not None
        pipe = watched.stdout.fileno()
        reading = threading.Thread(target=lambda: _read(pipe, came), daemon=True)
        reading.start()
        wait_until(lambda: bool(came), _START_LIMIT_S + viewers)
        time.sleep(2 * SETTLE_S)
        pids = [each.pid for each in (watched, *crowd)]
        before, began = cpu_seconds(pids), time.monotonic()
        time.sleep(seconds)
        used = (cpu_seconds(pids) - before) / (time.monotonic() - began)
        watched.kill()
        reading.join()
    return used, ages_of(came)


def _read(pipe: int, came: list[tuple[float, bytes]]) -> None:
    while data := os.read(pipe, 1 << 20):
        came.append((time.time(), data))


@contextmanager
def _running(command: list[str], stdout: int) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(command, stdout=stdout) as process:
        try:
            yield process
        finally:
            process.kill()
