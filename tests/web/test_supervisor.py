"""Workers are kept running, stopped in order, and never outlive their supervisor."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.servers import LIMIT_S, wait_until
from web import supervisor as supervising
from web.supervisor import FIRST_DELAY_S, LONGEST_DELAY_S, SETTLED_AFTER_S, Supervisor, Worker, next_delay

PATIENT = """
import signal, sys, pathlib
def leave(*_):
    with open(sys.argv[1], "a") as file: file.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
pathlib.Path(sys.argv[1] + "." + sys.argv[2]).touch()
signal.pause()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


def test_the_wait_doubles_up_to_a_limit_and_begins_anew_after_a_good_run() -> None:
    delays = [0.0]
    for _ in range(10):
        delays.append(next_delay(delays[-1], ran_s=0.1))
    assert delays[1:4] == [FIRST_DELAY_S, 2 * FIRST_DELAY_S, 4 * FIRST_DELAY_S]
    assert delays[-1] == LONGEST_DELAY_S
    assert next_delay(LONGEST_DELAY_S, ran_s=SETTLED_AFTER_S) == FIRST_DELAY_S


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    log = tmp_path / "log"
    supervisor = Supervisor([Worker("a", python(PATIENT, str(log), "a"))])
    supervisor.start()
    try:
        wait_until(lambda: (tmp_path / "log.a").exists())
        first = supervisor.process_ids()["a"]
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: supervisor.process_ids().get("a", first) != first)
    finally:
        supervisor.stop()
    assert supervisor.process_ids() == {}


def test_workers_stop_in_the_opposite_order(tmp_path: Path) -> None:
    log = tmp_path / "log"
    supervisor = Supervisor([Worker(name, python(PATIENT, str(log), name)) for name in "abc"])
    supervisor.start()
    wait_until(lambda: all((tmp_path / f"log.{name}").exists() for name in "abc"))
    supervisor.stop()
    assert log.read_text().split() == ["c", "b", "a"]


def test_a_worker_that_does_not_stop_is_killed() -> None:
    started: list[int] = []
    worker = Worker("stubborn", python(STUBBORN), stop_within_s=0.5)
    supervisor = Supervisor([worker], on_start=lambda _worker, pid: started.append(pid))
    supervisor.start()
    wait_until(lambda: bool(started))
    supervisor.stop()
    assert not _exists(started[0])


def test_stopping_does_not_wait_for_a_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Event()

    def in_a_year(_previous_s: float, _ran_s: float) -> float:
        waiting.set()
        return 365 * 24 * 3600

    monkeypatch.setattr(supervising, "next_delay", in_a_year)
    supervisor = Supervisor([Worker("broken", python("raise SystemExit(3)"))])
    supervisor.start()
    assert waiting.wait(LIMIT_S)
    supervisor.stop()


def test_workers_see_it_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    worker = f"""
import os, pathlib, threading
from web.stop_signals import watch_stdin
stop = threading.Event(); watch_stdin(stop)
partial = pathlib.Path({str(mark)!r} + ".part"); partial.write_text(str(os.getpid())); partial.rename({str(mark)!r})
stop.wait()
"""
    parent = f"""
import sys, time
from tests.servers import LIMIT_S, wait_until
from web.supervisor import Supervisor, Worker
Supervisor([Worker("w", (sys.executable, "-c", {worker!r}))]).start()
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", parent], env=os.environ | {"PYTHONPATH": str(Path.cwd())}) as process:
        wait_until(mark.exists)
        process.kill()
    wait_until(lambda: not _exists(int(mark.read_text())))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"


def test_a_stop_may_come_before_the_start() -> None:
    supervisor = Supervisor([Worker("never", python("raise SystemExit(3)"))])
    supervisor.stop()
    assert supervisor.process_ids() == {}
