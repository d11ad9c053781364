"""Pictures that nobody waits for are taken some at a time: to be woken costs more than to look at what has come.

Only the last of those that were taken together tells by its arrival when it was taken. The others lay here meanwhile;
they count as having been as long on their way as that one.
"""

from collections.abc import Sequence
from itertools import pairwise

GATHER_S = 0.4
"""As long as the system may keep what comes; of that much at the usual rate it wakes us."""
MEASURED_S = 5.0
"""The rate is told from so long a while."""
FIRST_S = 15.0
"""At first every picture's arrival is seen, so that the camera's clock gets known."""
MAX_BYTES = 128 * 1024


class Gathering:
    """How many bytes a stream should bring before it is looked at. `now`: seconds of a clock that never goes back."""

    def __init__(self, now: float) -> None:
        self._from = now + FIRST_S - MEASURED_S
        self._came, self._rate = 0, 0.0

    def bytes_wanted(self, came: int, now: float) -> int:
        """After so many more bytes have come; 1 while nothing should be kept."""
        if now >= self._from:
            self._came += came
        if now - self._from >= MEASURED_S:
            self._rate = self._came / (now - self._from)
            self._from, self._came = now, 0
        return max(1, min(int(self._rate * GATHER_S), MAX_BYTES))


def arrivals(seen_us: Sequence[int], media_us: Sequence[int]) -> list[int]:
    """When pictures that were taken together would have arrived, had nobody kept them. All in microseconds.

    `seen_us`: when each was seen, `media_us`: its media time, both in the order in which they were sent.
    """
    reckoned = list(seen_us[-1:])
    for after, before in pairwise(zip(reversed(seen_us), reversed(media_us), strict=True)):
        reckoned.append(min(reckoned[-1] - (after[1] - before[1]), before[0]))
    return reckoned[::-1]
