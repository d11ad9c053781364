"""When pictures were taken, by when they arrived.

Delay only ever makes a picture later, so the one that was delayed least is the nearest to the truth. Of every half
second of media time the least `arrival − media time` is kept, for two minutes; the least of those is the fit.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

BIN_US = 500_000
WINDOW_US = 120_000_000
"""The fit looks back so far, so that it follows a drifting camera crystal."""
FRESH_RATE_US = 20_000_000
"""For so long a rate that was read off two seconds of arrivals may turn out not to be quite right."""
LEAST_DELAY_US = 400_000
"""Premise: in any five seconds some picture is here so soon after it was taken."""

Bin = tuple[int, int, int, int]
"""The least arrival − media time, the media time at which the bin began, the largest change of arrival − media time
from one picture to the next, and how many pictures there were."""

_MAX_BACK_US = 1_000_000
"""Pictures come in the order of decoding, so one may lie before the first of its bin."""
_FIRST_BIN_US = 100_000
"""Shorter, so that before the first GOP is complete it shows whether it is an old one that came at once."""
_STALE_BINS = 10
_LATE_BINS = 4
_FALL_US = 50_000
_NEW_US = 5_000_000
"""So long after its first picture a connection may still bring what was taken before it."""
_NEW_FALL_US, _NEW_SETTLES_US = 100_000, 1_000_000
"""Then a fall by more than this is a backlog, however slowly it is worked off, until nothing has fallen for so long."""
_LEAST_TREND_US = 150_000
_LEAST_LEFT_US, _LEFT_BINS = 60_000, 16
"""What is left of a rate that was learned shows by so little, over so many bins or more."""
_ENOUGH = 16
_UNEVEN_US = 30_000
"""What lies further from a line does not rise or fall evenly."""
_TREND_BINS = (4, 8, 16, 32, 64, 128)
_BINS_IF_FASTER = 16
"""That media time runs too fast is believed later: it looks the same while a backlog is worked off."""
_MAX_SLOWER_PPM, _MAX_FASTER_PPM = 1_000_000, 500_000
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Trend:
    """A steady rise or fall of arrival − media time: of a camera that counts wrongly, or of a delay that grows."""

    ppm: int = 0
    """By how much a second of the camera's media time would be longer than a second."""
    is_sure: bool = False
    """It is too even, or has become too much, to be delay."""


NO_TREND = Trend()


class ArrivalFit:
    """All times in integer microseconds; arrival by a monotonic clock."""

    def __init__(self) -> None:
        self._bins: deque[Bin] = deque()
        self._least = self._past = _NEVER
        self._base = self._roughest = self._pictures = 0
        self._start = self._end = self._began = -_NEVER
        self._fresh_until = -_NEVER
        self._late_bins = 0
        self._first: int | None = None
        self._fell = -_NEVER
        self._in_a_hurry = self.is_settling = False
        """Pictures come much faster than they were taken, each nearer to the truth: it is not to be relied on yet."""
        self.renewals = 0
        """How often what was before has been given up because it contradicts what comes."""
        self.trend = NO_TREND

    def observe(self, media_us: int, monotonic_us: int) -> None:
        if self._first is None:
            self._first = monotonic_us
        if media_us >= self._end or media_us < self._start - _MAX_BACK_US:
            self._next_bin(media_us, monotonic_us)
        base = monotonic_us - media_us
        if base < self._least:
            self._least = base
        change = base - self._base
        if change > self._roughest or -change > self._roughest:
            self._roughest = abs(change)
        self._base = base
        self._pictures += 1

    @property
    def base_us(self) -> int:
        """Monotonic time minus media time of the least delayed picture."""
        return min(self._least, self._past)

    def least_of_late_us(self) -> int:
        """The same of the last two seconds: no picture was taken after it came, however media time counts."""
        return self._least_of(_LATE_BINS)

    def least_of_newest_us(self) -> int:
        """The same of the last half second; of two minutes while a backlog is worked off."""
        return self.base_us if self._in_a_hurry else self._least_of(1)

    def _least_of(self, bins: int) -> int:
        """Of the newest that are complete, and of the one that is not."""
        return min(self._least, *(least for least, *_ in islice(reversed(self._bins), bins)), _NEVER)

    def restart(self, media_us: int, monotonic_us: int) -> None:
        """Forgets all but this packet: what was before tells nothing of what comes.

        A rate has been learned, of two seconds or little more: for `FRESH_RATE_US` what it lacks is looked for, too.
        """
        if self._fresh_until == -_NEVER:
            self._fresh_until = media_us + FRESH_RATE_US
        self._bins.clear()
        self._least = self._base = monotonic_us - media_us
        self._roughest, self._pictures = 0, 1
        self._start, self._end = media_us, media_us + BIN_US
        self._began = monotonic_us
        self._given_up()

    def _given_up(self) -> None:
        self._past = min(self._bins)[0] if self._bins else _NEVER
        self._late_bins, self.trend = 0, NO_TREND
        self.renewals += 1

    def _next_bin(self, media_us: int, monotonic_us: int) -> None:
        if self._least != _NEVER:
            self._in_a_hurry = (monotonic_us - self._began) * 2 < media_us - self._start
            self._keep(monotonic_us)
        else:
            self._base = monotonic_us - media_us
        self._least, self._began, self._roughest, self._pictures = _NEVER, monotonic_us, 0, 0
        self._start, self._end = media_us, media_us + (BIN_US if self._bins else _FIRST_BIN_US)

    def _keep(self, monotonic_us: int) -> None:
        is_new = self._first is not None and monotonic_us - self._first < _NEW_US
        if is_new and self._past != _NEVER and self._least < self._past - _NEW_FALL_US:
            self._fell = monotonic_us
        still_falls = is_new and monotonic_us - self._fell < _NEW_SETTLES_US
        self.is_settling = still_falls or (self._in_a_hurry and self._least < self._past - _FALL_US)
        on_time = self._least <= self._past + LEAST_DELAY_US
        self._late_bins = 0 if self._in_a_hurry or on_time else self._late_bins + 1
        self._bins.append((self._least, self._start, self._roughest, self._pictures))
        self._past = min(self._past, self._least)
        while self._start - self._bins[0][1] > WINDOW_US:
            if self._bins.popleft()[0] == self._past:
                self._past = min(self._bins)[0]
        is_stale = self._late_bins >= _STALE_BINS
        trend = trend_of(self._bins, is_rate_fresh=self._start < self._fresh_until)
        self.trend = Trend(trend.ppm, trend.is_sure or is_stale) if trend.ppm else trend
        if is_stale and not trend.ppm:
            while len(self._bins) > _STALE_BINS:
                self._bins.popleft()
            self._given_up()


