"""Figures of the evaluation that people enter by hand: those of a month with all their versions, and the form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session

from correlation.evaluation.indicators import EnteredIndicator
from storage.models import EnteredFigure, EvaluatedUnit, Evaluation, UnitKind
from web.api import figures as figures_api
from web.api.figures import FigureEnterer, FigureRequest
from web.entered_figures import (
    ENTERED_MEANWHILE,
    EnteredMeanwhile,
    entered_indicators,
    figures_of,
    newest,
    newest_of,
    own_units,
)
from web.errors import Unprocessable
from web.evaluations import evaluations
from web.field_problems import FieldProblem
from web.pages.admin.forms import SentForm, text
from web.pages.evaluation import Reader
from web.pages.filters import DEFAULT_ZONE
from web.pages.months import NO_MONTH, read_month
from web.pages.paging import PAGE_SIZE, cut
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.screen import Screen
from web.pages.tables import Cell, Moments, Table, add_table
from web.pages.typed import Typed, typed_values
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
_FARTHEST = 1_000_000
MAXIMUM = 100
MonthFilter = Annotated[str, Query(max_length=7)]


@dataclass(frozen=True)
class Named:
    """A unit, or an indicator."""

    id: str
    name: str
    name_en: str


@dataclass(frozen=True)
class Lacking:
    indicator: Named
    units: int
    """Of which nobody has entered it, so that it is not known."""


@dataclass(frozen=True)
class FigureRow:
    id: int
    month: str
    kind: UnitKind
    unit: Named
    indicator: Named
    value: float | None
    """None: what was entered is taken back."""
    maximum: float
    reason: str
    entered_at: datetime
    entered_by: str
    is_in_force: bool
    """The newest version."""
    may_change: bool


@dataclass(frozen=True)
class FiguresPage:
    months: tuple[str, ...]
    month: str
    """Empty: none was evaluated yet."""
    kind: UnitKind
    zone: str
    indicators: tuple[Named, ...]
    """Of the formula of the month, that are entered by hand."""
    units: tuple[Named, ...]
    """The viewer's own, that were counted in the month."""
    lacking: tuple[Lacking, ...]
    figures: tuple[FigureRow, ...]
    """The newest first, with those that were corrected."""
    may_enter: bool
    maximum: float
    seen: int
    """The newest version of all that are listed, also on further pages; 0 for none. It goes with each form."""
    next: str


@dataclass(frozen=True)
class Found:
    evaluation: Evaluation | None
    months: tuple[str, ...]
    month: str
    indicators: tuple[Named, ...]
    units: tuple[Named, ...]
    figures: tuple[FigureRow, ...]

    @property
    def zone(self) -> str:
        return self.evaluation.zone if self.evaluation else DEFAULT_ZONE


def figures_page(
    viewer: Reader,
    services: ServicesDep,
    month: MonthFilter = "",
    kind: Annotated[UnitKind, Query()] = UnitKind.DEPARTMENT,
    after: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0,
) -> FiguresPage:
    """Without a month of the newest. `after`: how many come before."""
    with services.database.transaction() as session:
        found = _found(session, viewer, month, kind)
    shown, more = cut(list(found.figures[after : after + PAGE_SIZE + 1]))
    return FiguresPage(
        months=found.months,
        month=found.month,
        kind=kind,
        zone=found.zone,
        indicators=found.indicators,
        units=found.units,
        lacking=_lacking(found),
        figures=tuple(shown),
        may_enter=viewer.may(Permission.ENTER_FIGURES) and bool(found.units and found.indicators),
        maximum=MAXIMUM,
        seen=max((row.id for row in found.figures), default=0),
        next=str(after + PAGE_SIZE) if more else "",
    )


def _found(session: Session, viewer: Viewer, month: str, kind: UnitKind) -> Found:
    """Raises Unprocessable for what is no month."""
    if month and read_month(month) is None:
        raise Unprocessable(fields=[FieldProblem("month", NO_MONTH)])
    months = tuple(dict.fromkeys(each.month for each in evaluations(session, viewer)))
    chosen = month or (months[0] if months else "")
    evaluation = newest_of(session, chosen)
    indicators = _named_indicators(entered_indicators(evaluation)) if evaluation else ()
    units = own_units(session, viewer, evaluation, kind) if evaluation else []
    return Found(
        evaluation,
        months,
        chosen,
        indicators,
        tuple(map(_named_unit, units)),
        _rows(figures_of(session, viewer, chosen, kind), indicators, units, viewer),
    )


def _named_indicators(indicators: Sequence[EnteredIndicator]) -> tuple[Named, ...]:
    return tuple(Named(each.id, each.name, each.name_en) for each in indicators)


