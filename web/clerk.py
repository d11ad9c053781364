"""The clerk: small jobs that come round again and again."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from storage.database import is_away
from storage.failures import Failures, in_one_line

log = structlog.get_logger(__name__)

TICK_S = 0.5


@dataclass(frozen=True)
class Job:
    name: str
    run: Callable[[datetime], int]
    """Does everything that is due and returns how much that was; safe to repeat after a crash."""
    every: timedelta
    is_woken: bool = False
    """Runs also as soon as the clerk is woken, and again at once, after the others, when it has done something."""


class Clerk:
    """Runs each job in turn in one thread. A job that fails is logged and tried again at its next time.

    A job that waits for others outside, like a mail server, belongs to a clerk of its own.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        clock: Callable[[], datetime],
        failures: Failures,
        stop: threading.Event | None = None,
        tick_s: float = TICK_S,
    ) -> None:
        """`failures` is told of each job that fails, and that it works again.

        `stop` is set by `finish`: for jobs that take long and look at it themselves.
        """
        self._jobs = tuple(jobs)
        self._clock = clock
        self._failures = failures
        self._began: dict[str, datetime] = {}
        self._stop = stop or threading.Event()
        self._tick_s = tick_s
        self._called, self._woken = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"clerk {'+'.join(self.jobs)}", daemon=True)

    @property
    def jobs(self) -> list[str]:
        return [job.name for job in self._jobs]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the round in hand is done."""
        self.finish()
        self._thread.join()

    def finish(self) -> None:
        """Begins no further job; returns at once."""
        self._stop.set()
        self._called.set()

    def wake(self) -> None:
        """There is something for the jobs that are woken; returns at once."""
        self._woken.set()
        self._called.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._called.wait(self._tick_s)
            self._called.clear()
            self.run_due(self._clock())

    def run_due(self, now: datetime) -> None:
        is_woken = self._woken.is_set()
        self._woken.clear()
        for job in self._jobs:
            if self._stop.is_set():
                return
            began = self._began.get(job.name)
            # A clock that was set back must not make a job wait until it is that late again.
            if began is None or not began <= now < began + job.every or (is_woken and job.is_woken):
                self._began[job.name] = now
                self._run_once(job, now)

    def _run_once(self, job: Job, now: datetime) -> None:
        try:
            done = job.run(now)
        except Exception as error:  # the edge of the worker: one broken job must not stop the others
            if is_away(error):  # where in the job that was helps nobody, and every job fails while it lasts
                log.warning("database_unavailable", job=job.name, error=in_one_line(error))
            else:
                log.exception("clerk_job_failed", job=job.name)
            self._failures.failed(job.name, error, now)
            return
        self._failures.succeeded(job.name)
        if done:
            log.info("clerk_job_done", job=job.name, count=done)
        if done and job.is_woken:
            self.wake()


@contextmanager
def at_work(*clerks: Clerk) -> Iterator[None]:
    """Each in its own thread while the block lasts; all have stopped after it."""
    for clerk in clerks:
        clerk.start()
    try:
        yield
    finally:
        for clerk in clerks:
            clerk.finish()
        for clerk in clerks:
            clerk.stop()
