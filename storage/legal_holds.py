"""Holds as the store itself enforces them: a legal hold on each object that is held, gone with its last holder.

A hold may reach into time that is not recorded or not stored yet, so the store is told again and again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from storage.database import Database
from storage.holds import held, overlaps
from storage.intervals import Span
from storage.models import MAX_SEGMENT_SECONDS, Hold, Location, Segment
from storage.objects import ObjectMissing, ObjectStore, StoreError, first_line

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""Objects of one hold in one run, so that it ends soon when it shall."""
_MAX_LENGTH = timedelta(seconds=MAX_SEGMENT_SECONDS)


@dataclass(frozen=True, slots=True)
class _Pass:
    """Over the segments of a hold, in as many runs as it takes; up to which it has come."""

    start: datetime
    segment_id: int = 0
    refused: str = ""
    """Why the first of those was left that were."""


class LegalHolds:
    """`run_once` does what is due; run it every few seconds. Where the store cannot lock it does nothing."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database, self._store = database, store
        self._passes: dict[tuple[int, bool], _Pass] = {}
        """By hold, and whether it was lifted.

        A process that is started anew begins anew: to lock or unlock twice does no harm.
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
        assert hold.id is not None
        key = hold.id, hold.lifted_at is not None
        so_far = self._passes.get(key, _Pass(hold.start - _MAX_LENGTH))
        try:
            segments, done, refused = self._go_on(hold, so_far)
        except StoreError as error:  # all of it is away
            self._tell(hold, _reason(error))
            return 0
        refused = so_far.refused or refused
        if len(segments) == AT_ONCE and (newest_id := segments[-1].id) is not None:
            self._passes[key] = _Pass(segments[-1].start, newest_id, refused)
        else:
            self._passes.pop(key, None)
            self._passes.pop((hold.id, False), None)
        if refused:
            self._tell(hold, refused)
        elif key not in self._passes:
            self._end(hold, now)
        return done

    def _go_on(self, hold: Hold, so_far: _Pass) -> tuple[list[Segment], int, str]:
        """The next segments of the hold, how many were locked or unlocked, and why one was not.

        To unlock all are looked at whatever the rows say: whoever died between object and row must not leave it locked
        for ever. Several may begin at the same moment: of a time that was recorded twice.
        """
        start = col(Segment.start)
        later = or_(start > so_far.start, and_(start == so_far.start, col(Segment.id) > so_far.segment_id))
        query = select(Segment).where(stored_within(hold), later)
        if not hold.lifted_at:
            query = query.where(col(Segment.legal_hold).is_(False))
        with self._database.transaction() as session:
            segments = list(session.exec(query.order_by(start, col(Segment.id)).limit(AT_ONCE)))
            wanted = _not_held(session, hold.camera_id, segments) if hold.lifted_at else segments
        done, refused = self._each(wanted, locked=not hold.lifted_at)
        return segments, done, refused

    def _each(self, segments: Sequence[Segment], *, locked: bool) -> tuple[int, str]:
        """First the object, then its row: a row that says so is never wrong.

        What is done before the store goes away is written down; what it lacks or refuses is passed over, and the first
        of it told.
        """
        action = self._store.lock if locked else self._store.unlock
        done: list[int | None] = []
        refused = ""
        try:
            for segment in segments:
                try:
                    action(segment.key)
                except StoreError as error:
                    if not isinstance(error, ObjectMissing):
                        self._store.check()  # raises when the whole store is away
                    refused = refused or _reason(error)
                else:
                    done.append(segment.id)
        finally:
            with self._database.transaction() as session:
                session.execute(update(Segment).where(col(Segment.id).in_(done)).values(legal_hold=locked))
        return len(done), refused

    def _end(self, hold: Hold, now: datetime) -> None:
        """A pass in which nothing was refused."""
        if hold.store_error:
            self._note(hold, store_error="")
        if hold.lifted_at:
            self._note(hold, released_at=now)

    def _tell(self, hold: Hold, reason: str) -> None:
        if reason != hold.store_error:
            log.error("store_not_told_of_hold", hold=hold.id, error=reason)
        self._note(hold, store_error=reason)

    def _note(self, hold: Hold, **values: object) -> None:
        with self._database.transaction() as session:
            session.execute(update(Hold).where(col(Hold.id) == hold.id).values(**values))


def _reason(error: StoreError) -> str:
    return first_line(error)[:500]


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
