"""Days and months of a hall's clock, as addresses and pages have them: pure."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from storage.intervals import Span
from web.months import Month, month_of
from web.pages.filters import read_day

_LAST_YEAR = 9998


def read_month(text: str) -> Month | None:
    """From 2026-03; None for what is no month."""
    day = read_day(f"{text}-01")
    return month_of(day) if day and day.year <= _LAST_YEAR else None


def local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def hours_in(day: Span) -> list[Span]:
    """The hours of a day, counted from its midnight."""
    count = round((day.end - day.start) / timedelta(hours=1))
    return [Span(day.start + timedelta(hours=n), day.start + timedelta(hours=n + 1)) for n in range(count)]
