"""Evaluation over a quarter, half a year or a year: from all that was counted in its published months."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, col, select

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula
from correlation.evaluation.ranking import Place, ranking
from correlation.evaluation.scoring import NoTotal, Score, evaluate
from storage.models import EvaluatedUnit, Evaluation, EvaluationState, UnitKind
from storage.sayings import Saying
from web.errors import Unprocessable
from web.evaluations import IndicatorUsed, formula_used, indicators_used, is_own
from web.field_problems import FieldProblem
from web.long_periods import periods_around, read_period
from web.pages.evaluation import Reader
from web.pages.filters import DEFAULT_ZONE
from web.pages.rendering import add_page
from web.pages.tables import Cell, Table, add_table
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
NO_PERIOD = Saying("There is no such period. Write it like 2026-Q2, 2026-H1 or 2026.")


@dataclass(frozen=True)
class PeriodUnit:
    kind: UnitKind
    id: str
    name: str
    name_en: str
    total: Score | None
    why: NoTotal | None
    known: float
    indicators: dict[str, Score | None]
    rank: Place | None
    months: tuple[str, ...]
    """In which the unit has anything."""
    counted: Counted | None
    """What the points rest on; None for a unit out of scope."""


@dataclass(frozen=True)
class PeriodPage:
    periods: tuple[str, ...]
    """That have a published month, the longest last."""
    period: str
    """Empty: no month is published."""
    kind: UnitKind
    months: tuple[str, ...]
    """That are published, and make it up."""
    lacking: tuple[str, ...]
    """Months of it that are not published, so that nothing of them is in it."""
    version: str
    """Of the formula: that of the newest month."""
    indicators: tuple[IndicatorUsed, ...]
    units: tuple[PeriodUnit, ...]
    """The best first; those without points last."""


def period_page(
    viewer: Reader,
    services: ServicesDep,
    period: Annotated[str, Query(max_length=7)] = "",
    kind: Annotated[UnitKind, Query()] = UnitKind.DEPARTMENT,
) -> PeriodPage:
    """The newest quarter where none is asked for. Raises Unprocessable for what is no period."""
    if period and read_period(period) is None:
        raise Unprocessable(fields=[FieldProblem("period", NO_PERIOD)])
    with services.database.transaction() as session:
        published = published_months(session)
        periods = periods_around(published)
        chosen = read_period(period) if period else next(iter(periods), None)
        names = tuple(map(str, periods))
        if chosen is None:
            return PeriodPage(names, "", kind, (), (), "", (), ())
        of_period = [published[month] for month in chosen.months if month in published]
        formula = formula_used(of_period[-1]) if of_period else None
        return PeriodPage(
            periods=names,
            period=str(chosen),
            kind=kind,
            months=tuple(each.month for each in of_period),
            lacking=tuple(month for month in chosen.months if month not in published),
            version=formula.version if formula else "",
            indicators=indicators_used(formula) if formula else (),
            units=units_of_period(session, viewer, of_period, kind, formula) if formula else (),
        )


def published_months(session: Session) -> dict[str, Evaluation]:
    """By month, of each the newest word."""
    found = select(Evaluation).where(Evaluation.state == EvaluationState.PUBLISHED)
    return {each.month: each for each in session.exec(found.order_by(col(Evaluation.month), col(Evaluation.number)))}


def units_of_period(
    session: Session, viewer: Viewer, months: Sequence[Evaluation], kind: UnitKind, formula: Formula
) -> tuple[PeriodUnit, ...]:
    by_key: dict[str, list[EvaluatedUnit]] = {}
    for each in months:
        of_month = select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == each.id, EvaluatedUnit.kind == kind)
        for unit in session.exec(of_month):
            by_key.setdefault(unit.key, []).append(unit)
    names = {each.id: each.month for each in months}
    rows = [_unit(viewer, parts, [names[part.evaluation_id] for part in parts], formula) for parts in by_key.values()]
    ranks = ranking({row.id: row.total for row in rows})
    ranked = (replace(row, rank=ranks.get(row.id)) for row in rows)
    return tuple(sorted(ranked, key=lambda row: (row.total is None, -(row.total.points if row.total else 0.0), row.id)))


def _unit(viewer: Viewer, parts: Sequence[EvaluatedUnit], months: Sequence[str], formula: Formula) -> PeriodUnit:
    """All that was counted added up; its name is that of the newest month."""
    counted, newest = reduce(add, (Counted.from_json(part.counted) for part in parts)), parts[-1]
    found = evaluate(counted, formula, months=len(parts))
    return PeriodUnit(
        newest.kind,
        newest.key,
        newest.name,
        newest.name_en,
        found.total,
        found.why,
        found.known,
        dict(found.indicators),
        None,
        tuple(months),
        counted if is_own(viewer, newest) else None,
    )


_COUNTED = ("cases", "late", "promised", "early", "yellow", "red", "reminders")


def period_table(page: Annotated[PeriodPage, Depends(period_page)]) -> Table:
    """Figures of a unit out of scope are empty."""
    first = ("period", "kind", "id", "name", "name_en", "months", "rank", "best_rank", "worst_rank")
    points = ("points", "low", "high", "why", "known", *(f"points_{each.id}" for each in page.indicators))
    rows = (list(_cells(page, unit)) for unit in page.units)
    return Table(f"evaluation-{page.period or 'none'}-{page.kind}", DEFAULT_ZONE, (*first, *points, *_COUNTED), rows)


def _cells(page: PeriodPage, unit: PeriodUnit) -> Iterator[Cell]:
    yield from (page.period, unit.kind, unit.id, unit.name, unit.name_en, " ".join(unit.months))
    rank, total = unit.rank, unit.total
    yield from (rank.rank, rank.best, rank.worst) if rank else (None, None, None)
    yield from (total.points, total.low, total.high) if total else (None, None, None)
    yield from (unit.why or "", unit.known)
    scores = (unit.indicators.get(each.id) for each in page.indicators)
    yield from (score.points if score else None for score in scores)
    yield from (getattr(unit.counted, name) if unit.counted else None for name in _COUNTED)


add_page(router, "/evaluation/periods", "evaluation_periods.html", period_page)
add_table(router, "/evaluation/periods", period_table)
