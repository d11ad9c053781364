"""Runs tasks in turn, again and again; one that fails does not stop the others."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

Task = tuple[str, Callable[[datetime], int]]
"""A name for the log, and what to do: it gets the time and returns how much it did."""

PAUSE = timedelta(seconds=2)
_log = structlog.get_logger(__name__)


class Clerk:
    """The periodic work of the house: linking, findings, notifications."""

    def __init__(
        self,
        tasks: Sequence[Task],
        pause: timedelta = PAUSE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._tasks = tuple(tasks)
        self._pause = pause
        self._clock = clock
        self._failures: dict[str, int] = {}

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; pauses only when there was nothing to do."""
        while not stop.is_set():
            busy = self.run_once(self._clock())
            stop.wait(0.05 if busy else self._pause.total_seconds())

    def run_once(self, now: datetime) -> int:
        """Each task once; returns how much they did together."""
        return sum(self._do(name, work, now) for name, work in self._tasks)

    def _do(self, name: str, work: Callable[[datetime], int], now: datetime) -> int:
        try:
            done = work(now)
        except Exception as error:  # noqa: BLE001  (the edge of a worker: logged and counted)
            self._failed(name, error)
            return 0
        if self._failures.pop(name, 0):
            _log.info("task_works_again", task=name)
        return done

    def _failed(self, name: str, error: Exception) -> None:
        """A task that keeps failing is logged with its traceback once, then as a count."""
        count = self._failures[name] = self._failures.get(name, 0) + 1
        if count == 1:
            _log.exception("task_failed", task=name)
        elif count & (count - 1) == 0:
            _log.error("task_still_fails", task=name, times=count, error=repr(error))
