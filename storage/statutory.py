"""The statutory calendar: holidays and make-up working days as announced, plain weekdays where nothing is announced."""

from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import version

import chinese_calendar

VERSION = f"chinesecalendar {version('chinesecalendar')}"
"""What the announcements are taken from; a newer one may know another year."""
_MONDAY, _FRIDAY, _SATURDAY = 0, 4, 5


class DayKind(StrEnum):
    WORKDAY = "workday"
    MAKE_UP = "make_up"  # a day of a weekend that is worked for a holiday
    WEEKEND = "weekend"
    HOLIDAY = "holiday"  # days in lieu, too


def day_kind(day: date) -> DayKind:
    """By its weekday alone where its year is not announced."""
    is_weekend = day.weekday() >= _SATURDAY
    if not is_announced(day.year):
        return DayKind.WEEKEND if is_weekend else DayKind.WORKDAY
    is_off, name = chinese_calendar.get_holiday_detail(day)
    if is_off:
        return DayKind.HOLIDAY if name else DayKind.WEEKEND
    return DayKind.MAKE_UP if is_weekend else DayKind.WORKDAY


@lru_cache
def is_announced(year: int) -> bool:
    """Whether the holidays of that year are known."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


@lru_cache
def announced_to() -> int:
    """The last year of which the holidays are known."""
    known: int = max(day.year for day in chinese_calendar.holidays)
    return known


def told_otherwise(year: int) -> list[date]:
    """Days of an announced year that may count otherwise than they did before it was announced."""
    first = date(year, 1, 1).toordinal()
    days = (date.fromordinal(day) for day in range(first, date(year + 1, 1, 1).toordinal()))
    return [day for day in days if (day.month, day.day) in _once_holidays() or worked_as(day) != day.weekday()]


def special_days(year: int) -> str:
    """Of an announced year each day that does not count as its weekday does, as one line."""
    kinds = ((day, day_kind(day)) for day in told_otherwise(year))
    return " ".join(f"{day:%m-%d}={kind}" for day, kind in kinds if kind in (DayKind.HOLIDAY, DayKind.MAKE_UP))


def announced_years() -> range:
    """Those whose holidays are known."""
    return range(min(day.year for day in chinese_calendar.holidays), announced_to() + 1)


def may_be_holiday(day: date) -> bool:
    """Whether its year is not announced and its date has been a holiday, or a day in lieu, of some year that is."""
    return not is_announced(day.year) and (day.month, day.day) in _once_holidays()


@lru_cache
def _once_holidays() -> frozenset[tuple[int, int]]:
    """Month and day. The moon's holidays come back to the same dates within nineteen years; more years are known."""
    return frozenset((day.month, day.day) for day in chinese_calendar.holidays)


def worked_as(day: date) -> int | None:
    """The weekday (0 = Monday) whose hours hold on that day; None on a statutory holiday.

    A make-up Saturday is worked as a Friday and a make-up Sunday as a Monday: the calendar does not say which day they
    replace, and halls keep the same hours Monday to Friday.
    """
    kind = day_kind(day)
    if kind is DayKind.HOLIDAY:
        return None
    if kind is DayKind.MAKE_UP:
        return _FRIDAY if day.weekday() == _SATURDAY else _MONDAY
    return day.weekday()
