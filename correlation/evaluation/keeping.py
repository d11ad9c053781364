"""Drafts, what is published, and the versions of the formula. A published evaluation is never written again."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from correlation.evaluation.addressing import at_address
from correlation.evaluation.behind import BY_FORMULA
from correlation.evaluation.formula import Formula, FormulaProblem, formula_of, shipped_formulas
from correlation.evaluation.places import Unit
from correlation.evaluation.scoring import Score
from correlation.evaluation.working_out import WorkedOut, WorkedUnit
from correlation.evaluation.writing import Overtaken, Pace, clear, free_number, hold, write_hidden
from storage.bulk import Values, table_of
from storage.database import Database, lock_for_adding
from storage.models import EvaluatedUnit, Evaluation, EvaluationFormula, EvaluationMark, EvaluationState, MarkKind


class PublishedAlready(Exception):
    """This month is published. Say what is to be corrected: that makes an erratum, and what was published stays."""


class NothingToCorrect(Exception):
    """This month is not published, so there is nothing that an erratum could correct."""


class NothingDiffers(Exception):
    """What is published of this month comes out the same now, so there is nothing that an erratum could correct."""


class DraftGone(Exception):
    """There is no such draft of an erratum."""


class CountedAgain(Exception):
    """The draft was counted again since."""


def formulas(session: Session) -> tuple[Formula, ...]:
    """Those that come along, then those that were added, in the order in which they were."""
    added = session.exec(select(EvaluationFormula).order_by(col(EvaluationFormula.added_at)))
    return (*shipped_formulas(), *(formula_of(each.content) for each in added))


def add_formula(session: Session, formula: Formula, by: str, now: datetime) -> None:
    """Raises FormulaProblem for a version that there is."""
    if formula.version in {known.version for known in formulas(session)}:
        raise FormulaProblem(
            {"version": f"there is a version {formula.version}; a change is a version of another name"}
        )
    content = formula.model_dump(mode="json")
    row = EvaluationFormula(
        version=formula.version, effective=formula.effective, content=content, added_at=now, added_by=by
    )
    session.add(row)
    session.flush()


class Compared(NamedTuple):
    published: int | None
    """The evaluation of the month that is in force."""
    differs: bool | None
    """None: nothing is published."""
    same_formula: bool = True


def of_month(session: Session, month: str) -> Sequence[Evaluation]:
    """The newest first, so a draft before all."""
    seen = select(Evaluation).where(Evaluation.month == month, Evaluation.state != EvaluationState.HIDDEN)
    return session.exec(seen.order_by(col(Evaluation.number).desc())).all()


def keep_draft(database: Database, worked: WorkedOut, pace: Pace = Pace()) -> Evaluation:
    """In the place of the draft that there was; one that would correct nothing has neither units nor marks.

    Raises Overtaken; then the draft of another is there.
    """
    compared = _compare(database, worked)
    draft = _write(database, worked, pace, with_units=compared.differs is not False)
    with database.transaction() as session:
        found = _show(session, draft, compared)
        found.differs = compared.differs
    clear(database, draft.month, pace)
    return found


def is_seen() -> ColumnElement[bool]:
    """What is published, and drafts that would change something."""
    return and_(
        col(Evaluation.state) != EvaluationState.HIDDEN,
        or_(col(Evaluation.differs).is_(None), col(Evaluation.differs).is_(True)),
    )


def _compare(database: Database, worked: WorkedOut) -> Compared:
    with database.transaction() as session:
        published = _published(session, worked.period.month)
        if published is None or published.id is None:
            return Compared(None, None)
        same_formula = formula_of(published.formula) == worked.formula
        return Compared(published.id, _differs(session, published.id, worked), same_formula)


def _published(session: Session, month: str) -> Evaluation | None:
    """The one in force."""
    return next((each for each in of_month(session, month) if each.state is EvaluationState.PUBLISHED), None)


def _differs(session: Session, published: int, worked: WorkedOut) -> bool:
    """In what was counted, or in the single things behind it."""
    units = select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == published)
    before = {Unit(unit.kind, unit.key): unit.counted for unit in session.exec(units)}
    now = {unit.unit: unit.counted.as_json() for unit in worked.units}
    if before != {unit: _as_far_as(before.get(unit, {}), counted) for unit, counted in now.items()}:
        return True
    mark = table_of(EvaluationMark).c
    told = (mark.kind, mark.subject_id, mark.at, mark.counts, mark.standing, mark.detail)
    where = (mark.department_id, mark.hall_id, mark.counter_id)
    marks = session.execute(select_columns(*told, *where).where(mark.evaluation_id == published))
    without = _not_kept(before.values())
    return Counter(map(tuple, marks)) != Counter(
        (each.kind, each.subject_id, each.at, each.counts, each.standing, each.detail, *each.place)
        for each in worked.marks
        if each.kind not in without
    )


def _not_kept(before: Iterable[Mapping[str, Any]]) -> frozenset[MarkKind]:
    """What was not kept one by one when these were counted: that it is today is nothing to correct."""
    counted = set().union(*before)
    reminders = frozenset() if "reminders" in counted else frozenset({MarkKind.REMINDER})
    return reminders if "with_both_limits" in counted else reminders | BY_FORMULA


def _as_far_as(before: Mapping[str, Any], counted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what was not counted then: that more is counted today is nothing to correct."""
    return {name: value for name, value in counted.items() if name in before}


