"""Deleting footage so that it can be proved, and so that it can be cut off at every step.

First one transaction writes the ledger, takes the rows away and leaves a gap in their place: from then on it is no
footage any more. Then the bytes go. Then, once the store has confirmed that it has none of them, the ledger's rows are
completed. Whoever dies in between leaves rows that are ordered and not confirmed: the next run goes on with these.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import structlog
from sqlmodel import Session, col, delete, select, update

from storage.database import Database, insert_new
from storage.intervals import Span, merge
from storage.models import MAX_SEGMENT_SECONDS, Deletion, Gap, GapCause, Segment
from storage.objects import ObjectStore, StoreError, validated_key
from storage.retention import Keeping

log = structlog.get_logger(__name__)

JOINED = timedelta(seconds=0.5)
"""A shorter hole between two segments is the pause between two frames, and goes with them."""
_MAX_LENGTH = timedelta(seconds=MAX_SEGMENT_SECONDS)
PARALLEL = 8
"""Objects deleted at a time: a thousand cameras fill a hundred a second."""
ASIDE = "quarantine/"
"""Keys of the ledger that begin so are files in a recorder's spool, in no store: that recorder deletes them."""
_CHUNK = 64
"""After so many it is seen whether the store is still there."""
_KEPT = {"camera_id", "start", "end", "key", "sha256", "size"}
"""Of a segment, in the ledger."""


class DeletionStep(StrEnum):
    """Every point between two things that are done: a process may die at each."""

    CHOSEN = "chosen"  # nothing is written
    WRITTEN = "written"  # ledger, gap and rows, in a transaction that is still open
    ORDERED = "ordered"  # committed
    SPOOL_COPY_GONE = "spool_copy_gone"
    BYTES_GONE = "bytes_gone"  # the store says so
    CONFIRMING = "confirming"  # in a transaction that is still open
    CONFIRMED = "confirmed"  # committed


def _go_on(_step: DeletionStep) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """A segment that goes, and by what."""

    segment: Segment
    keeping: Keeping


def order(session: Session, doomed: Sequence[Doomed], now: datetime) -> list[Span]:
    """Of one camera. Returns the spans that are a gap from now on; the bytes are still there."""
    if not doomed:
        return []
    rows = [(each.segment.model_dump(include=_KEPT), each.keeping) for each in doomed]
    insert_new(session, Deletion, [entry(what, keeping, now) for what, keeping in rows])
    session.exec(delete(Segment).where(col(Segment.id).in_([each.segment.id for each in doomed])))
    return [span for keeping, spans in _by_keeping(doomed) for span in _leave_gaps(session, doomed, keeping, spans)]


def entry(what: Mapping[str, object], keeping: Keeping, now: datetime) -> dict[str, object]:
    """The ledger's row. `what`: camera, span, key, SHA-256 and size."""
    return {
        **what,
        "kind": keeping.kind,
        "days": keeping.days,
        "rule_id": keeping.rule_id,
        "rule_version": keeping.version,
        "ordered_at": now,
    }


def _by_keeping(doomed: Sequence[Doomed]) -> list[tuple[Keeping, list[Span]]]:
    found: dict[Keeping, list[Span]] = {}
    for each in doomed:
        found.setdefault(each.keeping, []).append(Span(each.segment.start, each.segment.end))
    return [(keeping, merge(spans, bridge=JOINED)) for keeping, spans in found.items()]


def _leave_gaps(session: Session, doomed: Sequence[Doomed], keeping: Keeping, spans: Sequence[Span]) -> list[Span]:
    camera_id, detail = doomed[0].segment.camera_id, gap_detail(keeping)
    return [_leave_gap(session, camera_id, span, detail) for span in spans]


def gap_detail(keeping: Keeping) -> str:
    """One line for whoever reads the table; the ledger has the same in columns."""
    rule = f"rule {keeping.rule_id} version {keeping.version}" if keeping.rule_id else "the built-in rule"
    return f"deleted after {keeping.days} days by {rule}"


def _leave_gap(session: Session, camera_id: str, span: Span, detail: str) -> Span:
    """Joined to an expired gap that ends where it begins: a month of footage leaves one row, not a quarter million."""
    span = _stretched(session, camera_id, span)
    before = session.exec(
        select(Gap).where(
            Gap.camera_id == camera_id, Gap.end == span.start, Gap.cause == GapCause.EXPIRED, Gap.detail == detail
        )
    ).first()
    if before is None:
        session.add(Gap(camera_id=camera_id, start=span.start, end=span.end, cause=GapCause.EXPIRED, detail=detail))
    else:
        before.end = span.end
        session.add(before)
    session.flush()
    return span


