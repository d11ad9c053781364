"""The evaluation of a month: who comes where, how sure that is, and what each figure rests on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, select

from correlation.evaluation.addressing import is_taken_back
from correlation.evaluation.behind import kept_kinds, levels_behind
from correlation.evaluation.formula import Formula
from storage.models import (
    EvaluatedUnit,
    Evaluation,
    EvaluationReport,
    EvaluationState,
    MarkKind,
    ReportFormat,
    UnitKind,
)
from storage.sayings import Saying
from web.auth import require
from web.corrected_units import CorrectedUnit, corrected_units
from web.errors import NotFound, Unprocessable
from web.evaluating import clerks_day, may_publish, months_wait
from web.evaluations import (
    EvaluationRef,
    IndicatorUsed,
    UnitRow,
    evaluation_ref,
    evaluations,
    formula_used,
    indicators_used,
    kinds_kept,
    sees_all,
    trends,
    unit_row,
    visible_units,
)
from web.field_problems import FieldProblem
from web.months import month_of
from web.pages.filters import DEFAULT_ZONE
from web.pages.months import NO_MONTH, read_month
from web.pages.rendering import add_page
from web.pages.tables import Cell, Table, add_table
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
Reader = Annotated[Viewer, Depends(require(Permission.EVALUATION))]
KindFilter = Annotated[UnitKind, Query()]
NumberFilter = Annotated[str, Query(max_length=9, pattern=r"^[0-9]*$")]


@dataclass(frozen=True)
class FormulaUsed:
    version: str
    effective: str
    source: str
    indicators: tuple[IndicatorUsed, ...]
    early_hours: float
    missing: str
    """spread or refuse: what becomes of the weight of what is not known."""


@dataclass(frozen=True)
class Unpublished:
    """A month that is over, and of which nothing is published."""

    clerks_day: date | None
    """From which on the clerk publishes it; None: nobody does by itself."""
    is_last_month: bool
    """So its last absences may still be disputed."""


@dataclass(frozen=True)
class EvaluationPage:
    months: tuple[str, ...]
    """Of which there is something to see, the newest first."""
    month: str
    kind: UnitKind
    shown: EvaluationRef | None
    versions: tuple[EvaluationRef, ...]
    """All of the month: what was published first and its errata stay visible."""
    formula: FormulaUsed | None
    lists: Mapping[MarkKind, tuple[int, ...]]
    """Kinds of things behind the points that are kept one by one; of ratings with the levels on which points rest."""
    keeps_less: bool
    """It was counted before all that its formula rests on was kept."""
    units: tuple[UnitRow, ...]
    """The best first; those without points last."""
    reports: tuple[ReportFormat, ...]
    """In which there is a report."""
    corrects: EvaluationRef | None
    """Of an erratum and of its draft: what was in force before."""
    corrected: tuple[CorrectedUnit, ...]
    """What that makes other of these units; those of which nothing changes are left out."""
    corrected_by: EvaluationRef | None
    """Of what is published: the newest erratum of it."""
    erratum_drafted: EvaluationRef | None
    """What has come out otherwise since the month was published, to be published as an erratum."""
    may_publish: bool
    unpublished: Unpublished | None
    """For who may publish, where the draft that is shown waits for it."""
    months_wait: bool
    """A thousand cases or more wait to be reckoned, and no month is counted meanwhile."""


@dataclass(frozen=True)
class Chosen:
    """What the address asks for."""

    months: tuple[str, ...]
    versions: tuple[Evaluation, ...]
    evaluation: Evaluation | None


def chosen(session: Session, viewer: Viewer, month: str, number: str) -> Chosen:
    """The newest month, and in it the newest that is published, where none is asked for; that, too, in the place of the
    draft of an erratum that would correct nothing any more.

    Raises NotFound, and Unprocessable for what is no month, or one that was not evaluated as far as the viewer sees.
    """
    found = evaluations(session, viewer)
    months = tuple(dict.fromkeys(each.month for each in found))
    wanted = month or next((each.month for each in found if each.state is EvaluationState.PUBLISHED), "")
    wanted = wanted or (months[0] if months else "")
    versions = tuple(each for each in found if each.month == wanted)
    of_number = tuple(each for each in versions if not number or each.number == int(number))
    if not of_number and versions and is_taken_back(session, wanted, int(number)):
        of_number = versions
    if month and read_month(month) is None:
        raise Unprocessable(fields=[FieldProblem("month", NO_MONTH)])
    if month and not versions:
        raise Unprocessable(fields=[FieldProblem("month", Saying("Nothing was evaluated for this month."))])
    if number and not of_number:
        raise NotFound
    return Chosen(months, versions, of_number[0] if of_number else None)


def evaluation_page(
    viewer: Reader,
    services: ServicesDep,
    month: Annotated[str, Query(max_length=7)] = "",
    kind: Annotated[UnitKind | None, Query()] = None,
    number: NumberFilter = "",
) -> EvaluationPage:
    """Without a kind the first of which the viewer sees a unit: of a draft a hall's supervisor sees no department."""
    with services.database.transaction() as session:
        asked = chosen(session, viewer, month, number)
        shown = asked.evaluation
        kind = kind or _first_seen(session, viewer, shown)
        replaced = session.get(Evaluation, shown.replaces_id) if shown and shown.replaces_id else None
        lists = _lists(session, shown) if shown else {}
        return EvaluationPage(
            months=asked.months,
            month=shown.month if shown else "",
            kind=kind,
            shown=evaluation_ref(shown) if shown else None,
            versions=tuple(evaluation_ref(each) for each in asked.versions),
            formula=used(formula_used(shown)) if shown else None,
            lists=lists,
            keeps_less=bool(lists) and shown is not None and set(lists) != set(kept_kinds(formula_used(shown))),
            units=unit_rows(session, viewer, shown, kind) if shown else (),
            reports=_reports(session, shown) if shown else (),
            corrects=evaluation_ref(replaced) if replaced else None,
            corrected=corrected_units(session, viewer, replaced, shown, kind) if shown and replaced else (),
            corrected_by=_corrected_by(asked),
            erratum_drafted=next((evaluation_ref(each) for each in asked.versions if each.differs), None),
            may_publish=may_publish(viewer),
            unpublished=_unpublished(session, viewer, services, asked),
            months_wait=months_wait(session, services.clock()),
        )


