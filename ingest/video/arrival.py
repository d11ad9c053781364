"""When pictures were taken, by when they arrived.

Delay only ever makes a picture later, so the one that was delayed least is the nearest to the truth. Of every half
second of media time the least `arrival − media time` is kept, for two minutes; the least of those is the fit.
"""

from collections import deque
from collections.abc import Sequence
from itertools import islice, pairwise

BIN_US = 500_000
WINDOW_US = 120_000_000
"""The fit looks back so far, so that it follows a drifting camera crystal."""
LEAST_DELAY_US = 400_000
"""Premise: in any five seconds some picture is here so soon after it was taken."""

Bin = tuple[int, int]
"""The least arrival − media time, and the media time at which the bin began."""

_MAX_BACK_US = 1_000_000
"""Pictures come in the order of decoding, so one may lie before the first of its bin."""
_FIRST_BIN_US = 100_000
"""Shorter, so that before the first GOP is complete it shows whether it is an old one that came at once."""
_STALE_BINS = 10
_FALL_US = 50_000
_LEAST_TREND_US = 150_000
_UNEVEN_US = 30_000
_TREND_BINS = (4, 8, 16, 32, 64, 128)
_BINS_IF_FASTER = 16
"""That media time runs too fast is believed later: it looks the same while a backlog is worked off."""
_MAX_SLOWER_PPM, _MAX_FASTER_PPM = 1_000_000, 500_000
_NEVER = 1 << 62


class ArrivalFit:
    """All times in integer microseconds; arrival by a monotonic clock."""

    def __init__(self) -> None:
        self._bins: deque[Bin] = deque()
        self._least = self._past = _NEVER
        self._start = self._end = self._began = -_NEVER
        self._late_bins = 0
        self.is_settling = False
        """Pictures come much faster than they were taken, each nearer to the truth: it is not to be relied on yet."""
        self.renewals = 0
        """How often what was before has been given up because it contradicts what comes."""
        self.rate_error_ppm = 0
        """By how much a second of the camera's media time is longer than a second; 0 unless it clearly is."""

    def observe(self, media_us: int, monotonic_us: int) -> None:
        if media_us >= self._end or media_us < self._start - _MAX_BACK_US:
            self._next_bin(media_us, monotonic_us)
        base = monotonic_us - media_us
        if base < self._least:
            self._least = base

    @property
    def base_us(self) -> int:
        """Monotonic time minus media time of the least delayed picture."""
        return min(self._least, self._past)

    def restart(self, media_us: int, monotonic_us: int) -> None:
        """Forgets all but this packet: what was before tells nothing of what comes."""
        self._bins.clear()
        self._least, self._start, self._end = monotonic_us - media_us, media_us, media_us + BIN_US
        self._began = monotonic_us
        self._given_up()

    def _given_up(self) -> None:
        self._past = min(self._bins)[0] if self._bins else _NEVER
        self._late_bins, self.rate_error_ppm = 0, 0
        self.renewals += 1

    def _next_bin(self, media_us: int, monotonic_us: int) -> None:
        if self._least != _NEVER:
            self._keep(in_a_hurry=(monotonic_us - self._began) * 2 < media_us - self._start)
        self._least, self._began = _NEVER, monotonic_us
        self._start, self._end = media_us, media_us + (BIN_US if self._bins else _FIRST_BIN_US)

    def _keep(self, in_a_hurry: bool) -> None:
        self.is_settling = in_a_hurry and self._least < self._past - _FALL_US
        on_time = self._least <= self._past + LEAST_DELAY_US
        self._late_bins = 0 if in_a_hurry or on_time else self._late_bins + 1
        self._bins.append((self._least, self._start))
        self._past = min(self._past, self._least)
        while self._start - self._bins[0][1] > WINDOW_US:
            if self._bins.popleft()[0] == self._past:
                self._past = min(self._bins)[0]
        self.rate_error_ppm = trend_ppm(self._bins)
        if self._late_bins >= _STALE_BINS and not self.rate_error_ppm:
            while len(self._bins) > _STALE_BINS:
                self._bins.popleft()
            self._given_up()


def trend_ppm(bins: deque[Bin]) -> int:
    """The steady rise or fall of arrival − media time in the newest bins; 0 where it may be jitter or delay."""
    for count in _TREND_BINS:
        if count > len(bins):
            return 0
        # Mostly there is none, and that is seen at once.
        if abs(bins[-1][0] - bins[-count][0]) < _LEAST_TREND_US:
            continue
        if found := _trend(list(islice(bins, len(bins) - count, None)), count // 4):
            return found
    return 0


def _trend(newest: Sequence[Bin], quarter: int) -> int:
    """Four quarters whose least rise, or fall, along a line."""
    starts = range(0, len(newest), quarter)
    points = [(min(newest[at : at + quarter])[0], newest[at][1]) for at in starts]
    total, span = points[-1][0] - points[0][0], points[-1][1] - points[0][1]
    if abs(total) < _LEAST_TREND_US or span <= 0 or (total < 0 and len(newest) < _BINS_IF_FASTER):
        return 0
    for before, after in pairwise(points):
        expected = total * (after[1] - before[1]) // span
        if abs(after[0] - before[0] - expected) > max(abs(expected) // 2, _UNEVEN_US):
            return 0
    ppm = total * 1_000_000 // span
    return ppm if -_MAX_FASTER_PPM < ppm < _MAX_SLOWER_PPM else 0
