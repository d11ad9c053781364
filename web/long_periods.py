"""Quarters, half years and years, as months that belong together: pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from web.months import Month

_WRITTEN = re.compile(r"([0-9]{4})(?:-(Q[1-4]|H[12]))?", re.ASCII)
_FIRST_YEAR = 1971
"""An address of a year before is a mistake."""


@dataclass(frozen=True)
class LongPeriod:
    year: int
    part: str
    """Q1 to Q4, H1 or H2; empty: the whole year."""

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.part}" if self.part else f"{self.year:04d}"

    @property
    def length(self) -> int:
        """In months."""
        return {"Q": 3, "H": 6, "": 12}[self.part[:1]]

    @property
    def months(self) -> tuple[str, ...]:
        first = (int(self.part[1:] or 1) - 1) * self.length
        return tuple(str(Month(self.year, first + number)) for number in range(1, self.length + 1))


def read_period(text: str) -> LongPeriod | None:
    """From 2026-Q2, 2026-H1 or 2026; None for what is no such period."""
    found = _WRITTEN.fullmatch(text)
    return LongPeriod(int(found[1]), found[2] or "") if found and int(found[1]) >= _FIRST_YEAR else None


def periods_around(months: Iterable[str]) -> list[LongPeriod]:
    """Those to which the months belong: quarters, half years, then years, of each the newest first."""
    found = {period for month in months for period in _around(Month.named(month))}
    return sorted(found, key=lambda period: (period.length, -period.year, [-ord(letter) for letter in period.part]))


def _around(month: Month) -> tuple[LongPeriod, LongPeriod, LongPeriod]:
    quarter, half = (month.number + 2) // 3, (month.number + 5) // 6
    return LongPeriod(month.year, f"Q{quarter}"), LongPeriod(month.year, f"H{half}"), LongPeriod(month.year, "")
