"""What other weights would have made of a month: worked out from what was counted, and kept nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import Session, col, select

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, FormulaProblem
from correlation.evaluation.ranking import Place, ranking
from correlation.evaluation.scoring import Score, evaluate
from correlation.evaluation.turning import EARLY_HOURS, Number, changed, numbers_of
from storage.models import EvaluatedUnit, Evaluation, UnitKind
from storage.sayings import Saying
from web.auth import require
from web.evaluations import EvaluationRef, IndicatorUsed, evaluation_ref, formula_used, indicators_used, visible_units
from web.pages.evaluation import KindFilter, NumberFilter, chosen
from web.pages.filters import DEFAULT_ZONE
from web.pages.not_entered import NotEntered, NotEnteredOf, not_entered, together
from web.pages.rendering import add_page
from web.pages.tables import Cell, Table, add_table
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
Simulator = Annotated[Viewer, Depends(require(Permission.SIMULATE))]
WEIGHT = "weight"
NO_WEIGHT = Saying("Give at least one indicator a weight above 0.")


@dataclass(frozen=True)
class Knob:
    """A number of the formula that can be turned."""

    name: str
    indicator: IndicatorUsed | None
    """None: it belongs to the whole formula."""
    field: str
    """weight, full, yellow, ...: what it is."""
    value: str
    """As it was given, else as it is."""
    was: float
    low: float
    high: float
    problem: str


@dataclass(frozen=True)
class SimulatedUnit:
    kind: UnitKind
    id: str
    name: str
    name_en: str
    before: Score | None
    rank_before: Place | None
    after: Score | None
    rank_after: Place | None
    not_entered: tuple[NotEntered, ...]
    """Figures of the formula that nobody had entered when the month was counted; of the viewer's own alone."""


@dataclass(frozen=True)
class SimulationPage:
    months: tuple[str, ...]
    month: str
    kind: UnitKind
    shown: EvaluationRef | None
    version: str
    """Of the formula that is changed."""
    weights: tuple[Knob, ...]
    scales: tuple[Knob, ...]
    units: tuple[SimulatedUnit, ...]
    """Ranked anew among those that the viewer sees; empty while a number is wrong."""
    not_entered: tuple[NotEnteredOf, ...]

    @property
    def is_wrong(self) -> bool:
        return any(knob.problem for knob in (*self.weights, *self.scales))


def simulation_page(
    request: Request,
    viewer: Simulator,
    services: ServicesDep,
    month: Annotated[str, Query(max_length=7)] = "",
    kind: KindFilter = UnitKind.DEPARTMENT,
    number: NumberFilter = "",
) -> SimulationPage:
    """The numbers come by the names of the formula: `on_time=40&yellow_points=3`."""
    with services.database.transaction() as session:
        asked = chosen(session, viewer, month, number)
        shown = asked.evaluation
        if shown is None:
            return SimulationPage(asked.months, "", kind, None, "", (), (), (), ())
        formula = formula_used(shown)
        knobs, other = tried(formula, given_numbers(request.query_params, formula))
        if other and other.early_hours != formula.early_hours and not keeps_leads(session, [shown]):
            knobs, other = [_not_kept(knob) for knob in knobs], None
        units = simulated(session, viewer, shown, kind, other) if other else ()
        return SimulationPage(
            months=asked.months,
            month=shown.month,
            kind=kind,
            shown=evaluation_ref(shown),
            version=formula.version,
            weights=tuple(knob for knob in knobs if knob.field == WEIGHT),
            scales=tuple(knob for knob in knobs if knob.field != WEIGHT),
            units=units,
            not_entered=together(unit.not_entered for unit in units),
        )


def given_numbers(said: Mapping[str, object], formula: Formula) -> dict[str, str]:
    """Of an address or a form, by the names of the formula."""
    return {each.name: str(said[each.name]).strip() for each in numbers_of(formula) if said.get(each.name)}


def keeps_leads(session: Session, shown: Sequence[Evaluation]) -> bool:
    """How early each case ended was kept when these months were counted."""
    of_months = select(EvaluatedUnit).where(col(EvaluatedUnit.evaluation_id).in_([each.id for each in shown]))
    return all(Counted.from_json(unit.counted).leads is not None for unit in session.exec(of_months))


