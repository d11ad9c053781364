"""Chooses what is due, camera by camera and in small batches, and has it deleted.

A camera is swept from its oldest footage on. What is kept beyond the camera's shortest keeping is not looked at again
until a rule changes, a hold is lifted, or a day has passed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, and_, col, or_, select

from storage.clock_leaps import Reading, keep_watch
from storage.database import Database
from storage.deletion_pause import paused_since
from storage.deletions import DeletionStep, Doomed, Shredder, order
from storage.happenings import happenings, looking_of, shown_in
from storage.holds import held, overlaps, take_turns
from storage.intervals import Span
from storage.models import Camera, Hold, Location, RetentionRule, Segment, TimeCorrection
from storage.objects import ObjectStore
from storage.retention import GRACE, Keeping, Rules, kept_from
from storage.time_shifts import recorded_span

log = structlog.get_logger(__name__)

BATCH = 200
"""Segments in one transaction: nobody else may hold the camera's footage meanwhile."""
AT_ONCE = 6_000
"""Objects deleted in one run, so that it ends soon when it shall; a thousand cameras fill half as many meanwhile."""
LOOKED_AT = 40_000
"""Segments looked at in one run."""
AGAIN = timedelta(days=1)
_COLUMNS = (col(Segment.id), col(Segment.start), col(Segment.end), col(Segment.shift_us))

OnExpired = Callable[[Session, str, Sequence[Span]], None]
"""Told within the transaction that takes the footage of these spans of a camera away."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Up to where a camera is swept."""

    start: datetime
    segment_id: int


@dataclass(frozen=True, slots=True)
class _Old:
    """A segment that may be due."""

    segment_id: int
    span: Span
    kept_from: datetime
    """From when on its keeping counts."""

    @property
    def place(self) -> _Place:
        return _Place(self.span.start, self.segment_id)


@dataclass(frozen=True, slots=True)
class _Swept:
    looked_at: int
    ordered: int
    place: _Place | None
    """None: nothing more of this camera is old enough."""


class ClockLeapt(Exception):
    """The server's clock leapt ahead: until the machine has run for a day nothing is deleted."""

    def __init__(self, by: timedelta, until: datetime) -> None:
        super().__init__(
            f"the server's clock leapt ahead by {by.days} days; nothing is deleted before {until:%Y-%m-%d %H:%M} UTC: "
            "if it is wrong now, set it; if it was before, correct the time of what was recorded and lift its holds; "
            "if the server was off for so long, nothing need be done"
        )


class DeletionPaused(Exception):
    """The index was made again from the store: nothing is deleted before somebody has looked at holds and rules."""

    def __init__(self, since: datetime) -> None:
        super().__init__(
            f"the index was recovered on {since:%Y-%m-%d %H:%M} UTC and nothing is deleted: set holds and retention "
            "rules again, which were lost with the database or are as old as its backup, and then let deletion go on "
            "under Deleted footage, or call hallwatch recover --delete-again"
        )


class Guard:
    """Whether anything may be deleted now; of each process that deletes."""

    def __init__(self, database: Database, since_boot: Callable[[], timedelta] | None = None, boot: str = "") -> None:
        """`since_boot`: a clock that never steps, by which leaps of the time of day are known; `boot`: its start."""
        self._database, self._since_boot, self._boot = database, since_boot, boot

    def check(self, now: datetime) -> None:
        """Raises ClockLeapt or DeletionPaused if nothing may, SQLAlchemyError."""
        self._heed_leaps(now)
        with self._database.transaction() as session:
            if (since := paused_since(session)) is not None:
                raise DeletionPaused(since)

    def _heed_leaps(self, now: datetime) -> None:
        if self._since_boot is None:
            return
        # In one transaction: if the holds could not be written, the leap is seen again.
        with self._database.transaction() as session:
            watch = keep_watch(session, Reading(now, self._since_boot(), self._boot))
        if watch.left:
            raise ClockLeapt(watch.ahead, now + watch.left)


