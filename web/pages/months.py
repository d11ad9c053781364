"""Days and months of a hall's clock: pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.intervals import Span
from web.pages.filters import read_day

_DAY = timedelta(days=1)
_LAST_YEAR = 9998


@dataclass(frozen=True, order=True)
class Month:
    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def days(self) -> tuple[date, ...]:
        count = (self.plus(1).first - self.first).days
        return tuple(self.first + n * _DAY for n in range(count))

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    def plus(self, months: int) -> "Month":
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)


def month_of(day: date) -> Month:
    return Month(day.year, day.month)


def read_month(text: str) -> Month | None:
    """From 2026-03; None for what is no month."""
    day = read_day(f"{text}-01")
    return month_of(day) if day and day.year <= _LAST_YEAR else None


def local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def day_in(day: date, zone: str) -> Span:
    """From midnight to midnight, in UTC; where clocks are set, a day has another length."""
    start, end = (datetime.combine(midnight, time(), ZoneInfo(zone)) for midnight in (day, day + _DAY))
    return Span(start.astimezone(UTC), end.astimezone(UTC))


def hours_in(day: Span) -> list[Span]:
    """The hours of a day, counted from its midnight."""
    count = round((day.end - day.start) / timedelta(hours=1))
    return [Span(day.start + timedelta(hours=n), day.start + timedelta(hours=n + 1)) for n in range(count)]
