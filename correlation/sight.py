"""What is known of a counter's presence in a span: the states, how far it was watched, how true the clocks were."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, and_, bindparam, case, exists, or_, select
from sqlmodel import Session, col

from correlation.findings import Seen
from correlation.windows import windows
from storage.intervals import Span
from storage.models import MAX_SEGMENT_SECONDS, Camera, CameraFault, FaultKind, Presence, Segment, View, WatchCursor

_STATES_BEFORE = 8
"""States of a counter follow one another, so one that reaches into a span is among the last few before it."""
_BRIDGE = timedelta(hours=2)
_LONGEST = timedelta(hours=12)


@dataclass(frozen=True)
class Onlooker:
    """One camera's view of a counter, and up to when the camera was watched."""

    camera_id: str
    valid_from: datetime | None
    valid_to: datetime | None
    """Exclusive."""
    watched_to: datetime | None
    """None if it never was."""
    delivers: bool
    """It is switched on and not known to send nothing, so that more of it is to come."""

    def looks_at(self, moment: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= moment) and (
            self.valid_to is None or moment < self.valid_to
        )


@dataclass(frozen=True)
class Watched:
    """The cameras that look at one counter."""

    onlookers: tuple[Onlooker, ...] = ()

    def at(self, moment: datetime) -> list[str]:
        """Cameras whose view was valid at the moment."""
        return [onlooker.camera_id for onlooker in self._at(moment)]

    def watched_to(self, moment: datetime) -> datetime | None:
        """The least of those cameras that deliver: what one of them shows later may change what is known.

        When none does, the furthest that any of them was watched while it did. None if none was ever watched.
        """
        seen = [(o.delivers, o.watched_to) for o in self._at(moment) if o.watched_to is not None]
        awaited = [to for delivers, to in seen if delivers]
        return min(awaited) if awaited else max((to for _, to in seen), default=None)

    def _at(self, moment: datetime) -> list[Onlooker]:
        return [onlooker for onlooker in self.onlookers if onlooker.looks_at(moment)]


def watched_counters(session: Session, counters: frozenset[str]) -> dict[str, Watched]:
    silent = exists().where(
        col(CameraFault.camera_id) == col(View.camera_id),
        col(CameraFault.kind) == FaultKind.NO_SIGNAL,
        col(CameraFault.end).is_(None),
    )
    query = (
        select(
            col(View.counter_id),
            col(View.camera_id),
            col(View.valid_from),
            col(View.valid_to),
            col(WatchCursor.watched_to),
            and_(col(Camera.enabled), ~silent),
        )
        .join(Camera, col(Camera.id) == col(View.camera_id))
        .outerjoin(WatchCursor, col(WatchCursor.camera_id) == col(View.camera_id))
        .where(col(View.counter_id).in_(counters))
    )
    found: dict[str, list[Onlooker]] = defaultdict(list)
    for counter, *onlooker in session.execute(query):
        found[counter].append(Onlooker(*onlooker))
    return {counter: Watched(tuple(found[counter])) for counter in counters}


# Built once: building a statement takes longer than running it.
_STATES: Table = Presence.__table__  # type: ignore[attr-defined]
_AT_COUNTER = select(_STATES.c.start, _STATES.c.end, _STATES.c.staff).where(
    _STATES.c.counter_id == bindparam("counter")
)
_INSIDE = _AT_COUNTER.where(_STATES.c.start >= bindparam("since"), _STATES.c.start < bindparam("until")).order_by(
    _STATES.c.start
)
_BEFORE = _AT_COUNTER.where(_STATES.c.start < bindparam("since")).order_by(_STATES.c.start.desc()).limit(_STATES_BEFORE)


def presence_in(session: Session, counter_id: str, span: Span) -> list[Seen]:
    """States that reach into the span, in order. Reads a bounded part of one index."""
    values = {"counter": counter_id, "since": span.start, "until": span.end}
    before = session.execute(_BEFORE, {"counter": counter_id, "since": span.start}).all()
    inside = session.execute(_INSIDE, values).all()
    found = (Seen(start, end, staff) for start, end, staff in [*reversed(before), *inside])
    return [seen for seen in found if seen.end is None or seen.end > span.start]


def presence_of(session: Session, spans: Sequence[tuple[str, Span]]) -> list[list[Seen]]:
    """The same for many spans at counters, each in the place of its span."""
    by_counter: dict[str, list[int]] = defaultdict(list)
    for place, (counter_id, _) in enumerate(spans):
        by_counter[counter_id].append(place)
    found: list[list[Seen]] = [[] for _ in spans]
    for counter_id, places in by_counter.items():
        for wide, inside in windows([spans[place][1] for place in places], _BRIDGE, _LONGEST):
            states = presence_in(session, counter_id, wide)
            for number in inside:
                found[places[number]] = _touching(states, spans[places[number]][1])
    return found


def _touching(states: Sequence[Seen], span: Span) -> list[Seen]:
    until = bisect_left(states, span.end, key=lambda seen: seen.start)
    since = max(0, bisect_left(states, span.start, key=lambda seen: seen.start) - _STATES_BEFORE)
    return [seen for seen in states[since:until] if seen.end is None or seen.end > span.start]


def clock_errors(session: Session, cameras: Sequence[str], span: Span) -> list[timedelta]:
    """Differences between the clocks of cameras and recorder in the span; empty: nobody compared them.

    Of footage whose time was corrected by hand: how far it may be off since.
    """
    corrected = col(Segment.correction_id).is_not(None)
    query = (
        select(case((corrected, col(Segment.clock_error_us)), else_=col(Segment.clock_offset_us)))
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
