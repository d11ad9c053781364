"""What is known of a counter at a moment: what was written last counts only while its cameras are being watched.

Two things say so. A watcher that has ended or hangs has no heartbeat. A watcher that lives may still be looking at what
was recorded while it was away: then the cursors of the cameras, up to where each was watched, lie in the past, and so
does the presence that was written last. The cursors are of cameras, so it does not matter how many watchers there are.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from storage.models import Absence, CustomerState, Node, Presence, StaffState, View, WatchCursor

WATCHER = "watcher"
"""The role of a watcher's node."""
WATCHER_DOWN = "watcher_down"
CATCHING_UP = "catching_up"
NO_VIEW = "no_view"
CAMERA_OFF = "camera_off"
"""There is a view of it, and its camera is switched off."""
SILENT_AFTER = timedelta(seconds=15)
"""A watcher's heartbeat comes every three seconds; longer silence than this is a watcher that has ended or hangs."""
BEHIND_AFTER = timedelta(seconds=35)
"""Cursors are written with the heartbeat, every three seconds, and live pictures may be dated thirty seconds back by a
camera whose clock is slow; what lags further is not live."""


@dataclass(frozen=True, slots=True)
class PresenceNow:
    staff: StaffState
    customer: CustomerState
    since: datetime | None
    reason: str = ""
    """Why unknown."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How far one counter has been watched."""

    heartbeat: datetime | None
    """The newest of any watcher; None when none has ever lived."""
    to: datetime | None = None
    """The newest sample of any camera that looks at the counter; None when there is none yet."""

    def doubt(self, now: datetime) -> str:
        """Why what was written last does not hold now; empty if it does."""
        if self.heartbeat is None or now - self.heartbeat > SILENT_AFTER:
            return WATCHER_DOWN
        return CATCHING_UP if self.to is not None and now - self.to > BEHIND_AFTER else ""

    def known_to(self, start: datetime) -> datetime:
        """Up to when a state that began at `start` is known, if it is in doubt."""
        return max(start, min((at for at in (self.heartbeat, self.to) if at is not None), default=start))


def presence_of(row: Presence, since: datetime | None = None) -> PresenceNow:
    """`since`: from when on its staff state has lasted; the row may have begun later, with a customer."""
    return PresenceNow(row.staff, row.customer, since or row.start, row.reason)


def staff_since(session: Session, counters: Collection[str]) -> dict[str, datetime]:
    """From when on the staff state of each counter has been what it is now, whoever waited meanwhile."""
    before = aliased(Presence)
    # By the index, backwards from the open row to the first that is otherwise.
    otherwise = (
        select(before.end)
        .where(before.counter_id == Presence.counter_id, before.start < Presence.start, before.staff != Presence.staff)
        .order_by(col(before.start).desc())
        .limit(1)
        .scalar_subquery()
    )
    first = select(func.min(before.start)).where(before.counter_id == Presence.counter_id).scalar_subquery()
    query = select(Presence.counter_id, func.coalesce(otherwise, first)).where(
        col(Presence.counter_id).in_(counters), col(Presence.end).is_(None)
    )
    return dict(session.exec(query).all())


def watched_counters(session: Session, counters: Collection[str], now: datetime) -> dict[str, Watched]:
    """Of every one of these counters, by two queries."""
    heartbeat = session.exec(select(func.max(Node.heartbeat)).where(Node.role == WATCHER)).one()
    to = watched_to(session, counters, now)
    return {counter_id: Watched(heartbeat, to.get(counter_id)) for counter_id in counters}


def watched_to(session: Session, counters: Collection[str], now: datetime) -> dict[str, datetime]:
    """The newest sample of each counter's cameras, of those whose view has not ended."""
    query = (
        select(View.counter_id, func.max(WatchCursor.watched_to))
        .join(WatchCursor, col(WatchCursor.camera_id) == col(View.camera_id))
        .where(col(View.counter_id).in_(counters), or_(col(View.valid_to).is_(None), col(View.valid_to) > now))
        .group_by(col(View.counter_id))
    )
    return dict(session.exec(query).all())


def seen_until(session: Session, absences: Iterable[Absence], now: datetime) -> dict[int, datetime]:
    """The end of each absence by its id; of one that lasts, the last moment in which it was seen to last."""
    rows = list(absences)
    to = watched_to(session, {row.counter_id for row in rows if row.end is None}, now)
    return {row.id: row.end or lasting_until(row.start, to.get(row.counter_id), now) for row in rows if row.id}


def lasting_until(start: datetime, to: datetime | None, now: datetime) -> datetime:
    """Up to when something that began at `start` and has not ended was seen, its counter being watched up to `to`."""
    return max(start, min(now, to or now))


def presence_now(last: PresenceNow, watched: Watched, now: datetime) -> PresenceNow:
    """`last` while the counter is watched; otherwise unknown from when on it was not."""
    doubt = watched.doubt(now)
    if not doubt or (doubt == CATCHING_UP and _tells_nothing(last)):
        return last
    since = watched.known_to(last.since) if last.since else watched.heartbeat
    return PresenceNow(StaffState.UNKNOWN, CustomerState.UNKNOWN, since, doubt)


def known_presence(spans: Iterable[Presence], watched: Watched, now: datetime) -> list[Presence]:
    """The same spans, but an open one ends where watching does and is unknown from there on. Changes no row."""
    rows, doubt = list(spans), watched.doubt(now)
    if not doubt:
        return rows
    return [
        part
        for row in rows
        for part in (
            (row,)
            if row.end is not None or (doubt == CATCHING_UP and _tells_nothing(row))
            else _cut(row, watched.known_to(row.start), doubt)
        )
    ]


def _tells_nothing(state: PresenceNow | Presence) -> bool:
    """Unknown already, and with a better reason: a camera that sends nothing has an old cursor too."""
    return state.staff is StaffState.UNKNOWN and state.customer is CustomerState.UNKNOWN


def _cut(row: Presence, at: datetime, reason: str) -> tuple[Presence, ...]:
    gone = Presence(
        counter_id=row.counter_id,
        start=at,
        staff=StaffState.UNKNOWN,
        customer=CustomerState.UNKNOWN,
        reason=reason,
        source=row.source,
    )
    if at == row.start:
        return (gone,)
    return Presence(**row.model_dump(exclude={"id", "end"}), end=at), gone
