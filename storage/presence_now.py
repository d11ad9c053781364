"""What is known of a counter at a moment: the last presence that was written counts only while a watcher lives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, func, select

from storage.models import CustomerState, Node, Presence, StaffState

WATCHER = "watcher"
"""The role of a watcher's node."""
WATCHER_DOWN = "watcher_down"
SILENT_AFTER = timedelta(seconds=15)
"""A watcher's heartbeat comes every half second; longer silence than this is a watcher that has ended or hangs."""


@dataclass(frozen=True, slots=True)
class PresenceNow:
    staff: StaffState
    customer: CustomerState
    since: datetime | None
    reason: str = ""
    """Why unknown."""


def presence_of(row: Presence) -> PresenceNow:
    return PresenceNow(row.staff, row.customer, row.start, row.reason)


def last_watched(session: Session) -> datetime | None:
    """The newest heartbeat of any watcher; None when none has ever lived."""
    heartbeat: datetime | None = session.exec(select(func.max(Node.heartbeat)).where(Node.role == WATCHER)).one()
    return heartbeat


def is_watched(watched: datetime | None, now: datetime) -> bool:
    return watched is not None and now - watched <= SILENT_AFTER


def presence_now(last: PresenceNow, watched: datetime | None, now: datetime) -> PresenceNow:
    """`last` while a watcher lives; otherwise unknown since its last heartbeat."""
    if is_watched(watched, now):
        return last
    since = max((at for at in (watched, last.since) if at is not None), default=None)
    return PresenceNow(StaffState.UNKNOWN, CustomerState.UNKNOWN, since, WATCHER_DOWN)


def known_presence(spans: Iterable[Presence], watched: datetime | None, now: datetime) -> list[Presence]:
    """The same spans, but an open one ends with the watcher and is unknown from there on. Changes no row."""
    rows = list(spans)
    if is_watched(watched, now):
        return rows
    return [part for row in rows for part in (_cut(row, watched) if row.end is None else (row,))]


def _cut(row: Presence, watched: datetime | None) -> tuple[Presence, ...]:
    at = max(watched or row.start, row.start)
    gone = Presence(
        counter_id=row.counter_id,
        start=at,
        staff=StaffState.UNKNOWN,
        customer=CustomerState.UNKNOWN,
        reason=WATCHER_DOWN,
        source=row.source,
    )
    if at == row.start:
        return (gone,)
    return Presence(**row.model_dump(exclude={"id", "end"}), end=at), gone
