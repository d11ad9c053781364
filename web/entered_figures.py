"""Entering what people judge of a unit in a month: who may, for which units and indicators. Every version is kept."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from correlation.evaluation.indicators import EnteredIndicator
from correlation.evaluation.keeping import is_seen
from storage.database import lock_for_adding
from storage.models import EnteredFigure, EvaluatedUnit, Evaluation, UnitKind
from storage.sayings import Saying
from web.errors import Conflict, NotFound, Unprocessable
from web.evaluations import formula_used, is_own
from web.field_problems import FieldProblem
from web.viewer import Viewer

NOT_EVALUATED = Saying("Nothing was evaluated for this month.")
NO_INDICATOR = Saying("The formula of this month has no such indicator that is entered by hand.")
NOTHING_ENTERED = Saying("There is no figure that could be taken back.")
ENTERED_MEANWHILE = Saying(
    "Somebody else has entered this figure since you opened it, so nothing was saved. Look at it as it is now, or save "
    "again to put what stands here in its place."
)


class EnteredMeanwhile(Conflict):
    """Another version than the one that was seen holds now."""

    def __init__(self, newest_id: int) -> None:
        super().__init__(ENTERED_MEANWHILE)
        self.newest_id = newest_id


def newest_of(session: Session, month: str) -> Evaluation | None:
    """What was counted last of the month: its units and its formula are those for which figures are entered."""
    found = select(Evaluation).where(Evaluation.month == month, is_seen())
    return session.exec(found.order_by(col(Evaluation.number).desc())).first()


def entered_indicators(evaluation: Evaluation) -> tuple[EnteredIndicator, ...]:
    return tuple(each for each in formula_used(evaluation).indicators if isinstance(each, EnteredIndicator))


def own_units(session: Session, viewer: Viewer, evaluation: Evaluation, kind: UnitKind) -> list[EvaluatedUnit]:
    of_kind = select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == evaluation.id, EvaluatedUnit.kind == kind)
    return [unit for unit in session.exec(of_kind.order_by(col(EvaluatedUnit.key))) if is_own(viewer, unit)]


def figures_of(session: Session, viewer: Viewer, month: str, kind: UnitKind) -> list[EnteredFigure]:
    """Of the viewer's own units, every version, the newest first."""
    found = select(EnteredFigure).where(EnteredFigure.month == month, EnteredFigure.kind == kind)
    return [each for each in session.exec(found.order_by(col(EnteredFigure.id).desc())) if is_own(viewer, each)]


def newest(figures: Sequence[EnteredFigure]) -> dict[tuple[str, str], EnteredFigure]:
    """By unit and indicator, of figures of which the newest comes first."""
    return {(each.key, each.indicator): each for each in reversed(figures)}


def enter(
    session: Session, viewer: Viewer, wanted: EnteredFigure, now: datetime, seen: int | None = None
) -> EnteredFigure:
    """`wanted` lacks the place and the name of its unit, and who enters it when. The first of its transaction.

    `seen`: the newest version of any figure that was looked at, 0 for none; None: whatever holds is replaced.
    Raises NotFound for a unit out of scope, or of which nothing was counted in the month, EnteredMeanwhile where a
    version of this figure is newer than `seen`, and Unprocessable.
    """
    lock_for_adding(session, EnteredFigure)
    evaluation = newest_of(session, wanted.month)
    if evaluation is None:
        raise Unprocessable(fields=[FieldProblem("month", NOT_EVALUATED)])
    units = {unit.key: unit for unit in own_units(session, viewer, evaluation, wanted.kind)}
    if wanted.key not in units:
        raise NotFound
    if wanted.indicator not in {each.id for each in entered_indicators(evaluation)}:
        raise Unprocessable(fields=[FieldProblem("indicator", NO_INDICATOR)])
    stands = _stands(session, viewer, wanted)
    if seen is not None and stands is not None and stands.id is not None and stands.id > seen:
        raise EnteredMeanwhile(stands.id)
    if wanted.value is None and (stands is None or stands.value is None):
        raise Unprocessable(fields=[FieldProblem("value", NOTHING_ENTERED)])
    unit = units[wanted.key]
    wanted.name, wanted.name_en, wanted.department_id = unit.name, unit.name_en, unit.department_id
    wanted.district_id, wanted.hall_id = unit.district_id, unit.hall_id
    wanted.entered_at, wanted.entered_by = now, viewer.name
    session.add(wanted)
    session.flush()
    return wanted


def _stands(session: Session, viewer: Viewer, wanted: EnteredFigure) -> EnteredFigure | None:
    figures = figures_of(session, viewer, wanted.month, wanted.kind)
    return newest(figures).get((wanted.key, wanted.indicator))
