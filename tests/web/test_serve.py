"""`hallwatch serve` for real: all roles up, a killed one replaced, all gone afterwards."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import free_port
from tests.servers import LIMIT_S
from web.assets import assets_missing
from web.roles import ROLE_NAMES

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(assets_missing() is not None, reason="the pages are not built: python hatch_build.py"),
]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def config(tmp_path: Path, port: int) -> Path:
    file = tmp_path / "hallwatch.toml"
    file.write_text(f'[web]\nlisten = "127.0.0.1:{port}"\n', "utf-8")
    return file


@pytest.fixture
def serve(config: Path, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command(config), cwd=ROOT, stdout=log, stderr=log)
        yield process
        process.kill()
        process.wait()


def command(config: Path) -> list[str]:
    return [sys.executable, "-m", "web", "serve", "--config", str(config)]


def refusal(config: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(config), cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def until(condition: Callable[[], bool], log: Path, seconds: float = LIMIT_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/sign-in", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def started(log: Path, role: str) -> list[int]:
    """Process ids of a role, oldest first."""
    lines = [line for line in log.read_text().splitlines() if "worker_started" in line and f'"{role}"' in line]
    return [int(found[1]) for line in lines if (found := re.search(r'"pid": (\d+)', line))]


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_all_roles_run_and_a_killed_one_comes_back(serve: "subprocess.Popen[bytes]", port: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    until(lambda: answers(port), log)
    until(lambda: log.read_text().count("role_started") >= len(ROLE_NAMES), log)
    [first] = started(log, "web")
    os.kill(first, signal.SIGKILL)
    until(lambda: len(started(log, "web")) == 2, log)
    until(lambda: answers(port), log)
    assert all(len(started(log, role)) == 1 for role in ROLE_NAMES if role != "web")
    serve.send_signal(signal.SIGTERM)
    assert serve.wait(LIMIT_S) == 0
    assert not any(lives(pid) for role in ROLE_NAMES for pid in started(log, role))
    order = re.findall(r'"role_stopping".*"role": "(\w+)"', log.read_text())
    assert order == list(reversed(ROLE_NAMES))


def test_no_role_outlives_a_killed_supervisor(serve: "subprocess.Popen[bytes]", port: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    until(lambda: log.read_text().count("role_started") >= len(ROLE_NAMES), log)
    serve.kill()
    until(lambda: not any(lives(pid) for role in ROLE_NAMES for pid in started(log, role)), log)


def test_a_port_that_is_taken_is_told(config: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        refused = refusal(config)
    assert refused.returncode == 1
    assert f"web.listen: 127.0.0.1:{port} cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_broken_configuration_is_told(config: Path) -> None:
    config.write_text('[web]\nlisten = "nowhere"\n', "utf-8")
    refused = refusal(config)
    assert refused.returncode == 1
    assert "web.listen: must be host:port" in refused.stderr


def test_the_demo_plays_and_goes_on_where_it_was(tmp_path: Path, port: int) -> None:
    """Twice: the second run keeps the password, and a hall is there in both."""
    folder = tmp_path / "demo"
    options = ["--folder", str(folder), "--port", str(port), "--cameras", "1", "--no-open"]
    log = tmp_path / "log"
    passwords = []
    for _ in range(2):
        with log.open("wb") as file:
            demo = subprocess.Popen([sys.executable, "-m", "web", "demo", *options], cwd=ROOT, stdout=file, stderr=file)
        try:
            until(lambda: "A simulated hall is at work" in log.read_text(), log)
            access = json.loads((folder / "demo-access.json").read_text())
            passwords.append(access["password"])
            assert access["password"] in log.read_text()
            for one_hall in ("supervisor", "department", "cc-housing"):
                assert halls_of(port, one_hall, access["password"]) == ["cc-sim"]
            for one_of_two in ("admin", "centre"):
                assert halls_of(port, one_of_two, access["password"]) is None, "every hall: one drafts, one approves"
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(LIMIT_S)
        assert demo.returncode == 0, log.read_text()
        assert access["push_key"] not in log.read_text()
    assert passwords[0] == passwords[1]
    assert stat.S_IMODE((folder / "demo-access.json").stat().st_mode) == 0o600


def halls_of(port: int, name: str, password: str) -> list[str] | None:
    """Of who signs in."""
    answer = httpx.post(
        f"http://127.0.0.1:{port}/api/v1/sign-in", json={"name": name, "password": password}, timeout=LIMIT_S
    )
    halls: list[str] | None = answer.raise_for_status().json()["halls"]
    return halls
