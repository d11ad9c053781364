"""Evaluations as one person may see them: what is their own in full, and of others what is published."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, true
from sqlmodel import Session, col, select

from correlation.evaluation.behind import ALWAYS, kept_kinds
from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, formula_of
from correlation.evaluation.indicators import weight_of
from correlation.evaluation.keeping import is_seen
from correlation.evaluation.ranking import Place
from correlation.evaluation.scoring import NoTotal, Score
from storage.models import (
    EnteredFigure,
    EvaluatedUnit,
    Evaluation,
    EvaluationMark,
    EvaluationState,
    MarkKind,
    Role,
    UnitKind,
)
from web.months import Month
from web.viewer import Viewer

TREND_MONTHS = 12


@dataclass(frozen=True)
class EvaluationRef:
    id: int
    """In addresses; it stays the same when a draft is counted again, and when it is published."""
    month: str
    number: int
    state: EvaluationState
    zone: str
    counted_at: datetime
    published_at: datetime | None
    published_by: str
    erratum: str
    """What is corrected and why; empty: it is none."""


@dataclass(frozen=True)
class TrendPoint:
    month: str
    back: int
    """How many months before the one that is shown."""
    points: float


@dataclass(frozen=True)
class UnitRow:
    kind: UnitKind
    id: str
    name: str
    name_en: str
    total: Score | None
    why: NoTotal | None
    known: float
    indicators: Mapping[str, Score | None]
    """By id; those without a weight are added to the mean."""
    rank: Place | None
    """None without a total, and in a draft for whoever sees but a part of it."""
    counted: Counted | None
    """What the points rest on; None for a unit out of scope."""
    trend: tuple[TrendPoint, ...] = ()
    """The published months up to this one, oldest first; those without points are left out."""


def evaluation_ref(evaluation: Evaluation) -> EvaluationRef:
    assert evaluation.address is not None
    return EvaluationRef(
        evaluation.address,
        evaluation.month,
        evaluation.number,
        evaluation.state,
        evaluation.zone,
        evaluation.counted_at,
        evaluation.published_at,
        evaluation.published_by,
        evaluation.erratum,
    )


def formula_used(evaluation: Evaluation) -> Formula:
    return formula_of(evaluation.formula)


@dataclass(frozen=True)
class IndicatorUsed:
    id: str
    name: str
    name_en: str
    kind: str
    percent: float | None
    """Of the sum of the weights; None: it has no weight, its points are added to the mean."""


def indicators_used(formula: Formula) -> tuple[IndicatorUsed, ...]:
    whole = sum(formula.weights.values())
    weights = ((each, weight_of(each)) for each in formula.indicators)
    return tuple(
        IndicatorUsed(each.id, each.name, each.name_en, each.kind, None if own is None else round(100 * own / whole, 1))
        for each, own in weights
    )


def sees_all(viewer: Viewer) -> bool:
    return viewer.halls is None and viewer.role is not Role.DEPARTMENT


def is_own(viewer: Viewer, unit: EvaluatedUnit | EnteredFigure) -> bool:
    """Departments and districts reach over halls: who sees but some halls sees no figures of them. A department sees
    itself, and its groups in its halls."""
    if viewer.role is Role.DEPARTMENT:
        is_ours = bool(viewer.department_id) and unit.department_id == viewer.department_id
        return is_ours and (not unit.hall_id or viewer.may_see_hall(unit.hall_id))
    return viewer.halls is None or (bool(unit.hall_id) and viewer.may_see_hall(unit.hall_id))


def visible_units(
    session: Session, viewer: Viewer, evaluation: Evaluation, kind: UnitKind
) -> list[tuple[EvaluatedUnit, bool]]:
    """The best first, with whether it is the viewer's own; of a draft only those."""
    query = select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == evaluation.id, EvaluatedUnit.kind == kind)
    units = [(unit, is_own(viewer, unit)) for unit in session.exec(query)]
    shown = [(unit, own) for unit, own in units if own or evaluation.state is EvaluationState.PUBLISHED]
    return sorted(shown, key=lambda one: (one[0].points is None, -(one[0].points or 0.0), one[0].key))


