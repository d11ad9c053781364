"""Which due dates of cases under way a change moves, as pages show it before it is decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.loading import CaseTold, Catalogues, load_told
from correlation.deadlines.trying import Moved, World, moved, open_cases
from correlation.rulebook import rule_book
from storage.models import Closure
from web.pages.scoping import cases_in_scope
from web.viewer import Viewer

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class MovedRow:
    case_id: int
    number: str
    source: str
    """The id of the platform that sent it."""
    due_before: datetime | None
    """The last moment in time; None: no limit runs."""
    due_after: datetime | None
    legal_before: datetime | None
    legal_after: datetime | None
    yellow: int
    """How many more cards stand; negative: fewer."""
    red: int
    late: bool
    """It would be late by now, and is not."""
    in_time: bool
    """It is late by now, and would not be."""
    provisional: bool
    """The new date rests on a year whose holidays are not announced."""


@dataclass(frozen=True)
class Consequence:
    examined: int
    left_out: int
    """Cases beyond those."""
    moved: int
    later: int
    earlier: int
    rows: tuple[MovedRow, ...]
    """By the new date."""


def consequence(
    session: Session,
    viewer: Viewer,
    conditions: Sequence[ColumnElement[bool]],
    now: datetime,
    *,
    catalogues: Callable[[Sequence[CaseTold]], Catalogues] | None = None,
    closures: Sequence[Closure] = (),
) -> Consequence:
    """With other catalogues, or with these closures as if they were noted."""
    chosen = open_cases(session, cases_in_scope(viewer), *conditions)
    rules = rule_book(session).rules
    told = load_told(session, chosen.ids, rules)
    book = CalendarBook()
    book.refresh(session)
    before = World(Catalogues(session, told), book.of)
    after = World(
        catalogues(told) if catalogues else before.catalogues,
        book.tried(session, closures) if closures else book.of,
    )
    found = [_row(one, now) for one in moved(told, before, after, rules, now)]
    return Consequence(
        examined=len(told),
        left_out=chosen.left_out,
        moved=len(found),
        later=sum(1 for row in found if _is_later(row)),
        earlier=sum(1 for row in found if _is_earlier(row)),
        rows=tuple(found),
    )


def _is_later(row: MovedRow) -> bool:
    return row.due_before is not None and row.due_after is not None and row.due_after > row.due_before


def _is_earlier(row: MovedRow) -> bool:
    return row.due_before is not None and row.due_after is not None and row.due_after < row.due_before


def _row(one: Moved, now: datetime) -> MovedRow:
    was_late, is_late = ((_due(each.late_from) or now) < now for each in (one.before, one.after))
    return MovedRow(
        case_id=one.case_id,
        number=one.number,
        source=one.source_id,
        due_before=_due(one.before.late_from),
        due_after=_due(one.after.late_from),
        legal_before=_due(one.before.legal_late_from),
        legal_after=_due(one.after.legal_late_from),
        yellow=one.after.yellow - one.before.yellow,
        red=one.after.red - one.before.red,
        late=is_late and not was_late,
        in_time=was_late and not is_late,
        provisional=one.after.provisional,
    )


def _due(late_from: datetime | None) -> datetime | None:
    return late_from - _MOMENT if late_from else None
