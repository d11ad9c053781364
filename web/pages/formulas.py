"""The versions of the formula, drafts of a next one, and what each would have made of past months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session, col, select

from correlation.evaluation import keeping
from correlation.evaluation.formula import Formula, Missing, formula_of, in_force
from correlation.evaluation.turning import numbers_changed, renamed, structure_changed
from correlation.proposals import Act
from storage.models import Evaluation, EvaluationFormula, EvaluationState, FormulaChange, ProposalState, UnitKind
from web.api import formulas as api
from web.api.formulas import Drafter
from web.auth import CSRF_FIELD
from web.errors import Conflict, Unprocessable
from web.evaluating import site_zone
from web.evaluations import IndicatorUsed, indicators_used
from web.formula_changes import FormulaDraft, check_sees_all, found_change, published_until
from web.pages.admin.forms import SentForm, text
from web.pages.catalogue.rows import problems_of
from web.pages.evaluation import KindFilter
from web.pages.filters import read_day
from web.pages.months import local_day
from web.pages.not_entered import NotEnteredOf, together
from web.pages.proposal_decisions import DONE, decision_of
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.simulation import (
    COMPARED,
    WEIGHT,
    Knob,
    SimulatedUnit,
    Simulator,
    compared,
    given_numbers,
    keeps_leads,
    rank_of,
    simulated,
    tried,
)
from web.pages.tables import Cell, Table, add_table
from web.pages.typed import Typed, status_of
from web.permissions import Permission
from web.proposing import Decider, acts_of, names_of
from web.row_ids import RowId
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
MONTHS_BACK = 6


@dataclass(frozen=True)
class FormulaChangeRef:
    id: int
    version: str
    effective: date
    state: ProposalState
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    answer: str


@dataclass(frozen=True)
class FormulaRow:
    version: str
    effective: date
    source: str
    indicators: tuple[IndicatorUsed, ...]
    added_by: str
    """Empty: it came along."""
    in_force: bool
    """Today."""


@dataclass(frozen=True)
class FormulasPage:
    now: datetime
    zone: str
    formulas: tuple[FormulaRow, ...]
    """The newest first."""
    changes: tuple[FormulaChangeRef, ...]
    """Drafts and what became of them, the newest first."""
    may_draft: bool


@dataclass(frozen=True)
class NumberChanged:
    name: str
    """`cards` is the weight of cards, `cards.yellow` another number of it."""
    indicator: IndicatorUsed | None
    field: str
    before: float | None
    """None: there was none."""
    after: float | None


@dataclass(frozen=True)
class Renamed:
    """An indicator that bears another name."""

    before: IndicatorUsed
    after: IndicatorUsed


@dataclass(frozen=True)
class SimulatedMonth:
    month: str
    number: int
    units: tuple[SimulatedUnit, ...]
    ranks_moved: int
    largest: float | None
    """The largest change of points, whichever way; None: no unit has points both times."""
    not_entered: tuple[NotEnteredOf, ...]
    """Figures that the draft asks for and that nobody had entered when the month was counted."""


@dataclass(frozen=True)
class FormulaChangePage:
    now: datetime
    zone: str
    change: FormulaChangeRef
    source: str
    base: str
    """Version of the formula that it changes."""
    numbers: tuple[NumberChanged, ...]
    other_indicators: tuple[IndicatorUsed, ...]
    """Those that are new, gone, or of which anything but a number or the name is another."""
    renamed: tuple[Renamed, ...]
    missing: Missing | None
    """What becomes of the weight of an indicator of which nothing is known, where that is changed."""
    counts_otherwise: bool
    """What is early is another thing then, and how early each case ended was not kept of every month that is shown:
    such a month is shown by what was counted as early before."""
    kind: UnitKind
    months: tuple[SimulatedMonth, ...]
    """What it would have made of the newest published months."""
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class FormulaDraftPage:
    base: str
    version: str
    effective: str
    source: str
    reason: str
    weights: tuple[Knob, ...]
    scales: tuple[Knob, ...]
    problems: Mapping[str, str]


def formulas_page(viewer: Simulator, services: ServicesDep) -> FormulasPage:
    now = services.clock()
    with services.database.transaction() as session:
        zone = site_zone(session)
        changes = session.exec(select(FormulaChange).order_by(col(FormulaChange.id).desc())).all()
        names = names_of(session, changes)
        return FormulasPage(
            now=now,
            zone=zone,
            formulas=_rows(session, local_day(now, zone)),
            changes=tuple(_ref(change, names) for change in changes),
            may_draft=viewer.may(Permission.PROPOSE) and viewer.halls is None,
        )


def _rows(session: Session, today: date) -> tuple[FormulaRow, ...]:
    formulas = keeping.formulas(session)
    added = {each.version: each.added_by for each in session.exec(select(EvaluationFormula))}
    now = in_force(formulas, today)
    rows = [
        FormulaRow(
            formula.version,
            formula.effective,
            formula.source,
            indicators_used(formula),
            added.get(formula.version, ""),
            in_force=formula == now,
        )
        for formula in formulas
    ]
    return tuple(sorted(rows, key=lambda row: row.effective, reverse=True))


def _ref(change: FormulaChange, names: Mapping[int | None, str]) -> FormulaChangeRef:
    return FormulaChangeRef(
        id=change.id or 0,
        version=change.version,
        effective=change.effective,
        state=change.state,
        reason=change.reason,
        proposed_by=names.get(change.proposed_by, ""),
        proposed_at=change.proposed_at,
        decided_by=names.get(change.decided_by, ""),
        decided_at=change.decided_at,
        answer=change.answer,
    )


def change_page(
    viewer: Simulator, services: ServicesDep, change_id: RowId, kind: KindFilter = UnitKind.DEPARTMENT
) -> FormulaChangePage:
    return _change(viewer, services, change_id, kind)


def _change(viewer: Viewer, services: Services, change_id: int, kind: UnitKind) -> FormulaChangePage:
    with services.database.transaction() as session:
        change = found_change(session, change_id)
        after = formula_of(change.content)
        others = [each for each in keeping.formulas(session) if each.version != change.version]
        before, published = in_force(others, change.effective), _published(session)
        return FormulaChangePage(
            now=services.clock(),
            zone=site_zone(session),
            change=_ref(change, names_of(session, [change])),
            source=after.source,
            base=before.version if before else "",
            numbers=_numbers(before, after) if before else (),
            missing=after.missing if before and before.missing is not after.missing else None,
            other_indicators=_other_indicators(before, after) if before else (),
            renamed=_renamed(before, after) if before else (),
            counts_otherwise=before is not None and _counts_otherwise(session, before, after, published),
            kind=kind,
            months=tuple(_month(session, viewer, each, kind, after) for each in published),
            acts=acts_of(change, viewer) if viewer.halls is None else (),
        )


def _numbers(before: Formula, after: Formula) -> tuple[NumberChanged, ...]:
    """Those that are changed, by file, too."""
    indicators = {each.id: each for formula in (before, after) for each in indicators_used(formula)}
    found = ((name.partition("."), name, was, becomes) for name, was, becomes in numbers_changed(before, after))
    return tuple(
        NumberChanged(name, indicators.get(own), field or (WEIGHT if own in indicators else name), was, becomes)
        for (own, _, field), name, was, becomes in found
    )


def _other_indicators(before: Formula, after: Formula) -> tuple[IndicatorUsed, ...]:
    indicators = {each.id: each for formula in (before, after) for each in indicators_used(formula)}
    return tuple(indicators[name] for name in structure_changed(before, after))


def _renamed(before: Formula, after: Formula) -> tuple[Renamed, ...]:
    was, becomes = ({each.id: each for each in indicators_used(formula)} for formula in (before, after))
    return tuple(Renamed(was[each.id], becomes[each.id]) for each, _ in renamed(before, after))


def _counts_otherwise(session: Session, before: Formula, after: Formula, shown: Sequence[Evaluation]) -> bool:
    if before.early_hours == after.early_hours:
        return False
    return after.early_hours != int(after.early_hours) or not keeps_leads(session, shown)


def _published(session: Session) -> list[Evaluation]:
    """The newest months, of each the newest word."""
    published = select(Evaluation).where(Evaluation.state == EvaluationState.PUBLISHED)
    newest_first = published.order_by(col(Evaluation.month).desc(), col(Evaluation.number).desc())
    found: dict[str, Evaluation] = {}
    for evaluation in session.exec(newest_first):
        found.setdefault(evaluation.month, evaluation)
        if len(found) > MONTHS_BACK:
            break
    return list(found.values())[:MONTHS_BACK]


def _month(session: Session, viewer: Viewer, shown: Evaluation, kind: UnitKind, formula: Formula) -> SimulatedMonth:
    units = simulated(session, viewer, shown, kind, formula)
    changes = [abs(unit.after.points - unit.before.points) for unit in units if unit.after and unit.before]
    moved = sum(1 for unit in units if rank_of(unit.rank_before) != rank_of(unit.rank_after))
    lacking = together(unit.not_entered for unit in units)
    return SimulatedMonth(shown.month, shown.number, units, moved, max(changes, default=None), lacking)


def draft_page(request: Request, viewer: Drafter, services: ServicesDep) -> FormulaDraftPage:
    """The numbers may come by the names of the formula, as from a simulation."""
    return _draft(viewer, services, request.query_params, {})


def _draft(
    viewer: Viewer, services: Services, said: Mapping[str, Any], problems: Mapping[str, str]
) -> FormulaDraftPage:
    check_sees_all(viewer)
    with services.database.transaction() as session:
        today = local_day(services.clock(), site_zone(session))
        effective = read_day(str(said.get("effective") or "")) or _first_free(session, today)
        base = in_force(keeping.formulas(session), effective) or keeping.formulas(session)[0]
    knobs, _ = tried(base, given_numbers(said, base))
    return FormulaDraftPage(
        base=base.version,
        version=str(said.get("version") or ""),
        effective=str(said.get("effective") or effective),
        source=str(said.get("source") or base.source),
        reason=str(said.get("reason") or ""),
        weights=tuple(knob for knob in knobs if knob.field == WEIGHT),
        scales=tuple(knob for knob in knobs if knob.field != WEIGHT),
        problems=problems,
    )


def _first_free(session: Session, today: date) -> date:
    """The first day of a month after all that is published, and not before the next."""
    until = max(filter(None, (published_until(session), today)))
    return (until.replace(day=1) + timedelta(days=32)).replace(day=1)


def simulated_table(page: Annotated[FormulaChangePage, Depends(change_page)]) -> Table:
    """Every month and unit that the page shows."""
    rows = (compared(month.month, unit) for month in page.months for unit in month.units)
    return Table(f"formula-{page.change.version}", page.zone, COMPARED, rows)


def formulas_table(page: Annotated[FormulasPage, Depends(formulas_page)]) -> Table:
    """The indicators of each version; drafts are in the JSON."""
    columns = ("version", "effective", "indicator", "name", "name_en", "kind", "percent")
    rows = (_cells(row, each) for row in page.formulas for each in row.indicators)
    return Table("formulas", page.zone, (*columns, "added_by", "in_force", "source"), rows)


def _cells(row: FormulaRow, each: IndicatorUsed) -> list[Cell]:
    indicator = (each.id, each.name, each.name_en, each.kind, each.percent)
    return [row.version, row.effective, *indicator, row.added_by, row.in_force, row.source]


add_table(router, "/evaluation/formulas", formulas_table)
add_page(router, "/evaluation/formulas", "formulas.html", formulas_page)
add_page(router, "/evaluation/formulas/draft", "formula_draft.html", draft_page)
add_table(router, "/evaluation/formulas/{change_id}", simulated_table)  # first, lest 1.csv is taken for an id
add_page(router, "/evaluation/formulas/{change_id}", "formula_change.html", change_page)


@router.post("/evaluation/formulas/draft", include_in_schema=False)
def draft(request: Request, viewer: Drafter, services: ServicesDep, around: ScreenDep, form: SentForm) -> Response:
    said = {name: text(form, name) for name in ("version", "effective", "source", "reason")}
    numbers = {name: text(form, name) for name in form if name not in (*said, CSRF_FIELD) and text(form, name)}
    try:
        wanted = FormulaDraft.model_validate({**said, "numbers": numbers})
        made = api.draft(wanted, request, services, viewer)
    except (ValidationError, Unprocessable) as error:
        problems = {field.removeprefix("numbers."): why for field, why in problems_of(error).items()}
        return html(around, "formula_draft.html", _draft(viewer, services, said | numbers, problems), status=422)
    return RedirectResponse(f"/evaluation/formulas/{made.id}?done=drafted", 303)


@router.post("/evaluation/formulas/{change_id}", include_in_schema=False)
def decide(
    change_id: RowId, request: Request, viewer: Decider, services: ServicesDep, around: ScreenDep, form: SentForm
) -> Response:
    try:
        decision = decision_of(form)
        shown = api.decide(change_id, decision, request, services, viewer)
    except (ValidationError, Unprocessable, Conflict) as error:
        again = around.again(Typed.refused("decision", form, error), f"/evaluation/formulas/{change_id}")
        page = _change(viewer, services, change_id, UnitKind.DEPARTMENT)
        return html(again, "formula_change.html", page, status=status_of(error))
    return RedirectResponse(f"/evaluation/formulas/{shown.id}?done={DONE[decision.act]}", 303)
