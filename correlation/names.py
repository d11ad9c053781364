"""Names that could not be resolved when a row came, tried again when aliases, counters or departments change."""

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlmodel import Session, col

from correlation.marks import unsettle
from storage.counter_names import CounterNames
from storage.models import (
    Case,
    Contact,
    Counter,
    Course,
    Department,
    Item,
    ItemVersion,
    Operator,
    Organisation,
    Rating,
    Source,
    Step,
)


def resolve_counters(session: Session, source_id: str) -> int:
    """Gives the source's steps the counters that their names mean now; returns how many names changed."""
    source = session.get(Source, source_id)
    if source is None:
        return 0
    names = CounterNames.load(session, source)
    pairs = session.execute(
        select(col(Step.counter_ref), col(Step.counter_id))
        .where(col(Step.source_id) == source_id, col(Step.counter_ref) != "")
        .distinct()
    ).all()
    stale = sorted({reference for reference, counter_id in pairs if names.find(reference) != counter_id})
    for reference in stale:
        _move(session, source, reference, names.find(reference))
    _resolve_beside_steps(session, source, names)
    return len(stale)


def _resolve_beside_steps(session: Session, source: Source, names: CounterNames) -> None:
    """The same for ratings and operators, which have no footage that would have to move."""
    for model in (Rating, Operator):
        of_source = (col(model.source_id) == source.id, col(model.counter_ref) != "")
        pairs = session.execute(select(col(model.counter_ref), col(model.counter_id)).where(*of_source).distinct())
        for reference, counter_id in pairs.all():
            if names.find(reference) != counter_id:
                named = update(model).where(*of_source, col(model.counter_ref) == reference)
                session.execute(named.values(counter_id=names.find(reference)))


def _forget_courses(session: Session, moved: ColumnElement[bool]) -> None:
    """Of the cases of these steps it is no longer known in which halls they were."""
    session.execute(delete(Course).where(col(Course.case_id).in_(select(col(Step.case_id)).where(moved))))


def _move(session: Session, source: Source, reference: str, counter_id: str | None) -> None:
    named = and_(col(Step.source_id) == source.id, col(Step.counter_ref) == reference)
    elsewhere = and_(named, col(Step.counter_id).is_distinct_from(counter_id))
    unsettle(session, select(col(Step.id)).where(elsewhere))
    _forget_courses(session, elsewhere)
    session.execute(update(Step).where(elsewhere).values(counter_id=counter_id))
    _place_cases(session, source, named)


def _place_cases(session: Session, source: Source, steps: ColumnElement[bool]) -> None:
    """The hall of a case is that of its first step at a known counter, else the source's."""
    first_hall = (
        select(col(Counter.hall_id))
        .join(Step, col(Step.counter_id) == col(Counter.id))
        .where(col(Step.case_id) == col(Case.id))
        .order_by(col(Step.start), col(Step.reference))
        .limit(1)
        .correlate(Case)
        .scalar_subquery()
    )
    session.execute(
        update(Case)
        .where(col(Case.id).in_(select(col(Step.case_id)).where(steps)))
        .values(hall_id=func.coalesce(first_hall, source.hall_id))
        .execution_options(synchronize_session=False)
    )


def resolve_departments(session: Session) -> None:
    """Gives cases without a department the one that their words mean now."""
    departments = session.execute(select(col(Department.id), col(Department.name))).all()
    meanings = {name: department_id for department_id, name in departments}
    meanings |= {department_id: department_id for department_id, _ in departments}
    unknown = col(Case.department_id).is_(None)
    words = session.execute(select(col(Case.department_name)).where(unknown).distinct()).scalars().all()
    for word in sorted({word for word in words if word in meanings}):
        found = update(Case).where(unknown, col(Case.department_name) == word)
        session.execute(found.values(department_id=meanings[word]))
    _of_records(session, meanings)
    _by_organisation(session)
    if "" in words:
        _by_item(session)


def _of_records(session: Session, meanings: dict[str, str]) -> None:
    """Departments that items, contact persons, operators and organisations name."""
    for model, word in (
        (ItemVersion, col(ItemVersion.department_ref)),
        (Contact, col(Contact.department_ref)),
        (Operator, col(Operator.department_ref)),
        (Organisation, col(Organisation.code)),
        (Organisation, col(Organisation.name)),
    ):
        unknown = col(model.department_id).is_(None)
        for reported in session.execute(select(word).where(unknown).distinct()).scalars().all():
            if reported in meanings:
                named = update(model).where(unknown, word == reported)
                session.execute(named.values(department_id=meanings[reported]))


def _by_organisation(session: Session) -> None:
    """Cases that name the code of an organisation which their source has reported."""
    known = select(col(Organisation.source_id), col(Organisation.code), col(Organisation.department_id)).where(
        col(Organisation.department_id).is_not(None)
    )
    for source_id, code, department_id in session.execute(known).all():
        named = (col(Case.source_id) == source_id, col(Case.department_name) == code)
        session.execute(
            update(Case).where(*named, col(Case.department_id).is_(None)).values(department_id=department_id)
        )


def _by_item(session: Session) -> None:
    items = session.execute(select(col(Item.code), col(Item.department_id))).all()
    silent = (col(Case.department_id).is_(None), col(Case.department_name) == "")
    codes = session.execute(select(col(Case.item_code)).where(*silent).distinct()).scalars().all()
    for code, department_id in items:
        if department_id is not None and code in codes:
            session.execute(
                update(Case).where(*silent, col(Case.item_code) == code).values(department_id=department_id)
            )
