"""Where pictures of a stream are missing: by the time between those that are shown, and by what was lost on the way."""

from collections import deque
from enum import Enum

PAUSE_US = 500_000
"""What lacks less is no hole, however often pictures come."""
LOST_US = 1_500_000
"""After packets were lost for so long, what comes before the next keyframe shows too little of what was there."""
_USUAL_TIMES, _USUAL_TIMES_AFTER_LOSS = 4, 2
"""A camera that sends few pictures may be so many of its usual intervals late."""
_REMEMBERED = 5


class Hole(Enum):
    """What is missing before a picture."""

    NONE = "none"
    PAUSE = "pause"  # some pictures; those that come can be shown
    LOSS = "loss"  # some, and what rests on them, up to the next keyframe


class Holes:
    """Of one connection; times in ticks.

    What is usual is the middle one of the last intervals in which nothing was lost: one that is long, for a hole or
    not, does not hide the next, and a camera that begins to send a picture in two seconds is believed after three. One
    that begins to send one or two in a second is believed after the first.
    """

    def __init__(self, clock_hz: int) -> None:
        self._pause, self._lost = (us * clock_hz // 1_000_000 for us in (PAUSE_US, LOST_US))
        self._latest: int | None = None
        """When the picture shown last is shown."""
        self._intervals: deque[int] = deque(maxlen=_REMEMBERED)
        self._reorders = False
        """Pictures are sent before others that are shown first: some that come after a hole may be of before it."""

    def before(self, pts: int, after_loss: bool) -> Hole:
        """What is missing before the picture that comes now. `after_loss`: packets before it were lost."""
        interval = 0 if self._latest is None else pts - self._latest
        self._reorders |= interval < 0
        if self._latest is None or interval > 0:
            self._latest = pts
        hole = self._judged(interval, after_loss) if interval > self._pause else Hole.NONE
        if interval > 0 and not after_loss:
            self._intervals.append(interval)
        return hole

    def _judged(self, interval: int, after_loss: bool) -> Hole:
        known = sorted(self._intervals)
        is_long = interval > self._lost
        if not known:
            return Hole.LOSS if after_loss and is_long else Hole.NONE
        usual = known[len(known) // 2]
        if is_long:
            times = _USUAL_TIMES_AFTER_LOSS if after_loss else _USUAL_TIMES
            goes_on = not (after_loss or self._reorders)
            return Hole.NONE if interval <= usual * times else Hole.PAUSE if goes_on else Hole.LOSS
        longest = usual * _USUAL_TIMES_AFTER_LOSS if after_loss else known[-1] * _USUAL_TIMES
        is_hole = interval - usual > self._pause and interval > longest and not self._reorders
        return Hole.PAUSE if is_hole else Hole.NONE