def trend_of(bins: deque[Bin], *, is_rate_fresh: bool = False) -> Trend:
    """Of the newest bins, if it is more than jitter. Sure if all pictures keep near the line: delay is not so even."""
    for count in _TREND_BINS:
        if count > len(bins):
            return NO_TREND
        least_us = _LEAST_LEFT_US if is_rate_fresh and count >= _LEFT_BINS else _LEAST_TREND_US
        # Mostly there is none, and that is seen at once.
        if abs(bins[-1][0] - bins[-count][0]) < least_us:
            continue
        newest = list(islice(bins, len(bins) - count, None))
        if ppm := _trend_ppm(newest, count // 4, least_us):
            return Trend(ppm, _is_even(newest, ppm) or (ppm < 0 and _falls_beyond_delay(bins, count)))
    return NO_TREND


def _trend_ppm(newest: Sequence[Bin], quarter: int, least_us: int) -> int:
    """Four quarters whose least rise, or fall, along a line."""
    starts = range(0, len(newest), quarter)
    points = [(min(newest[at : at + quarter])[0], newest[at][1]) for at in starts]
    total, span = points[-1][0] - points[0][0], points[-1][1] - points[0][1]
    if abs(total) < least_us or span <= 0 or (total < 0 and len(newest) < _BINS_IF_FASTER):
        return 0
    for before, after in pairwise(points):
        expected = total * (after[1] - before[1]) // span
        if abs(after[0] - before[0] - expected) > max(abs(expected) // 2, least_us // 5):
            return 0
    ppm = total * 1_000_000 // span
    return ppm if -_MAX_FASTER_PPM < ppm < _MAX_SLOWER_PPM else 0


def _falls_beyond_delay(bins: Sequence[Bin], count: int) -> bool:
    """Some picture of any five seconds is on time, so their least cannot fall by more than that may be late.

    While a backlog is worked off it falls, too, but not below what it was before the backlog, which has to be known.
    """
    if len(bins) < count + _STALE_BINS:
        return False
    before = min(islice(bins, len(bins) - count + _STALE_BINS))[0]
    newest = min(islice(bins, len(bins) - _STALE_BINS, None))[0]
    return before - newest > LEAST_DELAY_US


def _is_even(bins: Sequence[Bin], ppm: int) -> bool:
    """Whether every picture, not only the least delayed, lies near the line; a few may do so by chance."""
    rise_us = abs(BIN_US * ppm // 1_000_000)
    if sum(pictures for *_, pictures in bins) < _ENOUGH:
        return False
    return all(roughest <= rise_us // pictures + _UNEVEN_US for _, _, roughest, pictures in bins)
