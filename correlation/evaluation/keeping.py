"""Drafts, what is published, and the versions of the formula. A published evaluation is never written again."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from correlation.evaluation.formula import Formula, FormulaProblem, formula_of, shipped_formulas
from correlation.evaluation.scoring import Score
from correlation.evaluation.working_out import WorkedOut, WorkedUnit
from storage.bulk import Values, insert_many, table_of
from storage.database import lock_for_adding
from storage.models import EvaluatedUnit, Evaluation, EvaluationFormula, EvaluationMark, EvaluationState


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


def of_month(session: Session, month: str) -> Sequence[Evaluation]:
    """The newest first, so a draft before all."""
    return session.exec(
        select(Evaluation).where(Evaluation.month == month).order_by(col(Evaluation.number).desc())
    ).all()


def keep_draft(session: Session, worked: WorkedOut) -> Evaluation:
    """In the place of the draft that there was; one that would correct nothing has neither units nor marks.

    Has to be the first that the transaction does.
    """
    lock_for_adding(session, Evaluation)
    draft = _new(session, worked)
    draft.differs = None if draft.replaces_id is None else _differs(session, draft.replaces_id, worked)
    _write(session, draft, worked, with_units=draft.differs is not False)
    return draft


def is_seen() -> ColumnElement[bool]:
    """What is published, and drafts that would change something."""
    return or_(col(Evaluation.differs).is_(None), col(Evaluation.differs).is_(True))


def _differs(session: Session, published: int, worked: WorkedOut) -> bool:
    """In what was counted, or in the single things behind it."""
    units = select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == published)
    before = {(unit.kind, unit.key): unit.counted for unit in session.exec(units)}
    if before != {unit.unit: unit.counted.as_json() for unit in worked.units}:
        return True
    mark = table_of(EvaluationMark).c
    told = (mark.kind, mark.subject_id, mark.at, mark.counts, mark.standing, mark.detail)
    where = (mark.department_id, mark.hall_id, mark.counter_id)
    marks = session.execute(select_columns(*told, *where).where(mark.evaluation_id == published))
    return Counter(map(tuple, marks)) != Counter(
        (each.kind, each.subject_id, each.at, each.counts, each.standing, each.detail, *each.place)
        for each in worked.marks
    )


def publish(session: Session, worked: WorkedOut, by: str, now: datetime, erratum: str = "") -> Evaluation:
    """Has to be the first that the transaction does. Raises PublishedAlready, NothingToCorrect, NothingDiffers."""
    lock_for_adding(session, Evaluation)
    found = _new(session, worked)
    if found.replaces_id is not None and not erratum:
        raise PublishedAlready(PublishedAlready.__doc__)
    if found.replaces_id is None and erratum:
        raise NothingToCorrect(NothingToCorrect.__doc__)
    if found.replaces_id is not None and not _corrects(session, found, worked):
        raise NothingDiffers(NothingDiffers.__doc__)
    found.state, found.published_at, found.published_by = EvaluationState.PUBLISHED, now, by
    found.erratum = erratum
    _write(session, found, worked)
    return found


def _corrects(session: Session, found: Evaluation, worked: WorkedOut) -> bool:
    """Points are another's with another formula, too."""
    before = session.get_one(Evaluation, found.replaces_id)
    return before.formula != found.formula or _differs(session, before.id or 0, worked)


def publish_drafted(
    session: Session, evaluation_id: int, counted_at: datetime, by: str, now: datetime, erratum: str
) -> Evaluation:
    """The draft of an erratum as it was counted then; its id may be that of a later one.

    Has to be the first that the transaction does. Raises DraftGone, CountedAgain.
    """
    lock_for_adding(session, Evaluation)
    found = session.get(Evaluation, evaluation_id)
    if found is None or not found.differs:
        raise DraftGone(DraftGone.__doc__)
    if found.counted_at != counted_at:
        raise CountedAgain(CountedAgain.__doc__)
    found.state, found.published_at, found.published_by = EvaluationState.PUBLISHED, now, by
    found.erratum, found.differs = erratum, None
    return found


def _new(session: Session, worked: WorkedOut) -> Evaluation:
    """Numbered after what is published; a draft of the month goes."""
    period = worked.period
    published = [each for each in of_month(session, period.month) if each.state is EvaluationState.PUBLISHED]
    drafts = select(Evaluation.id).where(Evaluation.month == period.month, Evaluation.state == EvaluationState.DRAFT)
    for table in (EvaluatedUnit, EvaluationMark):
        session.execute(delete(table).where(col(table.evaluation_id).in_(drafts)))
    session.execute(delete(Evaluation).where(col(Evaluation.id).in_(drafts)))
    return Evaluation(
        month=period.month,
        number=published[0].number + 1 if published else 1,
        state=EvaluationState.DRAFT,
        zone=period.zone,
        start=period.span.start,
        end=period.span.end,
        counted_at=worked.counted_at,
        formula=worked.formula.model_dump(mode="json"),
        replaces_id=published[0].id if published else None,
    )


def _write(session: Session, evaluation: Evaluation, worked: WorkedOut, *, with_units: bool = True) -> None:
    session.add(evaluation)
    session.flush()
    assert evaluation.id is not None
    if not with_units:
        return
    insert_many(session, table_of(EvaluatedUnit), [unit_values(evaluation.id, each) for each in worked.units])
    insert_many(session, table_of(EvaluationMark), _marks(evaluation.id, worked))


def unit_values(evaluation_id: int, worked: WorkedUnit) -> Values:
    total, rank = worked.evaluated.total, worked.rank
    return {
        "evaluation_id": evaluation_id,
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
        "indicators": {each.value: _score(score) for each, score in worked.evaluated.indicators.items()},
        "rank": rank.rank if rank else None,
        "best_rank": rank.best if rank else None,
        "worst_rank": rank.worst if rank else None,
    }


def _score(score: Score | None) -> dict[str, float] | None:
    return None if score is None else {"points": score.points, "low": score.low, "high": score.high}


def _marks(evaluation_id: int, worked: WorkedOut) -> list[Values]:
    return [
        {
            "evaluation_id": evaluation_id,
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