def publish(
    database: Database,
    worked: WorkedOut,
    by: str,
    now: datetime,
    erratum: str = "",
    beside: Callable[[Session, Evaluation], None] = lambda _session, _made: None,
    pace: Pace = Pace(),
) -> Evaluation:
    """`beside` belongs to the transaction that makes it public.

    Raises PublishedAlready, NothingToCorrect, NothingDiffers, and Overtaken, after which nothing is published.
    """
    compared = _compare(database, worked)
    if compared.published is not None and not erratum:
        raise PublishedAlready(PublishedAlready.__doc__)
    if compared.published is None and erratum:
        raise NothingToCorrect(NothingToCorrect.__doc__)
    if compared.differs is False and compared.same_formula:
        raise NothingDiffers(NothingDiffers.__doc__)
    written = _write(database, worked, pace)
    with database.transaction() as session:
        found = _show(session, written, compared)
        found.state, found.published_at, found.published_by = EvaluationState.PUBLISHED, now, by
        found.erratum = erratum
        beside(session, found)
    clear(database, found.month, pace)
    return found


def publish_drafted(
    session: Session, address: int, counted_at: datetime, by: str, now: datetime, erratum: str
) -> Evaluation:
    """The draft of an erratum as it was counted then; there may be a later one at its address.

    Has to be the first that the transaction does. Raises DraftGone, CountedAgain.
    """
    lock_for_adding(session, Evaluation)
    found = at_address(session, address)
    if found is None or not found.differs:
        raise DraftGone(DraftGone.__doc__)
    if found.counted_at != counted_at:
        raise CountedAgain(CountedAgain.__doc__)
    found.state, found.published_at, found.published_by = EvaluationState.PUBLISHED, now, by
    found.erratum, found.differs = erratum, None
    return found


def _write(database: Database, worked: WorkedOut, pace: Pace, *, with_units: bool = True) -> Evaluation:
    """Hidden as yet."""
    period = worked.period
    evaluation = Evaluation(
        month=period.month,
        number=0,
        state=EvaluationState.HIDDEN,
        zone=period.zone,
        start=period.span.start,
        end=period.span.end,
        counted_at=worked.counted_at,
        formula=worked.formula.model_dump(mode="json"),
    )
    units = [unit_values(each) for each in worked.units] if with_units else []
    write_hidden(database, evaluation, units, _marks(worked) if with_units else [], pace)
    return evaluation


def _show(session: Session, written: Evaluation, compared: Compared) -> Evaluation:
    """As a draft, numbered after what is published; the draft that there was is hidden and hands its address on.

    Has to be the first that the transaction does. Raises Overtaken where another was published since.
    """
    lock_for_adding(session, Evaluation)
    hold(session, written)
    published = _published(session, written.month)
    if (published.id if published else None) != compared.published:
        raise Overtaken(Overtaken.__doc__)
    address = written.id
    for draft in of_month(session, written.month):
        if draft.state is EvaluationState.DRAFT:
            draft.state, draft.number = EvaluationState.HIDDEN, free_number(session, written.month)
            address, draft.address = draft.address, None
    session.flush()
    found = session.get_one(Evaluation, written.id)
    found.state, found.address = EvaluationState.DRAFT, address
    found.number = published.number + 1 if published else 1
    found.replaces_id = compared.published
    return found


def unit_values(worked: WorkedUnit) -> Values:
    total, rank = worked.evaluated.total, worked.rank
    return {
        "kind": worked.unit.kind,
        "key": worked.unit.key,
        "name": worked.name[0],
        "name_en": worked.name[1],
        "department_id": worked.department,
        "district_id": worked.district,
        "hall_id": worked.hall,
        "counted": worked.counted.as_json(),
        "points": total.points if total else None,
        "low": total.low if total else None,
        "high": total.high if total else None,
        "why": worked.evaluated.why.value if worked.evaluated.why else "",
        "known": worked.evaluated.known,
        "indicators": {name: _score(score) for name, score in worked.evaluated.indicators.items()},
        "rank": rank.rank if rank else None,
        "best_rank": rank.best if rank else None,
        "worst_rank": rank.worst if rank else None,
    }


def _score(score: Score | None) -> dict[str, float] | None:
    return None if score is None else {"points": score.points, "low": score.low, "high": score.high}


def _marks(worked: WorkedOut) -> list[Values]:
    return [
        {
            "kind": mark.kind,
            "subject_id": mark.subject_id,
            "case_id": mark.case_id,
            "label": mark.label,
            "at": mark.at,
            "counts": mark.counts,
            "standing": mark.standing,
            "detail": mark.detail,
            "department_id": mark.place.department,
            "district_id": worked.district_of.get(mark.place.hall, ""),
            "hall_id": mark.place.hall,
            "counter_id": mark.place.counter,
        }
        for mark in worked.marks
    ]
