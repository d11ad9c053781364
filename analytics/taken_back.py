"""What was seen of a counter and is void since, by a view or at a time that was another: nobody knows any more."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from analytics.absence import WITHDRAWN
from analytics.clock_twice import CLOCK_SET_BACK
from analytics.presence import Transition
from analytics.recording import due_of, end_absence, take_turns
from analytics.rewriting import known_in, rewrite_presence
from analytics.runs import UNKNOWN
from storage.intervals import Span
from storage.models import Absence, CustomerState, Presence, StaffState

VIEW_CHANGED = "view_changed"
TIME_CORRECTED = "time_corrected"
"""The reasons for which such presence is unknown."""


def take_back(
    session: Session,
    counter_id: str,
    spans: Iterable[Span],
    now: datetime,
    reason: str = VIEW_CHANGED,
    since: datetime | None = None,
) -> None:
    """In these spans the counter's presence becomes unknown, and no absence rests on them; none is looked for anew.

    `since`: only what began then or later. What began before and lasts says nothing of time that is still to come.
    """
    take_turns(session, counter_id)
    began = since or datetime.min.replace(tzinfo=UTC)
    for span in spans:
        seen = select(Presence).where(*_touches(Presence, counter_id, span), Presence.start >= began)
        for row in list(session.exec(seen)):
            _forget(session, row, span, now, reason)
        session.flush()
        _end_all(session, counter_id, span, now, began)


def forget_said_twice(session: Session, counter_id: str, span: Span, now: datetime, source: str) -> None:
    """Of time that the clock has said for the second time nobody can tell which of the two was so."""
    take_turns(session, counter_id)
    if known_in(session, counter_id, span):
        why = Transition(counter_id, span.start, StaffState.UNKNOWN, CustomerState.UNKNOWN, reason=CLOCK_SET_BACK)
        rewrite_presence(session, counter_id, span, [why], source)
    _end_all(session, counter_id, span, now)


def was_taken_back(session: Session, counter_id: str, since: datetime) -> bool:
    """Whether anything was that reaches beyond `since`."""
    until_now = Span(since, datetime.max.replace(tzinfo=since.tzinfo))
    found = select(Presence.id).where(*_touches(Presence, counter_id, until_now), Presence.reason == VIEW_CHANGED)
    return session.exec(found.limit(1)).first() is not None


def _touches(
    table: type[Presence] | type[Absence], counter_id: str, span: Span
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    end = col(table.end)
    return col(table.counter_id) == counter_id, col(table.start) < span.end, or_(end.is_(None), end > span.start)


def _forget(session: Session, row: Presence, span: Span, now: datetime, reason: str) -> None:
    if row.staff is StaffState.UNKNOWN and row.customer is CustomerState.UNKNOWN:
        return
    if row.start < span.start:
        session.add(Presence(**row.model_dump(exclude={"id", "end"}), end=span.start))
        row.start = span.start
    if span.end < (row.end or now):
        session.add(Presence(**row.model_dump(exclude={"id", "start"}), start=span.end))
        row.end = span.end
    row.staff, row.customer = StaffState.UNKNOWN, CustomerState.UNKNOWN
    row.staff_count = row.staff_most = row.customer_count = None
    row.confidence, row.reason, row.frames = 0.0, reason, []


def _end_all(
    session: Session, counter_id: str, span: Span, now: datetime, began: datetime = datetime.min.replace(tzinfo=UTC)
) -> None:
    found = select(Absence).where(*_touches(Absence, counter_id, span), Absence.start >= began)
    for absence in list(session.exec(found)):
        _end(session, absence, span.start, now)
    session.flush()


def _end(session: Session, absence: Absence, at: datetime, now: datetime) -> None:
    """One that was not yet due by then has been none."""
    if at < due_of(absence):
        end_absence(session, absence, absence.start, WITHDRAWN, now)
    else:
        end_absence(session, absence, at, UNKNOWN, now)
