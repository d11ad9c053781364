"""Working days as running totals, so that any limit takes two look-ups, and working hours day by day. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from storage.intervals import Span
from storage.statutory import VERSION, DayKind, day_kind, is_announced

FIRST, LAST = date(1988, 1, 1).toordinal(), date(2150, 12, 31).toordinal()
"""Stamps of cases lie in 1990–2100 and limits have up to 10,000 days; what is counted must stay inside."""
FOSHAN = ZoneInfo("Asia/Shanghai")
USUAL_HOURS = ((time(9), time(12)), (time(13, 30), time(17)))
"""Of a place that has told no hours of its own."""

HoursOfDay = Callable[[date], Sequence[Span]]


class DayState(StrEnum):
    WORKDAY = "workday"
    MAKE_UP = "make_up"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    CLOSED = "closed"  # by a closure of this place alone


@dataclass(frozen=True)
class Closure:
    """A day that counts as no working day at one place, a typhoon say."""

    day: date
    reason: str


def usual_hours(zone: ZoneInfo, spans: Sequence[tuple[time, time]]) -> HoursOfDay:
    """The same hours on every day."""

    def hours(day: date) -> Sequence[Span]:
        return [Span(_utc(day, opens, zone), _utc(day, closes, zone)) for opens, closes in spans]

    return hours


@dataclass(frozen=True)
class WorkCalendar:
    """Days are ordinals (`date.toordinal`) of the place's own zone."""

    zone: ZoneInfo = FOSHAN
    closures: tuple[Closure, ...] = ()
    hours: HoursOfDay = field(default=usual_hours(FOSHAN, USUAL_HOURS))
    """Where the place is open on a day; asked for working days only."""
    version: str = VERSION
    known: dict[Any, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What was counted by this calendar before."""
    _upto: Sequence[int] = field(init=False, repr=False, compare=False)
    _working: Sequence[int] = field(init=False, repr=False, compare=False)
    _reasons: dict[int, str] = field(init=False, repr=False, compare=False)
    _midnights: "_Midnights" = field(init=False, repr=False, compare=False)
    _spans: dict[int, tuple[Span, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        reasons = {closure.day.toordinal(): closure.reason for closure in self.closures}
        upto, working = _totals(frozenset(reasons))
        midnights = _midnights_in(self.zone)
        for name, value in (
            ("_upto", upto),
            ("_working", working),
            ("_reasons", reasons),
            ("_midnights", midnights),
        ):
            object.__setattr__(self, name, value)

    def upto(self, day: int) -> int:
        """How many working days there are up to and including the day."""
        return self._upto[day - FIRST]

    def nth(self, number: int) -> int:
        """The working day up to which there are so many."""
        return self._working[number - 1]

    def is_worked(self, day: int) -> bool:
        return self._upto[day - FIRST] > self._upto[day - 1 - FIRST]

    def state(self, day: int) -> DayState:
        if day in self._reasons:
            return DayState.CLOSED
        return _statutory_state(day)

    def closed_for(self, day: int) -> str:
        """Why the place is closed on that day; empty if it is not."""
        return self._reasons.get(day, "")

    def is_provisional(self, first: int, last: int) -> bool:
        """Whether a day of these belongs to a year whose holidays are not announced."""
        announced_from, announced_to = _announced_days()
        return first < announced_from or last > announced_to

    def day_of(self, moment: datetime) -> int:
        midnights, day = self._midnights, moment.toordinal()  # by the moment's own zone: no more than two days off
        while moment >= midnights[day + 1]:
            day += 1
        while moment < midnights[day]:
            day -= 1
        return day

    def midnight(self, day: int) -> datetime:
        """When the day begins, in UTC."""
        return self._midnights[day]

    def at(self, day: int, clock: time) -> datetime:
        return _at(self.zone, day, clock)

    def open_spans(self, day: int) -> tuple[Span, ...]:
        """The working time of a day."""
        if not self.is_worked(day):
            return ()
        found = self._spans.get(day)
        if found is None:
            found = self._spans[day] = tuple(self.hours(date.fromordinal(day)))
        return found


class _Midnights(dict[int, datetime]):
    """When each day begins at a place, in UTC; reckoned when it is first asked for."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def __missing__(self, day: int) -> datetime:
        self[day] = found = _utc(date.fromordinal(day), time(), self._zone)
        return found


@lru_cache(maxsize=64)
def _midnights_in(zone: ZoneInfo) -> _Midnights:
    return _Midnights(zone)


@lru_cache(maxsize=4_096)
def _at(zone: ZoneInfo, day: int, clock: time) -> datetime:
    return _utc(date.fromordinal(day), clock, zone)


DatedCalendars = Sequence[tuple[datetime, WorkCalendar]]
"""The calendars of one place, each with the moment since when it was known; the oldest first."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def always(calendar: WorkCalendar) -> DatedCalendars:
    return ((LONG_AGO, calendar),)


def _utc(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)


@lru_cache(maxsize=4_096)
def _statutory_state(day: int) -> DayState:
    return DayState(day_kind(date.fromordinal(day)).value)


@lru_cache
def _statutory() -> Sequence[bool]:
    """Of every day from FIRST to LAST: whether it is worked."""
    worked = (DayKind.WORKDAY, DayKind.MAKE_UP)
    return [day_kind(date.fromordinal(day)) in worked for day in range(FIRST, LAST + 1)]


@lru_cache(maxsize=64)
def _totals(closed: frozenset[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The running totals, and the working days one after the other."""
    worked = list(_statutory())
    for day in closed:
        if FIRST <= day <= LAST:  # nothing is counted on any other
            worked[day - FIRST] = False
    return list(accumulate(worked)), [FIRST + place for place, is_worked in enumerate(worked) if is_worked]


@lru_cache
def _announced_days() -> tuple[int, int]:
    """The first and the last day whose holidays are known; the announced years follow each other."""
    years = [
        year for year in range(date.fromordinal(FIRST).year, date.fromordinal(LAST).year + 1) if is_announced(year)
    ]
    return date(years[0], 1, 1).toordinal(), date(years[-1], 12, 31).toordinal()
