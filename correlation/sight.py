"""What is known of a counter's presence in a span: the states, how far it was watched, how true the clocks were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlmodel import Session, col

from correlation.findings import Seen
from storage.intervals import Span
from storage.models import MAX_SEGMENT_SECONDS, CameraFault, FaultKind, Presence, Segment, View, WatchCursor

_STATES_BEFORE = 8
"""States of a counter follow one another, so one that reaches into a span is among the last few before it."""


@dataclass(frozen=True)
class Watched:
    """The cameras that look at one counter, and up to when each was watched."""

    cameras: tuple[tuple[str, datetime | None, datetime | None, datetime | None], ...] = ()
    """Id, view valid from, view valid to (exclusive), watched to."""

    def at(self, moment: datetime) -> list[str]:
        """Cameras whose view was valid at the moment."""
        return [
            camera
            for camera, since, until, _ in self.cameras
            if (since is None or since <= moment) and (until is None or moment < until)
        ]

    def watched_to(self, moment: datetime) -> datetime | None:
        """The least of those cameras; None if none is watched."""
        at_work = set(self.at(moment))
        return min((to for camera, _, _, to in self.cameras if to is not None and camera in at_work), default=None)


def watched_counters(session: Session, counters: frozenset[str]) -> dict[str, Watched]:
    query = (
        select(
            col(View.counter_id),
            col(View.camera_id),
            col(View.valid_from),
            col(View.valid_to),
            col(WatchCursor.watched_to),
        )
        .outerjoin(WatchCursor, col(WatchCursor.camera_id) == col(View.camera_id))
        .where(col(View.counter_id).in_(counters))
    )
    found: dict[str, list[tuple[str, datetime | None, datetime | None, datetime | None]]] = {}
    for counter, camera, since, until, watched_to in session.execute(query):
        found.setdefault(counter, []).append((camera, since, until, watched_to))
    return {counter: Watched(tuple(found.get(counter, ()))) for counter in counters}


def presence_in(session: Session, counter_id: str, span: Span) -> list[Seen]:
    """States that reach into the span, in order. Reads a bounded part of one index."""
    rows = select(col(Presence.start), col(Presence.end), col(Presence.staff)).where(
        col(Presence.counter_id) == counter_id
    )
    start = col(Presence.start)
    inside = rows.where(start >= span.start, start < span.end).order_by(start)
    before = rows.where(start < span.start).order_by(start.desc()).limit(_STATES_BEFORE)
    found = [*reversed(session.execute(before).all()), *session.execute(inside).all()]
    return [Seen(since, end, staff) for since, end, staff in found if end is None or end > span.start]


def clock_errors(session: Session, cameras: Sequence[str], span: Span) -> list[timedelta]:
    """Differences between the clocks of cameras and recorder while the span was recorded."""
    query = (
        select(col(Segment.clock_offset_us))
        .where(
            col(Segment.camera_id).in_(cameras),
            col(Segment.start) > span.start - timedelta(seconds=MAX_SEGMENT_SECONDS),
            col(Segment.start) < span.end,
        )
        .distinct()
    )
    return [timedelta(microseconds=offset) for offset in session.execute(query).scalars()]


def clock_was_wrong(session: Session, cameras: Sequence[str], span: Span) -> bool:
    """Whether one of the cameras was known to have a wrong clock in the span."""
    query = select(col(CameraFault.id)).where(
        col(CameraFault.camera_id).in_(cameras),
        col(CameraFault.kind) == FaultKind.CLOCK_WRONG,
        col(CameraFault.start) < span.end,
        or_(col(CameraFault.end).is_(None), col(CameraFault.end) > span.start),
    )
    return session.execute(query.limit(1)).first() is not None
