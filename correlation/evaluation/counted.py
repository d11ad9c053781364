"""What was counted of a unit in a month: everything that a score rests on, kept as it was."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

LEVELS = 5
HUNDREDTHS = 100
MOST_HOURS = 1_000
"""Ends that were earlier still count as so early."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Plain sums, so that units can be added up and the order in which things were counted tells nothing."""

    cases: int = 0
    """That ended in time in the month, or whose limit passed in it."""
    late: int = 0
    """Of these, those whose limit passed."""
    promised: int = 0
    """Of the cases, those with a promised limit."""
    early: int = 0
    """Of the promised ones, those that ended well before it."""
    ratings: tuple[int, ...] = (0,) * LEVELS
    """How many of level 1, 2, … 5."""
    yellow: int = 0
    red: int = 0
    appealed: int = 0
    """Cards under appeal: they count nothing until that is decided."""
    absent_s: int = 0
    """Seconds of absence that stands undisputed, or was upheld."""
    disputed_s: int = 0
    """And of absence under dispute: it counts nothing until that is decided."""
    open_s: int = 0
    """And of absence that may still be disputed: it counts nothing yet."""
    watched_s: int = 0
    """Opening time in which it was known whether somebody was there, counter by counter."""
    steps: int = 0
    steps_late: int = 0
    """First heard of after the end of the next day."""
    fields: int = 0
    """That the steps should have: operator and item, and a counter those that are done at one."""
    filled: int = 0
    reminders: int | None = None
    """Not withdrawn. None, as of the next four: nobody counted them then, which is not 0."""
    legal_days: int | None = None
    """The legal limits of the cases that have both limits in days, added up; and the promised ones."""
    promised_days: int | None = None
    with_both_limits: int | None = None
    """How many cases these are. Since they are counted, what adds points is kept one by one, too."""
    leads: tuple[tuple[int, int], ...] | None = None
    """Hours before the promised limit by which cases ended, the fraction left out, and how many did."""

    entered: tuple[tuple[str, int, int], ...] | None = None
    """Figures that people entered: the indicator, the value and its maximum, both in hundredths. An indicator that is
    lacking is not known. None: before there were any."""

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot have been counted."""
        parts = [(self.late, self.cases), (self.promised, self.cases), (self.early, self.promised)]
        parts += [(self.steps_late, self.steps), (self.filled, self.fields)]
        parts += [(self.reminders or 0, sys.maxsize), (self.with_both_limits or 0, self.cases)]
        parts += [(sum(cases for _, cases in self.leads or ()), self.promised)]
        if any(not 0 <= part <= whole for part, whole in parts):
            raise ValueError(f"more is counted than there is: {self}")
        if len(self.ratings) != LEVELS or min(self.ratings) < 0 or min(self.yellow, self.red, self.appealed) < 0:
            raise ValueError(f"this cannot have been counted: {self}")
        if any(not 0 <= value <= maximum for _, value, maximum in self.entered or ()):
            raise ValueError(f"a figure that was counted lies between 0 and its maximum: {self}")
        if min(self.absent_s, self.disputed_s, self.open_s, self.watched_s) < 0:
            raise ValueError(f"time cannot be negative: {self}")

    def __add__(self, other: Self) -> Self:
        """What was not counted of one is not known of both."""
        sums: dict[str, Any] = {
            each.name: _sum(getattr(self, each.name), getattr(other, each.name))
            for each in fields(self)
            if each.name not in ("ratings", "leads", "entered")
        }
        ratings = tuple(map(sum, zip(self.ratings, other.ratings, strict=True)))
        leads = None if self.leads is None or other.leads is None else _merged(self.leads, other.leads)
        entered = None if self.entered is None or other.entered is None else _of_both(self.entered, other.entered)
        return type(self)(ratings=ratings, leads=leads, entered=entered, **sums)

    def early_by(self, hours: float) -> int | None:
        """Cases that ended more than so many hours before; None where only those of the formula of then are known."""
        if self.leads is None or hours != int(hours) or hours > MOST_HOURS:
            return None
        return sum(cases for lead, cases in self.leads if lead >= hours)

    def as_json(self) -> dict[str, Any]:
        """Without what was not counted."""
        kept = {name: value for name, value in asdict(self).items() if value is not None}
        leads = {} if self.leads is None else {"leads": [list(each) for each in self.leads]}
        entered = {} if self.entered is None else {"entered": [list(each) for each in self.entered]}
        return {**kept, "ratings": list(self.ratings), **leads, **entered}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        leads = {"leads": tuple((lead, cases) for lead, cases in kept["leads"])} if "leads" in kept else {}
        entered = {"entered": tuple(map(tuple, kept["entered"]))} if "entered" in kept else {}
        return cls(**{**kept, "ratings": tuple(kept["ratings"]), **leads, **entered})


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _of_both(
    one: Sequence[tuple[str, int, int]], other: Sequence[tuple[str, int, int]]
) -> tuple[tuple[str, int, int], ...]:
    """What is lacking in one of them is not known of both."""
    others = {name: (value, maximum) for name, value, maximum in other}
    return tuple(
        (name, value + others[name][0], maximum + others[name][1]) for name, value, maximum in one if name in others
    )


def _merged(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found: Counter[int] = Counter()
    for lead, cases in (*one, *other):
        found[lead] += cases
    return tuple(sorted(found.items()))
