"""From what was counted to points, by a formula. Pure: the same numbers and the same formula give the same points.

For every formula one more late case, one more card that counts, one more bad rating or one more second of absence that
stands never raises points. (The upper end of a total can rise with the first rating, say: one is little to go by.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import fsum

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, Missing
from correlation.evaluation.indicators import weight_of
from correlation.evaluation.measuring import FULL, Inputs, points_of
from correlation.evaluation.shares import Interval


class NoTotal(StrEnum):
    """Why there is none."""

    NO_CASES = "no_cases"  # whoever had no case to count is not compared with those who had
    TOO_LITTLE = "too_little"  # is known for it


@dataclass(frozen=True, slots=True)
class Score:
    """Points to a hundredth, and between which they may lie by chance: from 0 to 100, or what is added to the mean."""

    points: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    indicators: Mapping[str, Score | None]
    """By id. None: nothing is known."""
    total: Score | None
    why: NoTotal | None
    """There is no total."""
    known: float
    """Share of the weight of which something is known."""


def evaluate(counted: Counted, formula: Formula, months: int = 1) -> Evaluated:
    """`months`: over which was counted; what is counted one by one costs its points by the month."""
    inputs = Inputs(counted, formula.early_hours, formula.confidence, months)
    exact = {each.id: points_of(each, inputs) for each in formula.indicators}
    known = {name: found for name, found in exact.items() if found is not None}
    weight = fsum(of_one for name, of_one in formula.weights.items() if name in known)
    known_share = weight / fsum(formula.weights.values())
    why = _why_no_total(counted, formula, known_share, _lacks_any(formula, known))
    return Evaluated(
        indicators={name: None if found is None else _rounded(found) for name, found in exact.items()},
        total=None if why else _total(known, formula, weight),
        why=why,
        known=round(known_share, 4),
    )


def _lacks_any(formula: Formula, known: Mapping[str, Interval]) -> bool:
    """Of what has a weight above 0, or is added."""
    return any(each.id not in known and weight_of(each) != 0 for each in formula.indicators)


def _why_no_total(counted: Counted, formula: Formula, known: float, lacks_any: bool) -> NoTotal | None:
    if counted.cases == 0:
        return NoTotal.NO_CASES
    refused = formula.missing is Missing.REFUSE and lacks_any
    return NoTotal.TOO_LITTLE if refused or known == 0 or known < formula.least_known else None


def _total(known: Mapping[str, Interval], formula: Formula, weight: float) -> Score:
    """The ends are those of all indicators at once: wide enough, however they hang together."""
    weights = formula.weights
    ends = (
        fsum(weights[name] * found[end] for name, found in known.items() if name in weights) / weight
        + fsum(found[end] for name, found in known.items() if name not in weights)
        for end in range(3)
    )
    return Score(*(round(min(FULL, max(0.0, value)), 2) for value in ends))


def _rounded(found: Interval) -> Score:
    return Score(*(round(min(FULL, value), 2) for value in found))
