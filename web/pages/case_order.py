"""In which order cases are listed, and where their next page begins.

The newest first; or first what is under way by its limits, and then the rest, the newest first: that has no limit to
wait for, or is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, not_, or_, true
from sqlmodel import Session, col, select

from storage.models import Case, Deadline
from web import case_due
from web.pages.paging import Cursor, after, parse_cursor

Sort = Literal["", "due"]
_BY_LIMIT = "d"


@dataclass(frozen=True)
class Place:
    """Of one row in the list, for the next ones to begin after."""

    cursor: Cursor
    is_by_limit: bool
    """Its time is that of the limit; else that at which it was opened."""

    def __str__(self) -> str:
        return f"{_BY_LIMIT if self.is_by_limit else ''}{self.cursor}"


class Listed(NamedTuple):
    case: Case
    place: Place


def parse_place(text: str, sort: Sort) -> Place | None:
    """None for the first page, for an address that somebody has mangled, and for one of another order."""
    is_by_limit = text.startswith(_BY_LIMIT)
    cursor = parse_cursor(text.removeprefix(_BY_LIMIT))
    return Place(cursor, is_by_limit) if cursor and (sort == "due" or not is_by_limit) else None


def cases_in_order(
    session: Session, conditions: Sequence[ColumnElement[bool]], sort: Sort, last: Place | None, limit: int
) -> list[Listed]:
    """Those that meet the conditions, which may tell of a case's deadline, after the `last` one."""
    cursor = last.cursor if last else None
    if sort == "":
        return _newest(session, conditions, cursor, limit)
    is_among_the_first = last is None or last.is_by_limit
    first = _by_limit(session, conditions, cursor, limit) if is_among_the_first else []
    if len(first) == limit:
        return first
    others = [*conditions, not_(_has_limit_ahead())]
    return first + _newest(session, others, None if is_among_the_first else cursor, limit - len(first))


def _newest(
    session: Session, conditions: Sequence[ColumnElement[bool]], cursor: Cursor | None, limit: int
) -> list[Listed]:
    found = session.exec(
        select(Case)
        .outerjoin(Deadline, col(Deadline.case_id) == col(Case.id))
        .where(*conditions, after(cursor, col(Case.opened_at), col(Case.id)))
        .order_by(col(Case.opened_at).desc(), col(Case.id).desc())
        .limit(limit)
    )
    return [Listed(case, Place(Cursor(case.opened_at, case.id or 0), is_by_limit=False)) for case in found]


def _by_limit(
    session: Session, conditions: Sequence[ColumnElement[bool]], cursor: Cursor | None, limit: int
) -> list[Listed]:
    due = case_due.due()
    found = session.exec(
        select(Case, due)
        .outerjoin(Deadline, col(Deadline.case_id) == col(Case.id))
        .where(*conditions, _has_limit_ahead(), _comes_later(due, cursor))
        .order_by(due, col(Case.id))
        .limit(limit)
    )
    return [Listed(case, Place(Cursor(at, case.id or 0), is_by_limit=True)) for case, at in found]


def _has_limit_ahead() -> ColumnElement[bool]:
    """Never NULL, so that it can be negated."""
    return and_(case_due.is_pending(), case_due.due().is_not(None))


def _comes_later(due: ColumnElement[bool], cursor: Cursor | None) -> ColumnElement[bool]:
    if cursor is None:
        return true()
    return or_(due > cursor.at, and_(due == cursor.at, col(Case.id) > cursor.id))
