"""Why points are not known where a formula rests on figures that people enter: what is lacking of which unit."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula
from correlation.evaluation.indicators import EnteredIndicator
from web.evaluations import IndicatorUsed, indicators_used


@dataclass(frozen=True)
class NotEntered:
    indicator: IndicatorUsed
    has_place: bool
    """It can be entered: the formula by which the month was counted has it, too."""


@dataclass(frozen=True)
class NotEnteredOf:
    """Of all units of a month together."""

    indicator: IndicatorUsed
    has_place: bool
    units: int


def not_entered(counted: Counted, formula: Formula, of_month: Formula) -> tuple[NotEntered, ...]:
    """`formula` is what is tried, `of_month` that by which the month was counted."""
    entered = {name for name, _, maximum in counted.entered or () if maximum}
    lacking = (each for each in indicators_used(formula) if each.id in _entered(formula) - entered)
    return tuple(NotEntered(each, each.id in _entered(of_month)) for each in lacking)


def together(found: Iterable[tuple[NotEntered, ...]]) -> tuple[NotEnteredOf, ...]:
    units = Counter(each for of_unit in found for each in of_unit)
    return tuple(NotEnteredOf(each.indicator, each.has_place, number) for each, number in units.items())


def _entered(formula: Formula) -> set[str]:
    return {each.id for each in formula.indicators if isinstance(each, EnteredIndicator)}
