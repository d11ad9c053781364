"""Months and the days of a zone: pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.intervals import Span

_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Month:
    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @classmethod
    def named(cls, text: str) -> "Month":
        """From 2026-05, as it is written."""
        year, _, number = text.partition("-")
        return cls(int(year), int(number))

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


def day_in(day: date, zone: str) -> Span:
    """From midnight to midnight, in UTC; where clocks are set, a day has another length."""
    start, end = (datetime.combine(midnight, time(), ZoneInfo(zone)) for midnight in (day, day + _DAY))
    return Span(start.astimezone(UTC), end.astimezone(UTC))