def _named_unit(unit: EvaluatedUnit | EnteredFigure) -> Named:
    return Named(unit.key, unit.name, unit.name_en)


def _lacking(found: Found) -> tuple[Lacking, ...]:
    known = {(row.unit.id, row.indicator.id) for row in found.figures if row.is_in_force and row.value is not None}
    counts = ((each, sum((unit.id, each.id) not in known for unit in found.units)) for each in found.indicators)
    return tuple(Lacking(each, units) for each, units in counts if units)


def _rows(
    figures: Sequence[EnteredFigure], indicators: Sequence[Named], units: Sequence[EvaluatedUnit], viewer: Viewer
) -> tuple[FigureRow, ...]:
    """An indicator that the formula has no more bears its id."""
    names, keys = {each.id: each for each in indicators}, {unit.key for unit in units}
    in_force = {each.id for each in newest(figures).values()}
    may = viewer.may(Permission.ENTER_FIGURES)
    return tuple(
        FigureRow(
            id=each.id or 0,
            month=each.month,
            kind=each.kind,
            unit=_named_unit(each),
            indicator=names.get(each.indicator, Named(each.indicator, each.indicator, "")),
            value=each.value,
            maximum=each.maximum,
            reason=each.reason,
            entered_at=each.entered_at,
            entered_by=each.entered_by,
            is_in_force=each.id in in_force,
            may_change=may and each.id in in_force and each.indicator in names and each.key in keys,
        )
        for each in figures
    )


add_page(router, "/evaluation/figures", "figures.html", figures_page)


@router.post("/evaluation/figures", include_in_schema=False)
def enter(
    request: Request, viewer: FigureEnterer, services: ServicesDep, around: ScreenDep, form: SentForm
) -> Response:
    said = {name: text(form, name) for name in ("month", "kind", "unit", "indicator", "maximum", "reason")}
    value = None if text(form, "act") == "take_back" else text(form, "value")
    seen = text(form, "seen") or None  # a form that does not say what it was filled in from is taken at its word
    try:
        wanted = FigureRequest.model_validate({**said, "value": value, "seen": seen})
        figures_api.enter_figure(wanted, request, services, viewer)
    except (ValidationError, Unprocessable) as error:
        return _once_more(viewer, services, around, form, Typed.refused("", form, error), 422)
    except EnteredMeanwhile as error:
        typed = Typed("", typed_values(form) | {"seen": str(error.newest_id)}, {"": ENTERED_MEANWHILE})
        return _once_more(viewer, services, around, form, typed, error.status)
    return RedirectResponse(f"/evaluation/figures?month={wanted.month}&kind={wanted.kind.value}&done=saved", 303)


def _once_more(
    viewer: Viewer, services: Services, around: Screen, form: SentForm, typed: Typed, status: int
) -> Response:
    page = figures_page(viewer, services, _month(text(form, "month")), _kind(text(form, "kind")))
    named = replace(typed, name=_form_name(form, page))
    return html(around.again(named, "/evaluation/figures"), "figures.html", page, status=status)


def _form_name(form: SentForm, page: FiguresPage) -> str:
    """That of the version which holds now, where one is corrected; the form for a new one takes all others."""
    figure = text(form, "unit"), text(form, "indicator")
    newest_rows = (row.id for row in page.figures if row.may_change and (row.unit.id, row.indicator.id) == figure)
    holds = next(newest_rows, None) if text(form, "corrects") else None
    return f"figure-{holds}" if holds else "figure"


def _month(said: str) -> str:
    return said if read_month(said) else ""


def _kind(said: str) -> UnitKind:
    return UnitKind(said) if said in set(UnitKind) else UnitKind.DEPARTMENT


_FIRST = ("month", "kind", "id", "name", "name_en", "indicator", "value", "maximum", "reason")
_COLUMNS = (*_FIRST, "entered_by", Moments("entered_at"), "in_force")


def figures_table(
    viewer: Reader,
    services: ServicesDep,
    month: MonthFilter = "",
    kind: Annotated[UnitKind, Query()] = UnitKind.DEPARTMENT,
) -> Table:
    with services.database.transaction() as session:
        found = _found(session, viewer, month, kind)
    return Table(f"figures-{found.month or 'none'}-{kind}", found.zone, _COLUMNS, map(_cells, found.figures))


def _cells(row: FigureRow) -> list[Cell]:
    of = [row.month, row.kind, row.unit.id, row.unit.name, row.unit.name_en, row.indicator.id]
    return [*of, row.value, row.maximum, row.reason, row.entered_by, row.entered_at, row.is_in_force]


add_table(router, "/evaluation/figures", figures_table)
