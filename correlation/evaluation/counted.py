"""What was counted of a unit in a month: everything that a score rests on, kept as it was."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

LEVELS = 5


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
    """That the steps should have: operator, counter and item."""
    filled: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot have been counted."""
        parts = [(self.late, self.cases), (self.promised, self.cases), (self.early, self.promised)]
        parts += [(self.steps_late, self.steps), (self.filled, self.fields)]
        if any(not 0 <= part <= whole for part, whole in parts):
            raise ValueError(f"more is counted than there is: {self}")
        if len(self.ratings) != LEVELS or min(self.ratings) < 0 or min(self.yellow, self.red, self.appealed) < 0:
            raise ValueError(f"this cannot have been counted: {self}")
        if min(self.absent_s, self.disputed_s, self.open_s, self.watched_s) < 0:
            raise ValueError(f"time cannot be negative: {self}")

    def __add__(self, other: Self) -> Self:
        sums = {
            each.name: getattr(self, each.name) + getattr(other, each.name)
            for each in fields(self)
            if each.name != "ratings"
        }
        return type(self)(ratings=tuple(map(sum, zip(self.ratings, other.ratings, strict=True))), **sums)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratings": list(self.ratings)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**{**kept, "ratings": tuple(kept["ratings"])})
