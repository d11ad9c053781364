"""The numbers of a formula, each by a name of its own, and the same formula with other ones."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from correlation.evaluation.formula import Formula, FormulaProblem, formula_of
from correlation.evaluation.indicators import (
    AnyIndicator,
    EnteredIndicator,
    EventsIndicator,
    Measure,
    PercentIndicator,
    ShareIndicator,
    weight_of,
)

EARLY_HOURS = "early_hours"
_SAID_APART = {"weight", "name", "name_en"}


class Number(NamedTuple):
    name: str
    """`cards` is the weight of cards, `early.full` another number of the indicator early."""
    value: float
    low: float
    high: float
    is_whole: bool = False

    @property
    def indicator(self) -> str:
        """Its id; empty: it belongs to the whole formula."""
        return "" if self.name == EARLY_HOURS else self.name.partition(".")[0]

    @property
    def field(self) -> str:
        return self.name if self.name == EARLY_HOURS else self.name.partition(".")[2] or "weight"


def numbers_of(formula: Formula) -> tuple[Number, ...]:
    """The weights first."""
    weights = [Number(name, weight, 0, 1000) for name, weight in formula.weights.items()]
    others = [number for each in formula.indicators for number in _others(each)]
    return (*weights, Number(EARLY_HOURS, formula.early_hours, 1, 1000), *others)


def _others(indicator: AnyIndicator) -> list[Number]:
    return [each._replace(name=f"{indicator.id}.{each.name}") for each in _of_kind(indicator)]


def _of_kind(indicator: AnyIndicator) -> list[Number]:
    if isinstance(indicator, ShareIndicator):
        return _of_share(indicator)
    if isinstance(indicator, EventsIndicator):
        points = [Number(each.event.value, each.points, *_within(each.event.is_bad)) for each in indicator.events]
        return [*points, *_most(indicator.most)]
    if isinstance(indicator, EnteredIndicator):
        return []
    points = [Number("points", indicator.points, *_within(indicator.of.is_bad))]
    first = [] if indicator.first is None else [Number("first", indicator.first, *_within(indicator.of.is_bad))]
    return [*points, *first, Number("step", indicator.step, 0.01, 100), *_most(indicator.most)]


def _of_share(indicator: ShareIndicator) -> list[Number]:
    if indicator.of is Measure.SATISFACTION:
        return [Number("from_level", indicator.from_level, 2, 5, is_whole=True)]
    if indicator.of.is_bad:
        return [Number("none", indicator.none, 0.01, 1)]
    is_scaled = indicator.of is Measure.EARLY or indicator.full != 1
    return [Number("full", indicator.full, 0.01, 1)] if is_scaled else []


def _within(is_bad: bool) -> tuple[float, float]:
    return (-1000, 0) if is_bad else (0, 1000)


def _most(most: float | None) -> list[Number]:
    return [] if most is None else [Number("most", most, 0.01, 1000)]


def changed(formula: Formula, numbers: Mapping[str, float]) -> Formula:
    """The same with other numbers, by their names. Raises FormulaProblem."""
    known = {number.name for number in numbers_of(formula)}
    if unknown := [name for name in numbers if name not in known]:
        raise FormulaProblem(dict.fromkeys(unknown, "is not known; take it out"))
    said = formula.model_dump()
    indicators = [_turned(each, numbers) for each in formula.indicators]
    return formula_of({**said, "indicators": indicators, EARLY_HOURS: numbers.get(EARLY_HOURS, formula.early_hours)})


def _turned(indicator: AnyIndicator, numbers: Mapping[str, float]) -> dict[str, Any]:
    own = {name.partition(".")[2]: value for name, value in numbers.items() if name.startswith(f"{indicator.id}.")}
    said = indicator.model_dump()
    if weight_of(indicator) is not None:
        said["weight"] = numbers.get(indicator.id, weight_of(indicator))
    if isinstance(indicator, EventsIndicator):
        said["events"] = [{**each, "points": own.pop(each["event"], each["points"])} for each in said["events"]]
    return {**said, **own}


def numbers_changed(before: Formula, after: Formula) -> list[tuple[str, float | None, float | None]]:
    """Name, before and after of each number that differs; None: there is none."""
    was = {number.name: number.value for number in numbers_of(before)} | _certainty(before)
    becomes = {number.name: number.value for number in numbers_of(after)} | _certainty(after)
    names = dict.fromkeys([*was, *becomes])
    return [(name, was.get(name), becomes.get(name)) for name in names if was.get(name) != becomes.get(name)]


def _certainty(formula: Formula) -> dict[str, float]:
    return {"least_known": formula.least_known, "confidence": formula.confidence}


def structure_changed(before: Formula, after: Formula) -> list[str]:
    """Ids of the indicators that are new, gone, or of which anything but a number or the name is another."""
    was, becomes = ({each.id: _bare(each) for each in formula.indicators} for formula in (before, after))
    return [name for name in dict.fromkeys([*was, *becomes]) if was.get(name) != becomes.get(name)]


def renamed(before: Formula, after: Formula) -> list[tuple[AnyIndicator, AnyIndicator]]:
    """Indicators that bear another name, in any language, before and after."""
    was = {each.id: each for each in before.indicators}
    pairs = ((was[each.id], each) for each in after.indicators if each.id in was)
    return [(old, new) for old, new in pairs if _names(old) != _names(new)]


def _names(indicator: AnyIndicator) -> tuple[str, str]:
    return indicator.name, indicator.name_en


def _bare(indicator: AnyIndicator) -> dict[str, Any]:
    named = {number.name.partition(".")[2] for number in _others(indicator)}
    said = {name: value for name, value in indicator.model_dump().items() if name not in {*named, *_SAID_APART}}
    if isinstance(indicator, EventsIndicator):
        said["events"] = [(each.event, each.every) for each in indicator.events]
    if isinstance(indicator, PercentIndicator):
        said["of"] = indicator.of
    return said
