"""Whether what happened at a counter happened to its whole hall: a fire drill, a power cut, a dead network. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil


@dataclass(frozen=True, slots=True)
class Onset:
    """Since when a counter that should be staffed is unstaffed or unknown."""

    counter_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Together:
    """How many counters within what time are the whole hall. Raises ValueError for what makes no sense."""

    share: float = 0.5
    """Of the watched counters of the hall."""
    least: int = 3
    """Counters: of fewer each is told by itself."""
    within: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        if not (0 < self.share <= 1 and self.least >= 2 and self.within > timedelta(0)):
            raise ValueError(f"{self}: a share above 0 up to 1, two counters at least, and some time")


def affected(onsets: Iterable[Onset], watched: int, at: datetime, rule: Together = Together()) -> tuple[Onset, ...]:
    """The counters at which it began together with the moment `at`, in order; none if too few to be the hall."""
    near = sorted((onset for onset in onsets if abs(onset.at - at) <= rule.within), key=_by_time)
    starts = [onset.at for onset in near if onset.at <= at]
    windows = [tuple(o for o in near if start <= o.at <= start + rule.within) for start in starts]
    found = max(windows, key=len, default=())
    return found if len(found) >= max(rule.least, ceil(rule.share * watched)) else ()


def one_after_another(onsets: Iterable[Onset], since: datetime, rule: Together = Together()) -> tuple[Onset, ...]:
    """Those at which it began with the moment `since`, and then each soon enough after the one before, in order."""
    found: list[Onset] = []
    last = since
    for onset in sorted(onsets, key=_by_time):
        if since - rule.within <= onset.at <= last + rule.within:
            found.append(onset)
            last = max(last, onset.at)
    return tuple(found)


def _by_time(onset: Onset) -> tuple[datetime, str]:
    return onset.at, onset.counter_id
