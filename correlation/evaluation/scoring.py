"""From what was counted to points, by a formula. Pure: the same numbers and the same formula give the same points.

For every formula one more late case, one more card that counts, one more bad rating or one more second of absence that
stands never raises points. (The upper end of a total can rise with the first rating, say: one is little to go by.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import fsum

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, Indicator, Missing
from correlation.evaluation.shares import Interval, share

FULL = 100.0


class NoTotal(StrEnum):
    """Why there is none."""

    NO_CASES = "no_cases"  # whoever had no case to count is not compared with those who had
    TOO_LITTLE = "too_little"  # is known for it


@dataclass(frozen=True, slots=True)
class Score:
    """Points from 0 to 100, to a hundredth, and between which they may lie by chance."""

    points: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    indicators: Mapping[Indicator, Score | None]
    """None: nothing is known."""
    total: Score | None
    why: NoTotal | None
    """There is no total."""
    known: float
    """Share of the weight of which something is known."""


def evaluate(counted: Counted, formula: Formula) -> Evaluated:
    exact = {indicator: _measure(indicator, counted, formula) for indicator in Indicator}
    known = {indicator: found for indicator, found in exact.items() if found is not None}
    weight = fsum(formula.weights[indicator] for indicator in known)
    known_share = weight / fsum(formula.weights.values())
    why = _why_no_total(counted, formula, known_share, len(known) == len(exact))
    return Evaluated(
        indicators={indicator: None if found is None else _score(found) for indicator, found in exact.items()},
        total=None if why else _score(_weighted(known, formula, weight)),
        why=why,
        known=round(known_share, 4),
    )


def _why_no_total(counted: Counted, formula: Formula, known: float, is_all: bool) -> NoTotal | None:
    if counted.cases == 0:
        return NoTotal.NO_CASES
    refused = formula.missing is Missing.REFUSE and not is_all and known < 1
    return NoTotal.TOO_LITTLE if refused or known == 0 or known < formula.least_known else None


def _measure(indicator: Indicator, counted: Counted, formula: Formula) -> Interval | None:
    """From 0 to 100."""
    scales, confidence = formula.scales, formula.confidence
    if indicator is Indicator.ON_TIME:
        return _scaled(share(counted.cases - counted.late, counted.cases, confidence))
    if indicator is Indicator.EARLY:
        return _scaled(share(counted.early, counted.promised, confidence), scales.early_full)
    if indicator is Indicator.SATISFACTION:
        satisfied = sum(counted.ratings[scales.satisfied_from - 1 :])
        return _scaled(share(satisfied, sum(counted.ratings), confidence))
    if indicator is Indicator.CARDS:
        taken = counted.yellow * scales.yellow_points + counted.red * scales.red_points
        is_known = counted.cases or counted.yellow or counted.red
        return _counted_out(FULL - taken) if is_known else None
    if indicator is Indicator.ABSENCE:
        if not counted.watched_s:
            return None
        return _counted_out(FULL * (1 - counted.absent_s / counted.watched_s / scales.absence_zero))
    if not counted.steps or not counted.fields:
        return None
    return _counted_out(FULL * counted.filled / counted.fields * (1 - counted.steps_late / counted.steps))


def _scaled(found: Interval | None, full: float = 1.0) -> Interval | None:
    return None if found is None else Interval(*(FULL * min(1.0, value / full) for value in found))


def _counted_out(points: float) -> Interval:
    """What happened, all of it, is no sample."""
    within = min(FULL, max(0.0, points))
    return Interval(within, within, within)


def _weighted(known: Mapping[Indicator, Interval], formula: Formula, weight: float) -> Interval:
    """The ends are those of all indicators at once: wide enough, however they hang together."""
    return Interval(
        *(
            fsum(formula.weights[indicator] * found[end] for indicator, found in known.items()) / weight
            for end in range(3)
        )
    )


def _score(found: Interval) -> Score:
    return Score(*(round(min(FULL, value), 2) for value in found))