def _lists(session: Session, shown: Evaluation) -> dict[MarkKind, tuple[int, ...]]:
    formula, unit = formula_used(shown), _any_unit(session, shown)
    return {kind: levels_behind(formula, kind) for kind in (kinds_kept(formula, unit) if unit else ())}


def _first_seen(session: Session, viewer: Viewer, shown: Evaluation | None) -> UnitKind:
    seen = (kind for kind in UnitKind if shown and visible_units(session, viewer, shown, kind))
    return next(seen, UnitKind.DEPARTMENT)


def unit_rows(session: Session, viewer: Viewer, shown: Evaluation, kind: UnitKind) -> tuple[UnitRow, ...]:
    show_rank = shown.state is EvaluationState.PUBLISHED or sees_all(viewer)
    units = visible_units(session, viewer, shown, kind)
    month = read_month(shown.month)
    assert month is not None
    before = trends(session, kind, month)
    return tuple(unit_row(unit, own, show_rank, before.get(unit.key, ())) for unit, own in units)


def _unpublished(session: Session, viewer: Viewer, services: Services, asked: Chosen) -> Unpublished | None:
    shown, now = asked.evaluation, services.clock()
    if shown is None or not may_publish(viewer) or now < shown.end or _any_unit(session, shown) is None:
        return None  # a month of which nothing was counted is not published
    if any(each.state is EvaluationState.PUBLISHED for each in asked.versions):
        return None
    month, today = read_month(shown.month), now.astimezone(ZoneInfo(shown.zone)).date()
    assert month is not None
    day = clerks_day(month, today, services.settings.evaluation.publish_day)
    return Unpublished(day, is_last_month=month == month_of(today).plus(-1))


