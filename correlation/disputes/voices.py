"""Who could dispute an absence: the time for it runs only while somebody could.

An absence that nobody has an account to dispute counts against nobody, however old it becomes. Nor does one of a year
whose holidays are not announced: perhaps its hall was closed.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import or_
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from correlation.disputes.dispute_log import NO_ABSENCE, Deadlines
from correlation.evaluation.places import operators_by_counter, owner
from storage.database import Database
from storage.intervals import Span
from storage.models import ACCUSING, Absence, Counter, Hall, Operator, Role, Scope, User
from storage.statutory import is_announced

HEARD_FOR = timedelta(days=90)
"""What was said longer ago gets no time any more: its footage has gone, and it never counts."""
_RUNS_AT_MOST = timedelta(days=30)
"""Five working days with the longest holidays in them. What began to run before has run out."""


@dataclass(frozen=True, slots=True)
class Voice:
    """An account that disputes for a department."""

    department_id: str
    halls: frozenset[str] | None
    """None: all."""

    def speaks_for(self, hall_id: str, owner_id: str) -> bool:
        """`owner_id`: the department whose operators work at the counter; empty where that is not known."""
        return (self.halls is None or hall_id in self.halls) and is_own(owner_id, self.department_id)


def is_own(owner_id: str, department_id: str) -> bool:
    """A counter that is not known to be another department's is one's own to speak for."""
    return owner_id in ("", department_id)


def voices(session: Session, roles: Collection[Role]) -> frozenset[Voice]:
    """Of everybody of these roles who may sign in."""
    halls: dict[int, set[str]] = {}
    for scope in session.exec(select(Scope)):
        halls.setdefault(scope.user_id, set()).add(scope.hall_id)
    wanted = select(User).where(col(User.role).in_(roles), col(User.active), col(User.department_id).is_not(None))
    return frozenset(
        Voice(user.department_id or "", None if user.all_halls else frozenset(halls.get(user.id or 0, ())))
        for user in session.exec(wanted)
    )


def has_voice(session: Session, absence: Absence, hall_id: str, roles: Collection[Role]) -> bool:
    """Somebody of these roles has an account that may dispute this absence, which is over."""
    assert absence.end is not None
    operators = operators_by_counter(session).get(absence.counter_id, ())
    owner_id = owner(operators, Span(absence.start, absence.end))
    return any(voice.speaks_for(hall_id, owner_id) for voice in voices(session, roles))


class _Said(NamedTuple):
    absence_id: int
    counter_id: str
    hall_id: str
    timezone: str
    span: Span
    answerable_at: datetime | None


class DisputeTime:
    """Writes down since when each absence could be disputed, and takes it back where nobody can any more in time."""

    def __init__(self, database: Database, roles: Collection[Role]) -> None:
        """`roles` may dispute."""
        self._database = database
        self._roles = frozenset(roles)

    def run_once(self, now: datetime) -> int:
        """How many have begun to run or stand still now."""
        with self._database.transaction() as session:
            heard, operators = voices(session, self._roles), operators_by_counter(session)
            changed = [
                (said, is_heard)
                for said in _undisputed(session, now)
                if (is_heard := _is_heard(said, heard, operators)) is not (said.answerable_at is not None)
            ]
            if not changed:
                return 0
            deadlines = Deadlines(session)
            return sum(_write(session, deadlines, said, now, is_heard=is_heard) for said, is_heard in changed)


def _undisputed(session: Session, now: datetime) -> Iterator[_Said]:
    """What is over and accuses somebody, and nobody has said anything about."""
    columns: tuple[Any, ...] = (
        col(Absence.id),
        col(Absence.counter_id),
        col(Counter.hall_id),
        col(Hall.timezone),
        col(Absence.start),
        col(Absence.end),
        col(Absence.answerable_at),
    )
    query = (
        rows_of(*columns)
        .join(Counter, col(Counter.id) == col(Absence.counter_id))
        .join(Hall, col(Hall.id) == col(Counter.hall_id))
        .where(col(Absence.end) > now - HEARD_FOR, col(Absence.dispute).is_(None))
        .where(or_(col(Absence.answerable_at).is_(None), col(Absence.answerable_at) > now - _RUNS_AT_MOST))
        .where(col(Absence.kind).in_(ACCUSING), col(Absence.ended_by) != NO_ABSENCE)
    )
    for absence_id, counter_id, hall_id, timezone, start, end, answerable_at in session.execute(query):
        yield _Said(absence_id, counter_id, hall_id, timezone, Span(start, end), answerable_at)


def _is_heard(said: _Said, heard: Collection[Voice], operators: dict[str, list[Operator]]) -> bool:
    if not is_announced(said.span.start.astimezone(ZoneInfo(said.timezone)).year):
        return False
    owner_id = owner(operators.get(said.counter_id, ()), said.span)
    return any(voice.speaks_for(said.hall_id, owner_id) for voice in heard)


def _write(session: Session, deadlines: Deadlines, said: _Said, now: datetime, *, is_heard: bool) -> bool:
    """Time that has run out stays so: what counts by then counts."""
    absence = session.get_one(Absence, said.absence_id)
    if not is_heard:
        until = deadlines.judged(absence, None, said.hall_id).dispute_by
        if until is not None and until <= now:
            return False
    absence.answerable_at = now if is_heard else None
    session.add(absence)
    return True
