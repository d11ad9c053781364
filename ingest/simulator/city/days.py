"""Working days, walked one after the other on purpose: nothing here is shared with what judges cases by them."""

from collections.abc import Container
from datetime import date, datetime, time, timedelta, timezone
from functools import cache

import chinese_calendar

ZONE = timezone(timedelta(hours=8))
ONE_DAY = timedelta(days=1)
_ANNOUNCED = range(2004, 2027)
_OPEN = (*range(9 * 60, 12 * 60), *range(13 * 60 + 30, 17 * 60))
"""Minutes of a day in which a hall works that has announced no other hours."""


def is_worked(day: date, left_out: Container[date] = ()) -> bool:
    return day not in left_out and _is_statutory(day)


def nth(start: date, number: int, left_out: Container[date] = ()) -> date:
    """The so-many-th working day after `start`; itself for 0."""
    day = start
    while number > 0:
        day += ONE_DAY
        number -= is_worked(day, left_out)
    return day


def nth_before(start: date, number: int, left_out: Container[date] = ()) -> date:
    day = start
    while number > 0:
        day -= ONE_DAY
        number -= is_worked(day, left_out)
    return day


def between(first: date, last: date) -> frozenset[date]:
    """Both included."""
    return frozenset(first + number * ONE_DAY for number in range((last - first).days + 1))


def at(day: date, hours: float) -> datetime:
    """So many hours after midnight, to the second."""
    return datetime.combine(day, time(), ZONE) + timedelta(seconds=round(hours * 3600))


def when_worked(start: datetime, hours: int, left_out: Container[date], stop: tuple[datetime, datetime]) -> datetime:
    """The first minute, from a full one on, by which so many hours have been worked outside the stop."""
    left, day = hours * 60, start.date()
    while True:
        for minute in _OPEN if is_worked(day, left_out) else ():
            moment = at(day, minute / 60)
            left -= moment >= start and not stop[0] <= moment < stop[1]
            if left == 0:
                return moment + timedelta(minutes=1)
        day += ONE_DAY


@cache
def _is_statutory(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day)) if day.year in _ANNOUNCED else day.weekday() < 5