def _corrected_by(asked: Chosen) -> EvaluationRef | None:
    published = [each for each in asked.versions if each.state is EvaluationState.PUBLISHED]  # the newest first
    is_older = asked.evaluation in published[1:]
    return evaluation_ref(published[0]) if is_older else None


def _any_unit(session: Session, shown: Evaluation) -> EvaluatedUnit | None:
    return session.exec(select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == shown.id).limit(1)).first()


def _reports(session: Session, shown: Evaluation) -> tuple[ReportFormat, ...]:
    found = set(session.exec(select(EvaluationReport.format).where(EvaluationReport.evaluation_id == shown.id)))
    return tuple(each for each in ReportFormat if each in found)


def used(formula: Formula) -> FormulaUsed:
    return FormulaUsed(
        formula.version,
        formula.effective.isoformat(),
        formula.source,
        indicators_used(formula),
        formula.early_hours,
        formula.missing.value,
    )


add_page(router, "/evaluation", "evaluation.html", evaluation_page)


def evaluation_table(page: Annotated[EvaluationPage, Depends(evaluation_page)]) -> Table:
    zone = page.shown.zone if page.shown else DEFAULT_ZONE
    name = f"evaluation-{page.month or 'none'}-{page.kind}"
    return Table(name, zone, columns(page), (list(cells(page, unit)) for unit in page.units))


_COUNTED = (
    *("cases", "late", "promised", "early", "yellow", "red", "appealed"),
    *("absent_s", "disputed_s", "open_s", "watched_s", "steps", "steps_late", "fields", "filled"),
    *("reminders", "legal_days", "promised_days", "with_both_limits"),
)
_AS_BEFORE = {"early"}
"""Two columns have always borne this name: first the points, then the cases."""


def columns(page: EvaluationPage) -> tuple[str, ...]:
    return (
        *("month", "number", "state", "kind", "id", "name", "name_en", "rank", "best_rank", "worst_rank"),
        *("points", "low", "high", "why", "known", *_indicators(page)),
        *_COUNTED,
        *(f"level_{level}" for level in range(1, 6)),
        "erratum",
    )


def _indicators(page: EvaluationPage) -> Iterator[str]:
    """An indicator may bear the name of another column: `points_` stands before it then."""
    taken = {"points", "low", "high", "known", "month", "kind", "state", "rank", "why", "erratum", *_COUNTED}
    for each in page.formula.indicators if page.formula else ():
        yield f"points_{each.id}" if each.id in taken - _AS_BEFORE else each.id


def cells(page: EvaluationPage, unit: UnitRow) -> Iterator[Cell]:
    """By `columns`; figures of a unit out of scope are empty."""
    assert page.shown is not None
    yield from (page.month, page.shown.number, page.shown.state, unit.kind, unit.id, unit.name, unit.name_en)
    rank, total, counted = unit.rank, unit.total, unit.counted
    yield from (rank.rank, rank.best, rank.worst) if rank else (None, None, None)
    yield from _rounded((total.points, total.low, total.high) if total else (None, None, None))
    yield from (unit.why or "", round(unit.known, 4))
    indicators = [unit.indicators.get(each.id) for each in page.formula.indicators] if page.formula else []
    yield from _rounded(score.points if score else None for score in indicators)
    yield from (getattr(counted, name) if counted else None for name in _COUNTED)
    yield from counted.ratings if counted else (None,) * 5
    yield page.shown.erratum


def _rounded(values: Iterable[float | None]) -> Iterator[float | None]:
    return (None if value is None else round(value, 2) for value in values)


add_table(router, "/evaluation", evaluation_table)
