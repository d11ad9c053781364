"""Writes the units and marks of an evaluation in portions, and takes one away so: others write in between.

Until all is written it is hidden, and so is what is being taken away: nobody sees half of a month.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, delete, func, select, update
from sqlmodel import Session, col

from correlation.evaluation.going_on import GoOn, nothing_else
from storage.bulk import Values, insert_many, is_among, table_of
from storage.database import Database, lock_for_adding
from storage.models import EvaluatedUnit, Evaluation, EvaluationMark, EvaluationState

PORTION = 2_000
"""Rows of one transaction: a month of a city has hundreds of thousands of marks."""
ROOM_S = 0.05
"""On SQLite, between two portions: who waits there is let in only if it happens to ask while nobody writes."""
_OF_EVALUATIONS: tuple[type[EvaluatedUnit] | type[EvaluationMark], ...] = (EvaluatedUnit, EvaluationMark)


class Overtaken(Exception):
    """Another counted this month in the meantime; what came of it is what is kept."""


class Pace(NamedTuple):
    portion: int = PORTION
    pause: Callable[[float], None] = time.sleep
    """Called with seconds."""
    go_on: GoOn = nothing_else
    """What was written when it ends the work stays hidden, until the month is written again."""


def write_hidden(
    database: Database, evaluation: Evaluation, units: Sequence[Values], marks: Sequence[Values], pace: Pace
) -> None:
    """Gives the evaluation its id, and all rows an `evaluation_id`. Raises Overtaken."""
    clear(database, evaluation.month, pace)
    with database.transaction() as session:
        lock_for_adding(session, Evaluation)
        evaluation.state, evaluation.number = EvaluationState.HIDDEN, free_number(session, evaluation.month)
        session.add(evaluation)
    for table, rows in zip(_OF_EVALUATIONS, (units, marks), strict=True):
        for first in range(0, len(rows), pace.portion):
            some = rows[first : first + pace.portion]
            pace.go_on()
            with database.transaction() as session:
                hold(session, evaluation)
                insert_many(session, table_of(table), [{"evaluation_id": evaluation.id, **row} for row in some])
            _make_room(database, pace)


def hold(session: Session, evaluation: Evaluation) -> None:
    """Until the transaction ends nobody takes it away. Raises Overtaken where somebody has."""
    # SQLite gives its id to the next one: it is named by its moment, too.
    same = col(Evaluation.id) == evaluation.id, col(Evaluation.counted_at) == evaluation.counted_at
    hidden = update(Evaluation).where(*same, col(Evaluation.state) == EvaluationState.HIDDEN)
    held = session.execute(hidden.values(state=EvaluationState.HIDDEN).execution_options(synchronize_session=False))
    assert isinstance(held, CursorResult)
    if not held.rowcount:
        raise Overtaken(Overtaken.__doc__)


def free_number(session: Session, month: str) -> int:
    """For one that is hidden: below 0."""
    lowest = select(func.min(col(Evaluation.number))).where(col(Evaluation.month) == month)
    return min(0, session.execute(lowest).scalar_one() or 0) - 1


def clear(database: Database, month: str, pace: Pace) -> None:
    """Takes away what is hidden of the month, also what another is writing at this moment."""
    hidden = select(col(Evaluation.id)).where(
        col(Evaluation.month) == month, col(Evaluation.state) == EvaluationState.HIDDEN
    )
    with database.transaction() as session:
        found = session.execute(hidden).scalars().all()
    for table in _OF_EVALUATIONS:
        some = select(col(table.id)).where(col(table.evaluation_id).in_(found)).limit(pace.portion)
        while _delete(database, table, some, pace):
            pass
    with database.transaction() as session:
        session.execute(delete(Evaluation).where(col(Evaluation.id).in_(found), col(Evaluation.id).in_(hidden)))


def _delete(database: Database, table: type[Any], some: Any, pace: Pace) -> int:  # noqa: ANN401
    pace.go_on()
    with database.transaction() as session:
        ids = session.execute(some).scalars().all()
        session.execute(delete(table).where(is_among(session, table_of(table).c.id, ids)))
    if ids:
        _make_room(database, pace)
    return len(ids)


def _make_room(database: Database, pace: Pace) -> None:
    if database.engine.dialect.name == "sqlite":
        pace.pause(ROOM_S)
