"""What the points of a unit rest on, one by one: cases, cards, ratings, absences, steps, as they were counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session, col, select

from correlation.evaluation.addressing import shown_at
from correlation.evaluation.behind import is_behind
from correlation.evaluation.formula import Formula
from storage.models import Case, EvaluatedUnit, Evaluation, EvaluationMark, MarkKind, UnitKind
from web.errors import NotFound
from web.evaluations import EvaluationRef, evaluation_ref, formula_used, is_own, kinds_kept, marks_in_scope, marks_of
from web.pages.evaluation import Reader
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.rendering import add_page
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()


@dataclass(frozen=True)
class UnitRef:
    kind: UnitKind
    id: str
    name: str
    name_en: str


@dataclass(frozen=True)
class MarkRow:
    id: int
    kind: MarkKind
    subject_id: int
    case_id: int | None
    label: str
    """Number of the case or the counter."""
    source: str
    """The id of the platform that sent the case; empty for what is of none."""
    at: datetime
    counts: bool
    in_formula: bool
    """False: the formula of the month counts nothing of the kind, whatever became of it."""
    standing: str
    """Of an absence: stands, upheld, open (may still be disputed) or disputed; else empty."""
    detail: str


@dataclass(frozen=True)
class MarksPage:
    evaluation: EvaluationRef
    unit: UnitRef
    kind: MarkKind
    kinds: tuple[MarkKind, ...]
    """All that are kept one by one of the month."""
    marks: tuple[MarkRow, ...]
    next: str


def marks_page(
    evaluation_id: RowId,
    viewer: Reader,
    services: ServicesDep,
    unit_kind: Annotated[UnitKind, Query()],
    unit: Annotated[str, Query(max_length=200)],
    kind: Annotated[MarkKind, Query()] = MarkKind.LATE_CASE,
    after: str = "",
) -> MarksPage:
    with services.database.transaction() as session:
        evaluation, found = _own(session, viewer, evaluation_id, unit_kind, unit)
        formula = formula_used(evaluation)
        shown, more = cut(_marks(session, viewer, found, kind, parse_cursor(after), PAGE_SIZE + 1))
        last = shown[-1] if more else None
        return MarksPage(
            evaluation=evaluation_ref(evaluation),
            unit=UnitRef(found.kind, found.key, found.name, found.name_en),
            kind=kind,
            kinds=kinds_kept(formula, found),
            marks=_rows(session, shown, formula),
            next=str(_position(last)) if last else "",
        )


def _own(session: Session, viewer: Viewer, address: int, kind: UnitKind, key: str) -> tuple[Evaluation, EvaluatedUnit]:
    """Raises NotFound also for a unit out of scope, published or not."""
    evaluation = shown_at(session, address)
    if evaluation is None:
        raise NotFound
    of_key = select(EvaluatedUnit).where(
        EvaluatedUnit.evaluation_id == evaluation.id, EvaluatedUnit.kind == kind, EvaluatedUnit.key == key
    )
    unit = session.exec(of_key).first()
    if unit is None or not is_own(viewer, unit):
        raise NotFound
    return evaluation, unit


def _marks(
    session: Session, viewer: Viewer, unit: EvaluatedUnit, kind: MarkKind, cursor: Cursor | None, limit: int
) -> list[EvaluationMark]:
    """The newest first."""
    query = (
        select(EvaluationMark)
        .where(EvaluationMark.evaluation_id == unit.evaluation_id, EvaluationMark.kind == kind)
        .where(marks_of(unit), marks_in_scope(viewer))
        .where(after(cursor, col(EvaluationMark.at), col(EvaluationMark.subject_id)))
        .order_by(col(EvaluationMark.at).desc(), col(EvaluationMark.subject_id).desc())
        .limit(limit)
    )
    return list(session.exec(query))


def _position(mark: EvaluationMark | MarkRow) -> Cursor:
    """By the subject, of which a kind has one mark: marks get other ids when a draft is counted again."""
    return Cursor(mark.at, mark.subject_id)


def _rows(session: Session, marks: Sequence[EvaluationMark], formula: Formula) -> tuple[MarkRow, ...]:
    of_marks = col(Case.id).in_({mark.case_id for mark in marks if mark.case_id is not None})
    sources = dict(session.exec(select(Case.id, Case.source_id).where(of_marks)).all())
    return tuple(_row(mark, sources.get(mark.case_id, ""), formula) for mark in marks)


def _row(mark: EvaluationMark, source: str, formula: Formula) -> MarkRow:
    assert mark.id is not None
    in_formula = is_behind(formula, mark.kind, mark.detail)
    return MarkRow(
        id=mark.id,
        kind=mark.kind,
        subject_id=mark.subject_id,
        case_id=mark.case_id,
        label=mark.label,
        source=source,
        at=mark.at,
        counts=mark.counts and in_formula,
        in_formula=in_formula,
        standing=mark.standing,
        detail=mark.detail,
    )


add_page(router, "/evaluation/{evaluation_id}/marks", "evaluation_marks.html", marks_page)


def marks_table(
    evaluation_id: RowId,
    viewer: Reader,
    services: ServicesDep,
    unit_kind: Annotated[UnitKind, Query()],
    unit: Annotated[str, Query(max_length=200)],
    kind: Annotated[MarkKind, Query()] = MarkKind.LATE_CASE,
) -> Table:
    """All of the kind."""
    with services.database.transaction() as session:
        evaluation, found = _own(session, viewer, evaluation_id, unit_kind, unit)
        zone, formula = evaluation.zone, formula_used(evaluation)

    def read(session: Session, at: Cursor | None, limit: int) -> tuple[MarkRow, ...]:
        return _rows(session, _marks(session, viewer, found, kind, at, limit), formula)

    rows = read_on(services.database, read, _position)
    return Table(f"marks-{evaluation_id}-{kind}", zone, _COLUMNS, map(_cells, rows))


_COLUMNS = ("kind", "subject", "case", "label", Moments("at"), "counts", "in_formula", "standing", "detail", "source")


def _cells(mark: MarkRow) -> list[Cell]:
    subject = (mark.kind, mark.subject_id, mark.case_id, mark.label)
    return [*subject, mark.at, mark.counts, mark.in_formula, mark.standing, mark.detail, mark.source]


add_table(router, "/evaluation/{evaluation_id}/marks", marks_table)
