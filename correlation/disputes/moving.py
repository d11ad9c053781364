"""Disputes have longer to be decided on as closures of their halls are noted, and a date once the year is announced."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from correlation.disputes.dispute_log import Deadlines
from storage.database import Database
from storage.models import Absence, AbsenceWord, Counter, DisputeAct, DisputeState
from storage.turns import take_turns


class MovingDecisions:
    """`run_once` looks at all that is still to be decided; safe to repeat, and for several clerks at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_once(self, now: datetime) -> int:
        """The number of disputes whose deadline was put off. Raises SQLAlchemyError."""
        with self._database.transaction() as session:
            later = [word.absence_id for word, due_by in _awaited(session, now) if _is_later(word, due_by)]
        return sum(self._put_off(absence_id, now) for absence_id in later)

    def _put_off(self, absence_id: int, now: datetime) -> bool:
        """False where somebody has decided on it in between."""
        with self._database.transaction() as session:
            take_turns(session, Absence, absence_id)
            of_absence = col(AbsenceWord.absence_id) == absence_id
            moved = [each for each in _awaited(session, now, of_absence) if _is_later(*each)]
            for word, due_by in moved:
                word.due_by = due_by
            return bool(moved)


def _awaited(
    session: Session, now: datetime, *conditions: ColumnElement[bool]
) -> Iterator[tuple[AbsenceWord, datetime | None]]:
    """Disputes that nobody has decided on, and by when that is to be done by the calendar as it is now.

    Where nothing could be told yet the days count from now.
    """
    query = (
        select(AbsenceWord, Counter.hall_id)
        .join(Absence, col(Absence.id) == col(AbsenceWord.absence_id))
        .join(Counter, col(Counter.id) == col(Absence.counter_id))
        .where(AbsenceWord.act == DisputeAct.DISPUTE, Absence.dispute == DisputeState.DISPUTED)
    )
    query = query.where(*conditions).execution_options(populate_existing=True)
    found = session.exec(query).all()
    if not found:
        return
    deadlines = Deadlines(session)
    for word, hall_id in found:
        yield word, deadlines.decision(hall_id, word.at if word.due_by else max(word.at, now))[0]


def _is_later(word: AbsenceWord, due_by: datetime | None) -> bool:
    """What was told stands or comes later: a closure that is withdrawn takes time from nobody."""
    return due_by is not None and (word.due_by is None or due_by > word.due_by)
