"""How much of each hour a counter was staffed, unstaffed or unknown.

Time that was not watched is none of them, and neither is time in which the hall was closed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storage.intervals import Span, intersect, total
from storage.models import Presence, StaffState

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Shares:
    """Seconds of open time from `start` on, over one hour or the whole day."""

    start: datetime
    staffed_s: float
    unstaffed_s: float
    unknown_s: float

    @property
    def watched_s(self) -> float:
        return self.staffed_s + self.unstaffed_s + self.unknown_s

    @property
    def percents(self) -> "Percents":
        return percents(self)


@dataclass(frozen=True)
class Percents:
    """Of the watched time, in whole percents that add up to 100; None where nothing was watched."""

    staffed: int | None
    unstaffed: int | None
    unknown: int | None


def percents(shares: Shares) -> Percents:
    if not shares.watched_s:
        return Percents(None, None, None)
    return Percents(*apportioned((shares.staffed_s, shares.unstaffed_s, shares.unknown_s), 100))


def apportioned(parts: Sequence[float], whole: int) -> list[int]:
    """Whole numbers in the proportion of the parts that add up to `whole`; some part must be more than nothing.

    By largest remainders: every share is rounded down, and what is left goes to those that lost most.
    """
    exact = [whole * part / sum(parts) for part in parts]
    shares = [int(each) for each in exact]
    by_remainder = sorted(range(len(shares)), key=lambda n: shares[n] - exact[n])
    for n in by_remainder[: whole - sum(shares)]:
        shares[n] += 1
    return shares


def day_start(now: datetime, zone: str) -> datetime:
    """Midnight of the hall's day."""
    local = now.astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)


def shares_between(spans: Sequence[Presence], start: datetime, end: datetime, openings: Iterable[Span]) -> Shares:
    """Only while the hall was open; open spans last until `end`."""
    inside = intersect(openings, [Span(start, end)])
    staffed, unstaffed, unknown = (
        total(intersect(_lasting(spans, staff, end), inside)).total_seconds()
        for staff in (StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN)
    )
    return Shares(start, staffed, unstaffed, unknown)


def _lasting(spans: Iterable[Presence], staff: StaffState, until: datetime) -> Iterator[Span]:
    return (Span(s.start, s.end or max(until, s.start)) for s in spans if s.staff is staff)


def hourly(spans: Sequence[Presence], start: datetime, now: datetime, openings: Sequence[Span]) -> tuple[Shares, ...]:
    """One entry for each hour from the first to the last in which something was watched while the hall was open."""
    begins = [start + HOUR * n for n in range(int((now - start) / HOUR) + 1)]
    hours = [shares_between(spans, begin, min(begin + HOUR, now), openings) for begin in begins]
    watched = [n for n, hour in enumerate(hours) if hour.watched_s]
    return tuple(hours[watched[0] : watched[-1] + 1]) if watched else ()
