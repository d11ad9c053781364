"""Streams of which the true time is known: pure, with drift, delay, lies and a server whose clock steps."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ingest.video.clock import CameraClock, Reading
from ingest.video.server_clock import ServerClock

EPOCH = 1_700_000_000_000_000
SECOND = 1_000_000
REPORT_US = 5 * SECOND

Report = Callable[[int], int]
"""From the true time, microseconds after EPOCH, to how far the camera's clock is ahead of it."""


def truthful(_since_us: int) -> int:
    return 0


@dataclass
class FakeServer:
    """A server's clocks: `now_us` after EPOCH is the true time."""

    now_us: int = 0
    off_us: int = 0
    """The time of day minus the true time."""
    booted_us: int = 123 * SECOND
    clock: ServerClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = ServerClock(
            lambda: (EPOCH + self.now_us + self.off_us) * 1000, lambda: (self.booted_us + self.now_us) * 1000
        )


@dataclass(frozen=True)
class Stream:
    """Pictures whose delay keeps the premises: none is early, and in any five seconds one is not late."""

    seed: int = 0
    seconds: int = 35
    fps: int = 10
    drift_ppm: int = 0
    """By how much a second of media time is longer than a second."""
    least_delay_us: int = 20_000
    jitter_us: int = 100_000
    spike_us: int = 0
    report: Report | None = None
    server_off: Callable[[int], int] = truthful
    """From the true time to the error of the server's time of day."""

    def true_us(self, media_us: int) -> int:
        return media_us + media_us * self.drift_ppm // 1_000_000

    def run(self, usual_lead_us: int = 0) -> Iterator[tuple[Reading, int, int]]:
        """Each GOP of a second: its reading, the true time of its first frame, and how long it is in media time."""
        clock, server = CameraClock(usual_lead_us), FakeServer(off_us=self.server_off(0))
        gop = self.fps
        for number, (media, arrival) in enumerate(self._arrivals()):
            server.now_us = arrival
            server.off_us = self.server_off(arrival)
            counted_us, reading = server.clock.read()
            clock.observe(media, counted_us - reading.ahead_us, self._reported(media), reading)
            if number and number % gop == 0:
                first = (number - gop) * SECOND // self.fps
                yield clock.read(first), EPOCH + self.true_us(first), media - first

    def _arrivals(self) -> Iterator[tuple[int, int]]:
        chance, last = random.Random(self.seed), 0
        for number in range(self.seconds * self.fps + 1):
            media = number * SECOND // self.fps
            delay = self.least_delay_us + round(self.jitter_us * chance.random() ** 3)
            if number % (5 * self.fps) == 2 * self.fps:
                delay += self.spike_us
            if number == 0 or number % self.fps == 1:  # the first one holds up the next
                delay = self.least_delay_us
            last = max(last, self.true_us(media) + delay)
            yield media, last

    def _reported(self, media: int) -> int | None:
        """As the last report every five seconds tells it."""
        if self.report is None:
            return None
        at = media // REPORT_US * REPORT_US
        told = self.true_us(at)
        return EPOCH + told + self.report(told) + media - at


def errors(stream: Stream) -> list[int]:
    """Of the first and the last frame of every GOP, after asserting that the bound that goes with it holds."""
    found: list[int] = []
    for reading, true, length in stream.run():
        first = reading.wall_us - true
        last = first - length * stream.drift_ppm // 1_000_000
        assert max(abs(first), abs(last)) <= reading.evidence.error_us
        found += [first, last]
    return found
