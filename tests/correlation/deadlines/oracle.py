"""Limits counted the slow way, one day after the other; knows nothing of the engine."""

from collections.abc import Container, Iterator
from datetime import date, timedelta

import chinese_calendar

ONE_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 2004, 2026


def is_working_day(day: date, closed: Container[date] = ()) -> bool:
    if day in closed:
        return False
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5


def walk(accepted: date, not_counted: Container[date] = (), closed: Container[date] = ()) -> Iterator[date]:
    """The days that count as the first, the second, ... after acceptance."""
    day = accepted
    while True:
        day += ONE_DAY
        if is_working_day(day, closed) and day not in not_counted:
            yield day


def span(first: date, last: date) -> set[date]:
    """Both included."""
    return {first + number * ONE_DAY for number in range((last - first).days + 1)}
