"""What was seen at a counter in a span of time, however long: presence as values, and the absences that followed."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from analytics.absence import WITHDRAWN
from analytics.recording import frames_of, span_of
from analytics.runs import PresenceSpan
from storage.intervals import Span
from storage.models import ABSENCES, Absence, DisputeState, Presence
from storage.presence_now import known_presence, seen_until, watched_counters

_COLUMNS = (
    *(Presence.start, Presence.end, Presence.staff, Presence.customer, Presence.confidence, Presence.reason),
    *(Presence.staff_count, Presence.staff_most, Presence.customer_count, Presence.frames),
)


def presence_in(session: Session, counter_id: str, span: Span, now: datetime) -> list[PresenceSpan]:
    """Every span that reaches into it, in order; what no watcher has seen, because none lives or it is behind, is
    unknown."""
    lasting = select(Presence).where(*_reaching(counter_id, span), col(Presence.end).is_(None))
    watched = watched_counters(session, [counter_id], now)[counter_id]
    over = [seen for seen in written_presence(session, counter_id, span) if seen.end is not None]
    return over + [span_of(row) for row in known_presence(session.exec(lasting), watched, now) if row.start < span.end]


def written_presence(session: Session, counter_id: str, span: Span) -> list[PresenceSpan]:
    """The same as it was written, whoever watches now."""
    query = sqlalchemy.select(*map(col, _COLUMNS)).where(*_reaching(counter_id, span))
    found = session.execute(query.order_by(col(Presence.start)))
    return [PresenceSpan(*(*values, frames_of(frames))) for *values, frames in found]


def absences_in(session: Session, counter_id: str, span: Span, now: datetime) -> tuple[list[Span], list[Span]]:
    """Those that count, and those that are disputed, each up to where it was seen to last; no other events."""
    rows = session.exec(
        select(Absence)
        .where(
            Absence.counter_id == counter_id,
            col(Absence.kind).in_(ABSENCES),
            Absence.ended_by != WITHDRAWN,
            or_(col(Absence.dispute).is_(None), col(Absence.dispute) != DisputeState.WITHDRAWN),
            Absence.start < span.end,
            or_(col(Absence.end).is_(None), col(Absence.end) > span.start),
        )
        .order_by(col(Absence.start))
    ).all()
    until = seen_until(session, rows, now)
    spans = [(row.dispute, Span(row.start, max(row.start, until[row.id]))) for row in rows if row.id is not None]
    disputed = [span for state, span in spans if state is DisputeState.DISPUTED]
    return [span for state, span in spans if state is not DisputeState.DISPUTED], disputed


def _reaching(counter_id: str, span: Span) -> Iterable[ColumnElement[bool]]:
    """By the index: of a counter's spans only the last that began before can reach into it."""
    before = select(func.max(Presence.start)).where(Presence.counter_id == counter_id, Presence.start <= span.start)
    yield col(Presence.counter_id) == counter_id
    yield col(Presence.start) >= func.coalesce(before.scalar_subquery(), span.start)
    yield col(Presence.start) < span.end
