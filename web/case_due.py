"""Until when a case has to be done, as far as is known: by its limits as they were reckoned, else as its platform says.

The promised limit comes first, it is the earlier one. While a case is suspended, or waits for its applicant, no limit
runs, whatever its platform once announced.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, not_, null, or_
from sqlmodel import col

from storage.models import Case, Deadline, Standing

NOT_RUNNING = (Standing.WAITING, Standing.STOPPED)
ENDED = (Standing.DONE, Standing.DONE_LATE)
"""A decision ends the limits, whether the case is closed by then or its platform never tells."""
PAST = (Standing.YELLOW, Standing.RED)
"""A limit has passed that does not move any more."""
_MOMENT = timedelta(microseconds=1)


def late_from(found: Case, deadline: Deadline | None) -> datetime | None:
    """The first moment that is too late; None if none is known, or none runs."""
    if deadline is not None:
        if deadline.standing in NOT_RUNNING:
            return None
        reckoned = deadline.promised_late_from or deadline.legal_late_from
        if reckoned is not None:
            return reckoned
    return found.due_at + _MOMENT if found.due_at else None


def due_at(found: Case, deadline: Deadline | None) -> datetime | None:
    """The last moment in time."""
    first = late_from(found, deadline)
    return first - _MOMENT if first else None


# The same of a query that joins `case_file` with its `deadline`, if it has one.


def due() -> ColumnElement[Any]:
    """The last moment in time, to within a microsecond."""
    return case(
        (col(Deadline.standing).in_(NOT_RUNNING), null()),
        else_=func.coalesce(col(Deadline.promised_late_from), col(Deadline.legal_late_from), col(Case.due_at)),
    )


def is_pending() -> ColumnElement[bool]:
    """Whether it is still to be done: neither closed nor decided."""
    standing = col(Deadline.standing)
    return and_(col(Case.closed_at).is_(None), or_(standing.is_(None), standing.not_in(ENDED)))


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Whether it is still to be done after that. A date that may still move has not passed."""
    return and_(is_pending(), due() < now, not_(_may_move()))


def is_unknown(now: datetime) -> ColumnElement[bool]:
    """Whether no limit is known though one runs, or a date that may still move: it cannot be told if it is late."""
    standing = col(Deadline.standing)
    is_none = and_(due().is_(None), or_(standing.is_(None), standing.not_in((*NOT_RUNNING, *ENDED))))
    return or_(is_none, and_(is_pending(), due() < now, _may_move()))


def _may_move() -> ColumnElement[bool]:
    """Never NULL, so that it can be negated. Where one limit has passed for certain it does not matter of another."""
    may_move = and_(col(Deadline.provisional).is_(True), col(Deadline.standing).not_in(PAST))
    return func.coalesce(may_move, false())


def is_late(now: datetime) -> ColumnElement[bool]:
    """Whether it is still to be done after that, or was done after it."""
    return or_(is_overdue(now), was_late())


def was_late() -> ColumnElement[bool]:
    """Whether it was done after it."""
    as_announced = and_(col(Deadline.case_id).is_(None), col(Case.closed_at) > col(Case.due_at))
    return or_(col(Deadline.standing) == Standing.DONE_LATE, as_announced)