def _not_kept(knob: Knob) -> Knob:
    if knob.name != EARLY_HOURS:
        return knob
    said = Saying(
        "How early each case ended was not kept when this month was counted. Leave it at %(hours)s.",
        hours=f"{knob.was:g}",
    )
    return replace(knob, problem=said)


def tried(formula: Formula, given: Mapping[str, str]) -> tuple[list[Knob], Formula | None]:
    """The numbers with what is wrong, and the formula that they make; None while something is."""
    knobs = knobs_of(formula, given)
    if any(knob.problem for knob in knobs):
        return knobs, None
    try:
        return knobs, changed(formula, {knob.name: float(knob.value) for knob in knobs})
    except FormulaProblem:
        return [replace(knobs[0], problem=NO_WEIGHT), *knobs[1:]], None


def knobs_of(formula: Formula, given: Mapping[str, str]) -> list[Knob]:
    indicators = {each.id: each for each in indicators_used(formula)}
    return [_knob(each, indicators.get(each.indicator), given.get(each.name)) for each in numbers_of(formula)]


def _knob(number: Number, indicator: IndicatorUsed | None, given: str | None) -> Knob:
    value = number.value if given is None else _number(given)
    is_whole = number.is_whole or number.name == EARLY_HOURS
    fits = value is not None and number.low <= value <= number.high and (not is_whole or value == int(value))
    problem = "" if fits or given is None else _wrong(is_whole, f"{number.low:g}", f"{number.high:g}")
    shown = given if given is not None else f"{number.value:.12g}"
    return Knob(number.name, indicator, number.field, shown, number.value, number.low, number.high, problem)


def _wrong(is_whole: bool, low: str, high: str) -> Saying:
    if is_whole:
        return Saying("This has to be a whole number between %(low)s and %(high)s.", low=low, high=high)
    return Saying("This has to be a number between %(low)s and %(high)s.", low=low, high=high)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def simulated(
    session: Session, viewer: Viewer, shown: Evaluation, kind: UnitKind, formula: Formula
) -> tuple[SimulatedUnit, ...]:
    found, of_month = visible_units(session, viewer, shown, kind), formula_used(shown)
    units = [unit for unit, _ in found]
    own = {unit.key for unit, is_own in found if is_own}
    before = {unit.key: _before(unit) for unit in units}
    counted = {unit.key: Counted.from_json(unit.counted) for unit in units}
    after = {key: evaluate(each, formula).total for key, each in counted.items()}
    was, becomes = ranking(before), ranking(after)
    rows = [
        SimulatedUnit(
            unit.kind,
            unit.key,
            unit.name,
            unit.name_en,
            before[unit.key],
            was.get(unit.key),
            after[unit.key],
            becomes.get(unit.key),
            not_entered(counted[unit.key], formula, of_month) if unit.key in own else (),
        )
        for unit in units
    ]
    return tuple(sorted(rows, key=lambda row: (row.after is None, -(row.after.points if row.after else 0.0), row.id)))


def _before(unit: EvaluatedUnit) -> Score | None:
    if unit.points is None or unit.low is None or unit.high is None:
        return None
    return Score(unit.points, unit.low, unit.high)


COMPARED = (
    *("month", "kind", "id", "name", "rank_before", "rank_after", "points_before", "points_after"),
    "not_entered",
)
"""Columns of `compared`."""


def compared(month: str, unit: SimulatedUnit) -> list[Cell]:
    before, after = (round(score.points, 2) if score else None for score in (unit.before, unit.after))
    lacking = " ".join(each.indicator.id for each in unit.not_entered)
    ranks = rank_of(unit.rank_before), rank_of(unit.rank_after)
    return [month, unit.kind, unit.id, unit.name, *ranks, before, after, lacking]


def rank_of(place: Place | None) -> int | None:
    return place.rank if place else None


def simulation_table(page: Annotated[SimulationPage, Depends(simulation_page)]) -> Table:
    return Table("simulation", DEFAULT_ZONE, COMPARED, (compared(page.month, unit) for unit in page.units))


add_page(router, "/evaluation/simulation", "simulation.html", simulation_page)
add_table(router, "/evaluation/simulation", simulation_table)