def _stretched(session: Session, camera_id: str, span: Span) -> Span:
    """Up to its neighbours, where no more than the pause between two frames is left."""
    ends = [_nearest_end(session, table, camera_id, span.start) for table in (Segment, Gap)]
    starts = [_nearest_start(session, table, camera_id, span.end) for table in (Segment, Gap)]
    return Span(max([e for e in ends if e] or [span.start]), min([s for s in starts if s] or [span.end]))


_Table = type[Segment] | type[Gap]


def _nearest_end(session: Session, table: _Table, camera_id: str, moment: datetime) -> datetime | None:
    end = col(table.end)
    nearby = select(end).where(table.camera_id == camera_id, end > moment - JOINED, end <= moment)
    if table is Segment:  # there is no index of their ends
        nearby = nearby.where(table.start > moment - JOINED - _MAX_LENGTH)
    return session.exec(nearby.order_by(end.desc()).limit(1)).first()


def _nearest_start(session: Session, table: _Table, camera_id: str, moment: datetime) -> datetime | None:
    nearby = select(table.start).where(
        table.camera_id == camera_id, table.start >= moment, table.start < moment + JOINED
    )
    return session.exec(nearby.order_by(col(table.start)).limit(1)).first()


class Shredder:
    """Takes the bytes away of what is ordered, oldest first. Several may run: what is gone already is confirmed."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        spool: Path,
        on_step: Callable[[DeletionStep], None] = _go_on,
    ) -> None:
        """`spool`: a recorder on this machine may have kept its own copy there."""
        self._database, self._store, self._spool, self._on_step = database, store, spool, on_step
        self._after = 0
        """The last one that was tried: what the store refuses is tried again after all others."""

    def run_once(self, now: datetime, limit: int) -> int:
        """The number of objects that are gone. One that the store refuses to delete does not hold up the others.

        Raises StoreError when the store is away, and when it has refused all.
        """
        gone: list[int] = []
        refused: StoreError | None = None
        opened = self._open(limit)
        try:
            with ThreadPoolExecutor(PARALLEL, thread_name_prefix="shredder") as pool:
                for first in range(0, len(opened), _CHUNK):
                    chunk = opened[first : first + _CHUNK]
                    errors = list(pool.map(self._try, [key for _, key in chunk]))
                    gone += [row_id for (row_id, _), error in zip(chunk, errors, strict=True) if error is None]
                    refused = next(filter(None, errors), refused)
                    if any(errors):
                        self._store.check()  # raises when the whole store is away
        finally:
            self._confirm(gone, now)
        if refused and not gone:
            raise refused
        return len(gone)

    def _try(self, key: str) -> StoreError | None:
        try:
            self._shred(key)
        except StoreError as error:
            log.error("object_not_deleted", key=key, error=str(error))
            return error
        return None

    def _open(self, limit: int) -> list[tuple[int, str]]:
        query = select(Deletion.id, Deletion.key).where(
            col(Deletion.confirmed_at).is_(None), col(Deletion.id) > self._after, ~col(Deletion.key).startswith(ASIDE)
        )
        with self._database.transaction() as session:
            found = session.exec(query.order_by(col(Deletion.id)).limit(limit))
            opened = [(row_id, key) for row_id, key in found if row_id is not None]
        self._after = opened[-1][0] if len(opened) == limit else 0
        return opened

    def _shred(self, key: str) -> None:
        try:
            (self._spool / validated_key(key)).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{key}: its copy in the spool cannot be removed ({error.strerror})") from error
        self._on_step(DeletionStep.SPOOL_COPY_GONE)
        self._store.delete(key)
        if self._store.size(key) is not None:
            raise StoreError(f"{key} is still there after its deletion")
        self._on_step(DeletionStep.BYTES_GONE)

    def _confirm(self, gone: Sequence[int], now: datetime) -> None:
        if not gone:
            return
        with self._database.transaction() as session:
            confirm(session, gone, now)
            self._on_step(DeletionStep.CONFIRMING)
        self._on_step(DeletionStep.CONFIRMED)


def confirm(session: Session, gone: Sequence[int], now: datetime) -> None:
    """That there is no byte any more of what these rows order."""
    still_open = update(Deletion).where(col(Deletion.id).in_(gone), col(Deletion.confirmed_at).is_(None))
    session.exec(still_open.values(confirmed_at=now))


def aside_of(session: Session) -> list[tuple[int, str]]:
    """Id and key of what is ordered and lies aside in a spool."""
    query = select(Deletion.id, Deletion.key).where(
        col(Deletion.confirmed_at).is_(None), col(Deletion.key).startswith(ASIDE)
    )
    return [(row_id, key) for row_id, key in session.exec(query.order_by(col(Deletion.id))) if row_id is not None]


def ordered(session: Session, keys: Collection[str]) -> set[str]:
    """Which of these objects were deleted, or are about to be: their bytes are footage nowhere."""
    return set(session.exec(select(Deletion.key).where(col(Deletion.key).in_(keys))))
