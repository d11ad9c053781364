"""Pictures that nobody waits for are taken some at a time: to be woken costs more than to look at what has come.

Only the last of those that were taken together tells by its arrival when it was taken. The others lay here meanwhile;
they count as having been as long on their way as that one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GATHER_S = 0.4
"""As long as the system may keep what comes; of that much at the usual rate it wakes us."""
GATHER_WITH_SOUND_S = 0.25
"""The same with sound: pictures wait for theirs, which may come with the next."""
MEASURED_S = 5.0
"""The rate is told from so long a while."""
FIRST_S = 15.0
"""At first every picture's arrival is seen, so that the camera's clock gets known."""
MAX_BYTES = 128 * 1024
MAX_APART_US = 10_000_000
"""No two pictures of a connection that lives are further apart: it is a leap of the timestamps, and tells nothing."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How much may come before it is looked at."""

    size: int = 1
    """Bytes, for a transport whose bytes the system counts."""
    rest_s: float = 0.0
    """How long that much takes to come, for one that loses what finds no room."""


AT_ONCE = Patience()


class Gathering:
    """How much a stream should bring before it is looked at. `now`: seconds of a clock that never goes back."""

    def __init__(self, now: float, room: int | None = None, longest_s: float = GATHER_S) -> None:
        """`room`: bytes that may lie in the system; None: what finds none is not lost."""
        self._longest_s = longest_s
        self._from = now + FIRST_S - MEASURED_S
        self._came, self._largest, self._room = 0, 0, room
        self._patience = AT_ONCE

    def patience(self, came: Sequence[int], now: float) -> Patience:
        """After more pictures of these sizes have come; AT_ONCE while nothing should be kept."""
        self._largest = max(self._largest, *came) if came else self._largest
        if now >= self._from:
            self._came += sum(came)
        if now - self._from >= MEASURED_S:
            self._patience = self._of(self._came / (now - self._from))
            self._from, self._came = now, 0
        return self._patience

    def _of(self, rate: float) -> Patience:
        most = MAX_BYTES
        if self._room is not None:
            # Besides what comes at the usual rate, the largest picture may come at once.
            most = min(most, self._room - self._largest)
        size = min(int(rate * self._longest_s), most)
        return Patience(size, size / rate) if size > 1 else AT_ONCE


def arrivals(seen_us: Sequence[int], media_us: Sequence[int]) -> list[int]:
    """When pictures that were taken together would have arrived, had nobody kept them. All in microseconds.

    `seen_us`: when each was seen, `media_us`: its media time, both in the order in which they were sent.
    """
    reckoned = list(seen_us[-1:])
    for after, before in pairwise(zip(reversed(seen_us), reversed(media_us), strict=True)):
        apart_us = after[1] - before[1]
        reckoned.append(min(reckoned[-1] - (apart_us if apart_us <= MAX_APART_US else 0), before[0]))
    return reckoned[::-1]
