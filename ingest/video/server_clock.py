"""The server's own clock, counted on by its monotonic one, so that a step of it neither bends nor tears the footage.

What is slewed (as NTP does with small corrections) both clocks follow alike: only a step changes their difference. A
small one is taken over at once. A large one has to stand for HOLD_US before it is believed: until then time is counted
on as before, and the reading says by how much the server's clock disagrees.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from ingest.video.frames import from_us
from storage.boot_clock import since_boot_ns

HOLD_US = 300_000_000
SMALL_STEP_US = 200_000
_NOISE_US = 1_000
"""The two clocks are read one after the other; what lies within this is no step."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerReading:
    """How the server's clocks stand to each other; the same object until that changes."""

    ahead_us: int = 0
    """Time of day minus monotonic time, as counted on."""
    step_us: int = 0
    """By how much the server's clock now says otherwise: a step that is not believed yet."""


UNDISTURBED = ServerReading()


class ServerClock:
    """One for a recorder. Safe to share between threads. Microseconds."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, monotonic_ns: Callable[[], int] = since_boot_ns
    ) -> None:
        self._wall_ns, self._monotonic_ns = wall_ns, monotonic_ns
        self._lock = threading.Lock()
        self._since_us: int | None = None
        self._reading = ServerReading(self._difference()[1])

    def read(self) -> tuple[int, ServerReading]:
        """The time of day as counted on, since 1970, and what it rests on."""
        reading = self._reading
        monotonic_us = self._monotonic_ns() // 1000
        disagreement = self._wall_ns() // 1000 - monotonic_us - reading.ahead_us - reading.step_us
        if not -_NOISE_US < disagreement < _NOISE_US or reading.step_us:
            reading = self._look_closer()
        return monotonic_us + reading.ahead_us, reading

    def now(self) -> datetime:
        return from_us(self.read()[0])

    def since_boot_s(self) -> float:
        """For what lasts: never steps."""
        return self._monotonic_ns() / 1_000_000_000

    def _look_closer(self) -> ServerReading:
        with self._lock:
            monotonic_us, difference = self._difference()
            before = self._reading
            now = _decide(before, difference - before.ahead_us, monotonic_us, self._since_us)
            if now != before:
                self._reading = now
                self._since_us = monotonic_us if now.step_us else None
                if abs(now.step_us - before.step_us) > SMALL_STEP_US:
                    log.warning("server_clock_stepped", step_us=now.step_us, ahead_us=now.ahead_us)
            return now

    def _difference(self) -> tuple[int, int]:
        """Monotonic time, and the time of day minus it: of the closest of a few looks, as any may be interrupted."""
        looks = []
        for _ in range(3):
            before, wall, after = self._monotonic_ns(), self._wall_ns(), self._monotonic_ns()
            looks.append((after - before, after // 1000, (wall - (before + after) // 2) // 1000))
        return min(looks)[1:]


def _decide(before: ServerReading, step_us: int, monotonic_us: int, since_us: int | None) -> ServerReading:
    """`since_us`: since when the step that `before` tells of has stood."""
    if abs(step_us) <= _NOISE_US:
        return ServerReading(before.ahead_us)
    if abs(step_us) <= SMALL_STEP_US:
        return ServerReading(before.ahead_us + step_us)
    if abs(step_us - before.step_us) > SMALL_STEP_US:
        return ServerReading(before.ahead_us, step_us)
    if since_us is not None and monotonic_us - since_us >= HOLD_US:
        return ServerReading(before.ahead_us + step_us)
    return before
