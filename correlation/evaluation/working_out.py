"""Works a month out: counts, gives points, ranks. Reads and writes nothing down."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from correlation.deadlines.rules import Rules
from correlation.evaluation.behind import kept_by
from correlation.evaluation.counted import Counted
from correlation.evaluation.entered import entered_figures
from correlation.evaluation.formula import Formula
from correlation.evaluation.going_on import GoOn, nothing_else
from correlation.evaluation.places import Unit, departments_of_counters, directory
from correlation.evaluation.ranking import Place as Rank
from correlation.evaluation.ranking import ranking
from correlation.evaluation.reading import count_absences, count_cards, count_ratings, count_watched
from correlation.evaluation.reading_cases import count_cases
from correlation.evaluation.reading_steps import count_steps, mark_steps
from correlation.evaluation.scoring import Evaluated, Score, evaluate
from correlation.evaluation.tally import Mark, Tally, by_unit
from storage.intervals import Span
from storage.models import UnitKind


@dataclass(frozen=True)
class Period:
    month: str
    """2026-05"""
    first: date
    last: date
    zone: str
    span: Span


@dataclass(frozen=True)
class WorkedUnit:
    unit: Unit
    name: tuple[str, str]
    """Chinese and English."""
    department: str
    district: str
    hall: str
    counted: Counted
    evaluated: Evaluated
    rank: Rank | None


@dataclass(frozen=True)
class WorkedOut:
    period: Period
    formula: Formula
    counted_at: datetime
    units: tuple[WorkedUnit, ...]
    marks: tuple[Mark, ...]
    district_of: Mapping[str, str]
    """By hall."""


def work_out(
    session: Session,
    period: Period,
    formula: Formula,
    rules: Rules,
    at: datetime,
    go_on: GoOn = nothing_else,
) -> WorkedOut:
    """By what is known now, as it stood at `at`. Asks `go_on` every few hundred cases: it raises what ends this."""
    site, zone, month = directory(session), ZoneInfo(period.zone), period.span
    owners = departments_of_counters(session, month)
    tally = Tally(kept_by(formula))
    count_cases(session, month, rules, timedelta(hours=formula.early_hours), at, tally, go_on)
    count_cards(session, month, at, tally, go_on)
    count_ratings(session, month, site, tally, go_on)
    count_absences(session, month, at, site, owners, tally, go_on)
    go_on()
    count_watched(session, month, at, site, owners, tally)
    go_on()
    count_steps(session, period.first, period.last, zone, tally)
    mark_steps(session, period.first, period.last, zone, tally, go_on)
    go_on()
    entered = entered_figures(session, period.month, at)
    by_units = by_unit(tally.by_place(), site)
    counted = {unit: replace(each, entered=entered.get(unit, ())) for unit, each in by_units.items()}
    evaluated = {unit: evaluate(each, formula) for unit, each in counted.items()}
    ranks = ranks_of({unit: each.total for unit, each in evaluated.items()})
    units = (
        WorkedUnit(unit, site.name(unit), *site.place(unit), counted[unit], evaluated[unit], ranks.get(unit))
        for unit in counted
    )
    marks = sorted(tally.marks, key=lambda mark: (mark.kind, mark.at, mark.subject_id))
    return WorkedOut(period, formula, at, tuple(units), tuple(marks), site.district_of)


def ranks_of(totals: Mapping[Unit, Score | None]) -> dict[Unit, Rank]:
    """Each among its kind."""
    kinds: defaultdict[UnitKind, dict[Unit, Score | None]] = defaultdict(dict)
    for unit, total in totals.items():
        kinds[unit.kind][unit] = total
    return {unit: rank for of_kind in kinds.values() for unit, rank in ranking(of_kind).items()}


def best_first(units: Sequence[WorkedUnit]) -> list[WorkedUnit]:
    """Who has no points comes last."""

    def key(one: WorkedUnit) -> tuple[float, str]:
        total = one.evaluated.total
        return (-total.points if total else 1.0, one.unit.key)

    return sorted(units, key=key)
