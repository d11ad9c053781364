"""Days and months of a hall's clock, as addresses and pages have them: pure."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from storage.intervals import Span
from storage.sayings import Saying
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.months import Month, day_in, month_of
from web.pages.filters import read_day

_LAST_YEAR = 9998
_NO_DAY = Saying("There is no such day. Write it like 2026-03-02.")
NO_MONTH = Saying("There is no such month. Write it like 2026-03.")


def read_month(text: str) -> Month | None:
    """From 2026-03; None for what is no month."""
    day = read_day(f"{text}-01")
    return month_of(day) if day and day.year <= _LAST_YEAR else None


def asked_day(text: str, today: date) -> date:
    """The day of an address; without one today. Raises Unprocessable for what is no day, or one that has not begun."""
    if not text:
        return today
    chosen = read_day(text)
    if chosen is None:
        raise Unprocessable(fields=[FieldProblem("day", _NO_DAY)])
    if chosen > today:
        said = Saying("This day has not begun. The newest one is %(day)s.", day=f"{today}")
        raise Unprocessable(fields=[FieldProblem("day", said)])
    return chosen


def asked_month(text: str, newest: Month) -> Month:
    """The month of an address; without one the newest. Raises Unprocessable for what is no month."""
    chosen = read_month(text) if text else newest
    if chosen is None:
        raise Unprocessable(fields=[FieldProblem("month", NO_MONTH)])
    return chosen


def local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def hours_in(day: Span) -> list[Span]:
    """The hours of a day, counted from its midnight."""
    count = round((day.end - day.start) / timedelta(hours=1))
    return [Span(day.start + timedelta(hours=n), day.start + timedelta(hours=n + 1)) for n in range(count)]


def clock_hours(day: date, zone: str) -> list[tuple[int, Span]]:
    """The hours that the hall's clock shows, by number: one shown twice is longer, one leapt over missing."""
    midnight, next_midnight = day_in(day, zone).start, day_in(day, zone).end
    marks = [datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC) for hour in range(1, 24)]
    edges = [midnight, *marks, next_midnight]
    hours = ((hour, Span(start, max(start, end))) for hour, (start, end) in enumerate(pairwise(edges)))
    return [(hour, span) for hour, span in hours if span.start < span.end]
