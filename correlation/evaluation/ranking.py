"""Who comes before whom, and how far that is more than chance. Pure."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from correlation.evaluation.scoring import Score

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Place:
    rank: int
    """From 1; equal points share it."""
    best: int
    """The rank could be this by chance,"""
    worst: int
    """or that: whose intervals overlap cannot be told apart."""


def ranking(totals: Mapping[K, Score | None]) -> dict[K, Place]:
    """Who has no total has no place."""
    ranked = {key: total for key, total in totals.items() if total is not None}
    return {key: _place(total, list(ranked.values())) for key, total in ranked.items()}


def _place(mine: Score, all_of_them: list[Score]) -> Place:
    return Place(
        rank=1 + sum(other.points > mine.points for other in all_of_them),
        best=1 + sum(other.low > mine.high for other in all_of_them),
        worst=sum(other.high >= mine.low for other in all_of_them),
    )
