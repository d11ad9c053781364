"""Holds as the store itself enforces them: a legal hold on each object that is held, gone with its last holder.

A hold may reach into time that is not recorded or not stored yet, so the store is told again and again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from storage.database import Database
from storage.holds import held, overlaps
from storage.intervals import Span
from storage.models import MAX_SEGMENT_SECONDS, Hold, Location, Segment
from storage.objects import ObjectMissing, ObjectStore, StoreError

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""Objects of one hold in one run, so that it ends soon when it shall."""
_MAX_LENGTH = timedelta(seconds=MAX_SEGMENT_SECONDS)


class LegalHolds:
    """`run_once` does what is due; run it every few seconds. Where the store cannot lock it does nothing."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database, self._store = database, store
        self._unlocked_to: dict[int, tuple[datetime, int]] = {}
        """Start and id of a segment, by lifted hold.

        A process that is started anew unlocks from the beginning: to unlock twice does no harm.
        """

    def run_once(self, now: datetime) -> int:
        """The number of objects locked and unlocked. Raises StoreError when it is not known whether the store can."""
        with self._database.transaction() as session:
            holds = list(session.exec(select(Hold).where(col(Hold.released_at).is_(None)).order_by(col(Hold.id))))
        if not holds:
            return 0
        if self._store.can_lock():
            return sum(self._serve(hold, now) for hold in holds)
        for hold in holds:
            if hold.lifted_at:
                self._note(hold, released_at=now)
        return 0

    def _serve(self, hold: Hold, now: datetime) -> int:
        try:
            done = self._unlock(hold, now) if hold.lifted_at else self._lock(hold)
        except StoreError as error:
            reason = str(error).partition("\n")[0][:500]
            if reason != hold.store_error:
                log.error("store_not_told_of_hold", hold=hold.id, error=reason)
            self._note(hold, store_error=reason)
            return 0
        if hold.store_error:
            self._note(hold, store_error="")
        return done

    def _lock(self, hold: Hold) -> int:
        """First the object, then its row: a row that says so is never wrong."""
        with self._database.transaction() as session:
            query = select(Segment).where(stored_within(hold), col(Segment.legal_hold).is_(False))
            segments = list(session.exec(query.order_by(col(Segment.start)).limit(AT_ONCE)))
        return self._each(segments, self._store.lock, locked=True)

    def _unlock(self, hold: Hold, now: datetime) -> int:
        """Whatever the rows say: whoever died between object and row must not leave it locked for ever."""
        assert hold.id is not None
        since, last_id = self._unlocked_to.get(hold.id, (hold.start - _MAX_LENGTH, 0))
        # Several may begin at the same moment: of a time that was recorded twice.
        later = or_(col(Segment.start) > since, and_(col(Segment.start) == since, col(Segment.id) > last_id))
        with self._database.transaction() as session:
            query = select(Segment).where(stored_within(hold), later)
            segments = list(session.exec(query.order_by(col(Segment.start), col(Segment.id)).limit(AT_ONCE)))
            free = _not_held(session, hold.camera_id, segments)
        done = self._each(free, self._store.unlock, locked=False)
        if segments and (newest_id := segments[-1].id) is not None:
            self._unlocked_to[hold.id] = segments[-1].start, newest_id
        if len(segments) < AT_ONCE:
            self._note(hold, released_at=now)
            self._unlocked_to.pop(hold.id, None)
        return done

    def _each(self, segments: list[Segment], action: Callable[[str], None], *, locked: bool) -> int:
        """What is done before the store fails is written down; what it lacks is passed over, and raised at the end."""
        done: list[int | None] = []
        missing: ObjectMissing | None = None
        try:
            for segment in segments:
                try:
                    action(segment.key)
                except ObjectMissing as error:
                    missing = missing or error
                else:
                    done.append(segment.id)
        finally:
            with self._database.transaction() as session:
                session.execute(update(Segment).where(col(Segment.id).in_(done)).values(legal_hold=locked))
        if missing:
            raise missing
        return len(done)

    def _note(self, hold: Hold, **values: object) -> None:
        with self._database.transaction() as session:
            session.execute(update(Hold).where(col(Hold.id) == hold.id).values(**values))


def stored_within(hold: Hold) -> ColumnElement[bool]:
    """Of segments: those in its span that the store has."""
    return and_(
        col(Segment.camera_id) == hold.camera_id,
        col(Segment.start) > hold.start - _MAX_LENGTH,
        col(Segment.start) < hold.end,
        col(Segment.end) > hold.start,
        col(Segment.location) == Location.STORED,
    )


def _not_held(session: Session, camera_id: str, segments: list[Segment]) -> list[Segment]:
    if not segments:
        return []
    spans = held(session, camera_id, Span(segments[0].start, max(segment.end for segment in segments)))
    return [segment for segment in segments if not overlaps(Span(segment.start, segment.end), spans)]