def trends(session: Session, kind: UnitKind, last: Month) -> dict[str, tuple[TrendPoint, ...]]:
    """By unit, over a year; of a month with errata the newest."""
    months = {str(last.plus(-back)): back for back in range(TREND_MONTHS)}
    query = (
        select(EvaluatedUnit.key, Evaluation.month, EvaluatedUnit.points)
        .join(Evaluation)
        .where(Evaluation.state == EvaluationState.PUBLISHED, EvaluatedUnit.kind == kind)
        .where(col(Evaluation.month).in_(months))
        .order_by(col(Evaluation.month), col(Evaluation.number))
    )
    found: defaultdict[str, dict[str, float | None]] = defaultdict(dict)
    for key, month, points in session.exec(query):
        found[key][month] = points
    return {
        key: tuple(TrendPoint(month, months[month], points) for month, points in of_unit.items() if points is not None)
        for key, of_unit in found.items()
    }


def unit_row(unit: EvaluatedUnit, own: bool, show_rank: bool, trend: tuple[TrendPoint, ...] = ()) -> UnitRow:
    has_rank = show_rank and unit.rank is not None and unit.best_rank is not None and unit.worst_rank is not None
    return UnitRow(
        kind=unit.kind,
        id=unit.key,
        name=unit.name,
        name_en=unit.name_en,
        total=_total(unit),
        why=NoTotal(unit.why) if unit.why else None,
        known=unit.known,
        indicators={name: _score(kept) for name, kept in unit.indicators.items()},
        rank=Place(unit.rank or 0, unit.best_rank or 0, unit.worst_rank or 0) if has_rank else None,
        counted=Counted.from_json(unit.counted) if own else None,
        trend=trend,
    )


def _total(unit: EvaluatedUnit) -> Score | None:
    if unit.points is None or unit.low is None or unit.high is None:
        return None
    return Score(unit.points, unit.low, unit.high)


def _score(kept: Mapping[str, float] | None) -> Score | None:
    return None if kept is None else Score(kept["points"], kept["low"], kept["high"])


def kinds_kept(formula: Formula, unit: EvaluatedUnit) -> tuple[MarkKind, ...]:
    """Of a month with such a unit: before it was counted which cases have both limits less was kept."""
    since = Counted.from_json(unit.counted).with_both_limits is not None
    return tuple(kind for kind in kept_kinds(formula) if since or kind in ALWAYS)


def marks_of(unit: EvaluatedUnit) -> ColumnElement[bool]:
    """What belongs to the unit."""
    department, hall = col(EvaluationMark.department_id), col(EvaluationMark.hall_id)
    return {
        UnitKind.DEPARTMENT: department == unit.department_id,
        UnitKind.DISTRICT: col(EvaluationMark.district_id) == unit.district_id,
        UnitKind.HALL: hall == unit.hall_id,
        UnitKind.GROUP: and_(department == unit.department_id, hall == unit.hall_id),
        UnitKind.COUNTER: col(EvaluationMark.counter_id) == unit.key,
    }[unit.kind]


def marks_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """As cases are: a department's own, and those of the viewer's halls."""
    halls = true() if viewer.halls is None else col(EvaluationMark.hall_id).in_(sorted(viewer.halls))
    if viewer.role is not Role.DEPARTMENT:
        return halls
    return and_(halls, col(EvaluationMark.department_id) == viewer.department_id) if viewer.department_id else false()


def evaluations(session: Session, viewer: Viewer) -> Sequence[Evaluation]:
    """The newest month first, in it what is published before a draft; those in which the viewer sees something."""
    found = session.exec(
        select(Evaluation)
        .where(is_seen())
        .order_by(col(Evaluation.month).desc(), col(Evaluation.state).desc(), col(Evaluation.number).desc())
    ).all()
    if sees_all(viewer):
        return found
    own = select(EvaluatedUnit).join(Evaluation).where(Evaluation.state == EvaluationState.DRAFT)
    with_own = {unit.evaluation_id for unit in session.exec(own) if is_own(viewer, unit)}
    return [each for each in found if each.state is EvaluationState.PUBLISHED or each.id in with_own]
