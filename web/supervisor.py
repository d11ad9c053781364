"""Keeps processes running: a process that ends is thrown away and a new one is made."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog

log = structlog.get_logger(__name__)

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
SETTLED_AFTER_S = 60.0
"""A process that ran this long starts its next back-off from the beginning."""
_POLL_S = 0.1


@dataclass(frozen=True)
class Worker:
    name: str
    command: tuple[str, ...]
    stop_within_s: float = 20.0
    """Then it is killed."""
    output: Path | None = None
    """Gets what it writes, appended; else that goes where ours goes."""


def next_delay(previous_s: float, ran_s: float) -> float:
    """Seconds to wait before the next start, after a process that was started `previous_s` late ran for `ran_s`."""
    if previous_s == 0 or ran_s >= SETTLED_AFTER_S:
        return FIRST_DELAY_S
    return min(previous_s * 2, LONGEST_DELAY_S)


class Supervisor:
    """One thread per worker. Workers start in the given order and stop in the opposite one, each waited for.

    Standard input of a worker is a pipe that nobody writes to: it ends when the supervisor dies, however it dies.
    """

    def __init__(self, workers: Sequence[Worker], on_start: Callable[[Worker, int], None] | None = None) -> None:
        self._keepers = [_Keeper(worker, on_start) for worker in workers]

    def start(self) -> None:
        for keeper in self._keepers:
            keeper.start()

    def stop(self) -> None:
        for keeper in reversed(self._keepers):
            keeper.stop()

    def process_ids(self) -> dict[str, int]:
        """Of the workers that run now."""
        return {keeper.worker.name: pid for keeper in self._keepers if (pid := keeper.pid) is not None}


class _Keeper:
    def __init__(self, worker: Worker, on_start: Callable[[Worker, int], None] | None) -> None:
        self.worker = worker
        self.pid: int | None = None
        self._on_start = on_start
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"keep-{worker.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:  # a stop can come before everything has been started
            self._thread.join()

    def _run(self) -> None:
        delay_s = 0.0
        while not self._stop.wait(delay_s):
            started = time.monotonic()
            status = self._run_once()
            if self._stop.is_set():
                return
            delay_s = next_delay(delay_s, time.monotonic() - started)
            log.warning("worker_ended", worker=self.worker.name, status=_describe(status), restart_in_s=delay_s)

    def _run_once(self) -> int:
        """Returns the exit status, negative for a signal, once the process has ended by itself or was stopped."""
        with (
            _opened(self.worker.output) as output,
            subprocess.Popen(
                self.worker.command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            ) as process,
        ):
            self.pid = process.pid
            log.info("worker_started", worker=self.worker.name, pid=process.pid)
            if self._on_start:
                self._on_start(self.worker, process.pid)
            while process.poll() is None and not self._stop.wait(_POLL_S):
                pass
            if process.poll() is None:
                self._end(process)
            self.pid = None
            return process.wait()

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(self.worker.stop_within_s)
        except subprocess.TimeoutExpired:
            log.error("worker_killed", worker=self.worker.name, waited_s=self.worker.stop_within_s)
            process.kill()
            process.wait()


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes] | None]:
    if output is None:
        yield None
        return
    with output.open("ab") as file:
        yield file


def _describe(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit {status}"
