"""Where pictures of a stream are missing: by the time between those that are shown, and by what was lost on the way."""

from collections import deque

LOST_US = 1_500_000
"""What is less apart is no hole, however often pictures come."""
_USUAL_TIMES, _USUAL_TIMES_AFTER_LOSS = 4, 2
"""A camera that sends few pictures may be so many of its usual intervals late."""
_REMEMBERED = 5


class Holes:
    """Of one connection; times in ticks.

    What is usual is the middle one of the last intervals in which nothing was lost: one that is long, for a hole or
    not, does not hide the next, and a camera that begins to send a picture in two seconds is believed after three.
    """

    def __init__(self, clock_hz: int) -> None:
        self._least = LOST_US * clock_hz // 1_000_000
        self._latest: int | None = None
        """When the picture shown last is shown."""
        self._intervals: deque[int] = deque(maxlen=_REMEMBERED)

    def is_before(self, pts: int, after_loss: bool) -> bool:
        """Whether pictures are missing before the one that comes now. `after_loss`: packets before it were lost."""
        interval = 0 if self._latest is None else pts - self._latest
        if self._latest is None or interval > 0:
            self._latest = pts
        if interval <= self._least:
            if interval > 0 and not after_loss:
                self._intervals.append(interval)
            return False
        usual = sorted(self._intervals)[len(self._intervals) // 2] if self._intervals else None
        if not after_loss:
            self._intervals.append(interval)
        if usual is None:
            return after_loss
        return interval > usual * (_USUAL_TIMES_AFTER_LOSS if after_loss else _USUAL_TIMES)
