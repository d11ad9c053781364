"""Places a camera's frames on one running timeline, whatever its own time stamps do."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from ingest.video.frames import EncodedFrame

TIMESCALE = 90_000
"""Ticks per second of live pictures' times."""
LONGEST_STEP_S = 5
"""A larger jump of the camera's time stamps is a new beginning, not a pause between pictures."""
_FIRST_DURATION = TIMESCALE // 25


@dataclass(frozen=True, slots=True)
class Placed:
    """Times in ticks of 1/90000 s since the timeline's first frame."""

    decode: int
    present: int
    duration: int
    """Expected, from the distance to the frame before: the next one is not there yet."""


class Timeline:
    """Follows the camera's stamps while they run evenly; after a break goes on from the wall time."""

    def __init__(self) -> None:
        self._time_base = Fraction(1, TIMESCALE)
        self._anchor: tuple[int, int] | None = None  # dts of the frame placed at these ticks
        self._origin: datetime | None = None
        self._last: Placed | None = None
        self._last_dts = 0

    def restart(self, time_base: Fraction) -> None:
        """New stream parameters: the camera's stamps begin anew."""
        self._time_base = time_base
        self._anchor = None

    def place(self, frame: EncodedFrame) -> Placed:
        if self._anchor is None or self._breaks(frame.dts):
            self._anchor = (frame.dts, self._ticks_of_wall(frame.wall))
        dts, ticks = self._anchor
        decode = ticks + self._scaled(frame.dts - dts)
        placed = Placed(decode, decode + self._scaled(frame.pts - frame.dts), self._duration(decode))
        self._last, self._last_dts = placed, frame.dts
        return placed

    def _breaks(self, dts: int) -> bool:
        step = (dts - self._last_dts) * self._time_base
        return not 0 < step <= LONGEST_STEP_S

    def _ticks_of_wall(self, wall: datetime) -> int:
        if self._origin is None or self._last is None:
            self._origin = wall
            return 0
        by_clock = int((wall - self._origin).total_seconds() * TIMESCALE)
        return max(by_clock, self._last.decode + self._last.duration)

    def _duration(self, decode: int) -> int:
        if self._last is None:
            return _FIRST_DURATION
        step = decode - self._last.decode
        return step if 0 < step <= TIMESCALE * LONGEST_STEP_S else self._last.duration

    def _scaled(self, stamps: int) -> int:
        return round(stamps * self._time_base * TIMESCALE)