class Expiry:
    """One per process; several processes wait for each other, camera by camera."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        spool: Path,
        on_expired: OnExpired,
        on_step: Callable[[DeletionStep], None] = lambda _step: None,
        batch: int = BATCH,
        at_once: int = AT_ONCE,
        since_boot: Callable[[], timedelta] | None = None,
        boot: str = "",
    ) -> None:
        """`since_boot`, `boot`: as of Guard."""
        self._database, self._on_expired, self._on_step = database, on_expired, on_step
        self._batch, self._at_once = batch, at_once
        self._shredder = Shredder(database, store, spool, on_step)
        self._places: dict[str, _Place] = {}
        self._finished = ""
        """The last camera of which nothing more was due."""
        self._basis: tuple[object, ...] = ()
        self._since: datetime | None = None
        self._guard = Guard(database, since_boot, boot)

    def run_once(self, now: datetime) -> int:
        """What a run before has left comes first. Returns the number of objects that are gone.

        Raises StoreError, SQLAlchemyError, or ClockLeapt or DeletionPaused: then nothing is deleted.
        """
        self._guard.check(now)
        gone = self._shredder.run_once(now, self._at_once)
        if self._order_due(now, self._at_once - gone):
            gone += self._shredder.run_once(now, self._at_once)
        return gone

    def _order_due(self, now: datetime, limit: int) -> int:
        with self._database.transaction() as session:
            rules = load_rules(session, now)
            cameras = list(session.exec(select(Camera.id, Camera.hall_id).order_by(col(Camera.id))))
            self._begin_anew_after_a_change(_basis(session, now), now)
        ordered = looked_at = 0
        # Who had no turn because the run was full comes first in the next.
        for camera_id, hall_id in sorted(cameras, key=lambda camera: (camera[0] <= self._finished, camera[0])):
            while ordered < limit and looked_at < LOOKED_AT:
                swept = self._sweep(camera_id, hall_id, rules, now)
                ordered, looked_at = ordered + swept.ordered, looked_at + swept.looked_at
                if swept.place is None:
                    self._finished = camera_id
                    break
                self._places[camera_id] = swept.place
        return ordered

    def _begin_anew_after_a_change(self, basis: tuple[object, ...], now: datetime) -> None:
        if self._since is None or basis != self._basis or now - self._since >= AGAIN:
            self._places, self._basis, self._since = {}, basis, now

    def _sweep(self, camera_id: str, hall_id: str, rules: Rules, now: datetime) -> _Swept:
        """One batch; a transaction that writes only where something is due."""
        with self._database.transaction() as session:
            looking = looking_of(session, camera_id)
            counters = sorted({look.counter_id for look in looking})
            segments = self._segments(session, camera_id, now - rules.shortest(hall_id, counters, now), now)
            if not segments:
                return _Swept(0, 0, None)
            whole = Span(segments[0].span.start, max(segment.span.end for segment in segments))
            happened = happenings(session, camera_id, counters, whole, now)
        due: dict[int, Keeping] = {}
        chosen = {segment.segment_id: segment.span for segment in segments}
        for segment in segments:
            shown = shown_in(segment.span, looking, happened)
            if keeping := rules.due(hall_id, shown, segment.kept_from, now):
                due[segment.segment_id] = keeping
        self._on_step(DeletionStep.CHOSEN)
        ordered = self._order(camera_id, whole, due, chosen, now) if due else 0
        return _Swept(len(segments), ordered, segments[-1].place)

    def _order(
        self, camera_id: str, whole: Span, due: dict[int, Keeping], chosen: dict[int, Span], now: datetime
    ) -> int:
        """What lies elsewhere since it was chosen is left: its time was corrected, and it may be held there."""
        with self._database.transaction() as session:
            take_turns(session, camera_id)
            if paused_since(session) is not None:
                return 0  # it was recovered since the run began
            holds = held(session, camera_id, whole)
            there = session.exec(select(Segment).where(col(Segment.id).in_(due), col(Segment.legal_hold).is_(False)))
            doomed = [
                Doomed(segment, due[segment.id])
                for segment in there
                if segment.id is not None
                and chosen[segment.id] == (span := Span(segment.start, segment.end))
                and not overlaps(span, holds)
            ]
            spans = order(session, doomed, now)
            if spans:
                self._on_expired(session, camera_id, spans)
            self._on_step(DeletionStep.WRITTEN)
        self._on_step(DeletionStep.ORDERED)
        if doomed:
            log.info("footage_expired", camera=camera_id, segments=len(doomed), until=whole.end.isoformat())
        return len(doomed)

    def _segments(self, session: Session, camera_id: str, old: datetime, now: datetime) -> list[_Old]:
        """The next ones, oldest first. What only the recorder's disk holds is not ours yet."""
        columns = select_columns(*_COLUMNS, col(TimeCorrection.made_at))
        query = columns.outerjoin(TimeCorrection, col(TimeCorrection.id) == col(Segment.correction_id)).where(
            col(Segment.camera_id) == camera_id,
            col(Segment.start) < old,
            col(Segment.end) <= old,
            col(Segment.location) == Location.STORED,
        )
        place = self._places.get(camera_id)
        if place:
            same = and_(col(Segment.start) == place.start, col(Segment.id) > place.segment_id)
            query = query.where(col(Segment.start) >= place.start, or_(col(Segment.start) > place.start, same))
        found = session.execute(query.order_by(col(Segment.start), col(Segment.id)).limit(self._batch))
        return [
            _Old(
                segment_id,
                Span(start, end),
                kept_from(end, recorded_span(start, end, shift_us).end, corrected_at, now),
            )
            for segment_id, start, end, shift_us, corrected_at in found
        ]


def load_rules(session: Session, now: datetime) -> Rules:
    lately = or_(col(RetentionRule.valid_to).is_(None), col(RetentionRule.valid_to) > now - GRACE)
    return Rules(session.exec(select(RetentionRule).where(lately).order_by(col(RetentionRule.id))))


def _basis(session: Session, now: datetime) -> tuple[object, ...]:
    """What is kept, and for how long, rests on it; a rule's change counts once more when its grace is over."""
    rules = session.exec(select(RetentionRule.id, RetentionRule.valid_from, RetentionRule.valid_to)).all()
    moments = [moment for _, *span in rules for moment in span if moment is not None]
    lifted = session.exec(select(func.max(Hold.lifted_at), func.max(Hold.released_at))).one()
    return (len(rules), len(moments), sum(moment + GRACE <= now for moment in moments), *lifted)
