"""Changes of the formula of the evaluation: drafted by one person, approved by another, never for what is published."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field
from sqlmodel import Session, col, select

from correlation.evaluation import keeping
from correlation.evaluation.formula import Formula, FormulaProblem, formula_of, in_force
from correlation.evaluation.turning import changed
from correlation.proposals import Act
from storage.database import lock_for_adding
from storage.models import Evaluation, EvaluationState, FormulaChange, ProposalState
from storage.sayings import Saying
from web.declared_values import Strict
from web.errors import Conflict, Forbidden, NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.pages.months import read_month
from web.proposing import Decision, decide, names_of
from web.viewer import Viewer

_THERE = Saying("There is a version of this name already, or a draft of it. Choose another name.")
_NO_WEIGHT = Saying("Give at least one indicator a weight above 0.")
_WRONG = Saying("This value is not valid.")
_NO_FORMULA = Saying("No formula is in force on that day, so there is none to change. Choose a later day.")


Number = Annotated[float, Field(allow_inf_nan=False)]


class FormulaDraft(Strict):
    """The formula in force on its day, with other numbers."""

    version: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    effective: date
    """For months that end on that day or later."""
    source: Annotated[str, Field(min_length=1, max_length=2000)]
    """What it rests on: published with it."""
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    numbers: Annotated[dict[str, Number], Field(default_factory=dict)]
    """By their names: `cards` is the weight of cards, `cards.yellow` what a yellow card takes off."""


def propose(session: Session, draft: FormulaDraft, viewer: Viewer, now: datetime) -> FormulaChange:
    """Has to be the first that the transaction does. Raises Forbidden and Unprocessable."""
    lock_for_adding(session, FormulaChange)
    return _keep(session, _formula(session, draft), draft.reason, viewer, now)


def propose_whole(session: Session, formula: Formula, reason: str, viewer: Viewer, now: datetime) -> FormulaChange:
    """A formula of one's own, those numbers included that no page changes. As `propose`."""
    lock_for_adding(session, FormulaChange)
    return _keep(session, formula, reason, viewer, now)


def _keep(session: Session, formula: Formula, reason: str, viewer: Viewer, now: datetime) -> FormulaChange:
    check_sees_all(viewer)
    drafted = select(FormulaChange.version).where(FormulaChange.state == ProposalState.PROPOSED)
    if formula.version in {*(known.version for known in keeping.formulas(session)), *session.exec(drafted)}:
        raise Unprocessable(fields=[FieldProblem("version", _THERE)])
    _check_is_ahead(session, formula.effective)
    change = FormulaChange(
        version=formula.version,
        effective=formula.effective,
        content=formula.model_dump(mode="json"),
        reason=reason,
        proposed_by=viewer.user_id,
        proposed_at=now,
    )
    session.add(change)
    session.flush()
    return change


def _formula(session: Session, draft: FormulaDraft) -> Formula:
    base = in_force(keeping.formulas(session), draft.effective)
    if base is None:
        raise Unprocessable(fields=[FieldProblem("effective", _NO_FORMULA)])
    named: Mapping[str, Any] = {"version": draft.version, "effective": draft.effective, "source": draft.source}
    try:
        return formula_of({**changed(base, draft.numbers).model_dump(), **named})
    except FormulaProblem as error:
        raise Unprocessable(fields=_wrong_numbers(error, draft)) from None


def _wrong_numbers(error: FormulaProblem, draft: FormulaDraft) -> list[FieldProblem]:
    """By the names of the draft as far as they are its own."""
    named = [field for field in error.problems if field in (*draft.numbers, *FormulaDraft.model_fields)]
    if named:
        return [FieldProblem(field, _WRONG) for field in named]
    is_weight = list(error.problems) == ["indicators"]
    return [FieldProblem("numbers", _NO_WEIGHT if is_weight else _WRONG)]


def decide_on(session: Session, change_id: int, decision: Decision, viewer: Viewer, now: datetime) -> FormulaChange:
    """Has to be the first that the transaction does. Raises NotFound, Forbidden, Conflict and Unprocessable."""
    lock_for_adding(session, FormulaChange)
    check_sees_all(viewer)
    change = found_change(session, change_id)
    decide(change, decision, viewer, now)
    session.add(change)
    if decision.act is Act.APPROVE:
        _check_is_ahead(session, change.effective)
        _put_in_force(session, change, now)
    return change


def _put_in_force(session: Session, change: FormulaChange, now: datetime) -> None:
    names = names_of(session, [change])
    by = f"{names.get(change.proposed_by, '')}, {names.get(change.decided_by, '')}"
    try:
        keeping.add_formula(session, formula_of(change.content), by, now)
    except FormulaProblem:
        raise Conflict(_THERE) from None


def _check_is_ahead(session: Session, effective: date) -> None:
    """An erratum of a published month has to be worked out by the formula that the month was published by."""
    until = published_until(session)
    if until is not None and effective <= until:
        said = Saying(
            "Months up to %(day)s are published and stay as they are. Choose a later day.", day=until.isoformat()
        )
        raise Unprocessable(fields=[FieldProblem("effective", said)])


def published_until(session: Session) -> date | None:
    """The last day of the newest month that is published."""
    published = select(Evaluation.month).where(Evaluation.state == EvaluationState.PUBLISHED)
    newest = session.exec(published.order_by(col(Evaluation.month).desc()).limit(1)).first()
    month = read_month(newest) if newest else None
    return month.days[-1] if month else None


def check_sees_all(viewer: Viewer) -> None:
    """One formula holds for all units."""
    if viewer.halls is not None:
        raise Forbidden


def found_change(session: Session, change_id: int) -> FormulaChange:
    change = session.get(FormulaChange, change_id)
    if change is None:
        raise NotFound
    return change
