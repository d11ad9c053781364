"""What the recorder has to write down, in order, however long the database is away.

Segments are put on the disk for good at once, in a thread of their own: a database that hangs keeps no file waiting.
Their rows, and gaps, wait in memory while it does not answer. If the recorder ends meanwhile no footage is lost:
`reconcile` makes the rows again from the files; and after an orderly end the gaps are kept, too. What the database
refuses is set aside: its file stays, and it becomes a gap.
"""

import queue
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlmodel import Session, col, delete, insert, or_, select, update

from ingest.video import leftovers
from ingest.video.frames import from_us
from ingest.video.gaps import GapChange, GapClosed, GapOpened, Lost
from ingest.video.losses import lost, newest_sequence, write_loss
from ingest.video.settling import Settling
from ingest.video.steps import Step, reached
from ingest.video.syncing import Syncing
from ingest.video.waiting_segments import KEPT_WHOLE, InItsFile, lightened
from ingest.video.writer import FinishedSegment
from storage.bulk import table_of
from storage.correcting import before_adding, correct_late
from storage.database import Database
from storage.failures import Failures
from storage.intervals import Span
from storage.models import Gap, GapCause, Segment

Entry = FinishedSegment | GapOpened | GapClosed | Lost
REFUSALS = (IntegrityError, DataError, ValueError, OverflowError, TypeError, struct.error)
"""The entry is at fault: trying it again would not help. The latter ones come from drivers, before anything is sent."""
JOB = "journal"
"""Its name, where it keeps failing."""
SETTLER_JOB = "settler"
"""The same of what puts segments on the disk for good."""
RETRY_S = 2.0
LAST_TRY_S = 8.0
"""For so long a stop waits for the database."""
LAST_SYNC_S = 10.0
"""For so long it waits for the disk."""
GATHER_S = 0.5
"""What comes within it is written in one transaction, which costs more than a row. Files do not wait for it."""
TOGETHER = 100
"""Entries in one transaction at most."""
_STEPS: dict[type[Entry], Step] = {
    FinishedSegment: Step.ROW_WRITTEN,
    GapOpened: Step.GAP_OPENED,
    GapClosed: Step.GAP_CLOSED,
    Lost: Step.LOSS_WRITTEN,
}

_NEW_SEGMENT = insert(table_of(Segment))

log = structlog.get_logger(__name__)


class Journal:
    """Threads that put segments on the disk while they grow and when they are whole, and one that writes entries down;
    `put` never blocks."""

    def __init__(
        self,
        database: Database,
        spool: Path,
        on_segment_written: Callable[[], None],
        *,
        held: bool = False,
        failures: Failures | None = None,
    ) -> None:
        """`held`: puts segments on the disk, but writes nothing down before `release`."""
        self._database, self._spool, self._failures = database, spool, failures or Failures()
        self._may_write = threading.Event()
        if not held:
            self._may_write.set()
        self._on_segment_written = on_segment_written
        self._incoming: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._settled: queue.SimpleQueue[Entry | InItsFile | None] = queue.SimpleQueue()
        self._pending: deque[Entry | InItsFile] = deque()
        self._syncing = Syncing(spool, self._failures)
        self._settling = Settling(spool, self._syncing.let_go)
        self._stopping = threading.Event()
        self._all_settled = threading.Event()
        self._settler = threading.Thread(target=self._settle, name="settler", daemon=True)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @property
    def waiting(self) -> int:
        """Entries not yet in the database."""
        return len(self._pending) + self._settled.qsize() + self._settling.waiting + self._incoming.qsize()

    def start(self) -> None:
        self._syncing.start()
        self._settler.start()
        self._thread.start()

    def release(self) -> None:
        """What was before is in the database: what has happened since may follow."""
        self._may_write.set()
        self._settled.put(None)

    def stop(self) -> bool:
        """Writes what it can within some seconds and leaves the rest to the next start: files and gaps in the spool.

        False if the database neither takes nor refuses what it was given.
        """
        self._stopping.set()
        self._syncing.stop(LAST_SYNC_S)
        self._incoming.put(None)
        self._settler.join(LAST_SYNC_S)
        self._thread.join(LAST_TRY_S)
        if self._thread.is_alive():
            self._leave_behind()  # what it takes after all is written twice, which changes nothing
            return False
        return True

    def put(self, entry: Entry) -> None:
        self._incoming.put(entry)

    def grew(self, part: Path, is_new: bool) -> None:
        """A fragment was added to a file of the spool, its first if it `is_new`; never blocks."""
        self._syncing.grew(part, is_new)

    def _settle(self) -> None:
        while not (self._stopping.is_set() and self._incoming.empty()):
            try:
                self._settle_next()
            except Exception as error:
                # No success takes it back: that segment has no row before the next start looks at its file.
                log.exception("settler_failed")
                self._failures.failed(SETTLER_JOB, error, datetime.now(UTC), at_once=True)
        self._all_settled.set()
        self._settled.put(None)

    def _settle_next(self) -> None:
        try:
            entry = self._incoming.get(timeout=RETRY_S if self._settling.waiting else None)
        except queue.Empty:
            entry = None
        if isinstance(entry, FinishedSegment):
            self._pass_on(self._settling.settle(entry, time.monotonic()))
        elif entry is not None:
            self._settled.put(entry)
        self._pass_on(self._settling.settle_again(time.monotonic()))

    def _pass_on(self, entries: Iterable[Entry]) -> None:
        many = len(self._pending) + self._settled.qsize() > KEPT_WHOLE
        for entry in entries:
            self._settled.put(lightened(entry) if many and isinstance(entry, FinishedSegment) else entry)

    def _run(self) -> None:
        while not (self._all_settled.is_set() and self._settled.empty()):
            self._take(timeout=RETRY_S if self._pending else None)
            self._write_pending()
        if self._pending or self._settling.waiting:
            self._leave_behind()

    def _leave_behind(self) -> None:
        log.warning("journal_left_behind", entries=self.waiting)
        left = self._pending.copy()
        with suppress(queue.Empty):
            while True:
                entry = self._settled.get_nowait()
                left += [entry] if entry is not None else []
        try:
            leftovers.keep(self._spool, [entry for entry in left if not isinstance(entry, FinishedSegment | InItsFile)])
        except OSError as error:
            log.error("gaps_not_kept", error=str(error))

    def _take(self, timeout: float | None) -> None:
        """Waits for an entry and gathers what comes with it."""
        try:
            entry = self._settled.get(timeout=timeout)
            until = time.monotonic() + GATHER_S
            while True:
                if entry is not None:
                    self._pending.append(entry)
                patience = 0.0 if self._stopping.is_set() else max(0.0, until - time.monotonic())
                entry = self._settled.get(timeout=patience)
        except queue.Empty:
            return

    def _write_pending(self) -> None:
        if not self._may_write.is_set():
            return
        try:
            while self._pending:
                self._write_some(min(len(self._pending), TOGETHER))
            self._failures.succeeded(JOB)
        except SQLAlchemyError as error:
            log.warning("database_away", waiting=self.waiting, error=type(error).__name__)
            self._failures.failed(JOB, error, datetime.now(UTC))
        except Exception as error:
            log.exception("journal_failed", waiting=self.waiting)
            self._failures.failed(JOB, error, datetime.now(UTC))

    def _write_some(self, count: int) -> None:
        """One transaction for the oldest entries; if the database refuses one of them, one for each."""
        self._make_whole(count)
        try:
            with self._database.transaction() as session:
                before_adding(session)
                entries = [entry for entry in islice(self._pending, count) if not isinstance(entry, InItsFile)]
                for entry in entries:
                    write_entry(session, entry)
                    session.flush()
                    reached(_STEPS[type(entry)])
                correct_late(session, told_of(entries))
            reached(Step.ENTRIES_COMMITTED)
        except REFUSALS as error:
            if count > 1:
                for _ in range(count):
                    self._write_some(1)
                return
            self._set_aside(error)
            return
        written = [self._pending.popleft() for _ in range(count)]
        if any(isinstance(entry, FinishedSegment) for entry in written):
            self._on_segment_written()

    def _make_whole(self, count: int) -> None:
        """The oldest entries. One whose file cannot be read is a gap, which goes where the next start can read it."""
        for n in range(count):
            self._pending[n] = self._whole(self._pending[n])

    def _whole(self, entry: Entry | InItsFile) -> Entry:
        if not isinstance(entry, InItsFile):
            return entry
        try:
            return entry.read(self._spool)
        except (OSError, ValueError, OverflowError, struct.error) as error:
            log.error("waiting_segment_not_read", key=entry.key, error=str(error))
            return entry.lost((isinstance(error, OSError) and error.strerror) or str(error))

    def _set_aside(self, error: Exception) -> None:
        """The oldest entry is refused: what a segment's file holds becomes a gap, and the next start looks at it."""
        entry = self._pending[0]
        reason = str(error.orig if isinstance(error, DBAPIError) else error)
        if isinstance(entry, FinishedSegment) and self._has_row(entry):
            self._pending.popleft()  # written before, though nobody could say so
            self._on_segment_written()
            return
        log.error("entry_refused", entry=type(entry).__name__, error=reason)
        self._pending.popleft()
        if isinstance(entry, FinishedSegment):
            self._pending.appendleft(lost(entry, GapCause.UNKNOWN, f"the database refused its row: {reason}"))
            self._write_some(1)

    def _has_row(self, segment: FinishedSegment) -> bool:
        with self._database.transaction() as session:
            same = select(Segment.id).where(Segment.key == segment.key, Segment.sha256 == segment.sha256)
            return session.exec(same).first() is not None


def write_leftovers(database: Database, spool: Path) -> None:
    """What the last recorder could not write down. Raises SQLAlchemyError, and then nothing has happened.

    Raises OSError where the disk does not let it be read or removed; another start tries it again.
    """
    entries = leftovers.kept(spool)
    try:
        with database.transaction() as session:
            before_adding(session)
            for entry in entries:
                write_entry(session, entry)
                session.flush()
            correct_late(session, told_of(entries))
    except REFUSALS as error:
        log.error("leftovers_refused", error=str(error))
        leftovers.set_aside(spool)
        return
    if entries:
        reached(Step.LEFTOVERS_COMMITTED)
        leftovers.forget(spool)
        reached(Step.LEFTOVERS_FORGOTTEN)


def told_of(entries: Iterable[Entry]) -> list[tuple[str, Span]]:
    """Cameras and times, for `correct_late`; without gaps that last."""
    told: list[tuple[str, Span]] = []
    for entry in entries:
        if isinstance(entry, FinishedSegment):
            told.append((entry.recording.camera_id, Span(from_us(entry.recording.start_us), from_us(entry.end_us))))
        elif not isinstance(entry, GapOpened):
            told.append((entry.camera_id, Span(entry.start, max(entry.start, entry.end))))
    return told


def write_entry(session: Session, entry: Entry) -> None:
    """Writing the same entry again changes nothing, except for a segment, which raises IntegrityError."""
    if isinstance(entry, FinishedSegment):
        session.execute(_NEW_SEGMENT, entry.columns())  # several a second: without the ORM a third of the work
    elif isinstance(entry, Lost):
        write_loss(session, entry)
    else:
        write_gap_change(session, entry)


def write_gap_change(session: Session, change: GapChange) -> None:
    same = (col(Gap.camera_id) == change.camera_id, col(Gap.start) == change.start)
    open_one = (*same, col(Gap.end).is_(None))
    if isinstance(change, GapClosed):
        if change.end <= change.start:
            session.exec(delete(Gap).where(*open_one))
        else:
            lasts_longer = or_(col(Gap.end).is_(None), col(Gap.end) > change.end)
            session.exec(update(Gap).where(*same, lasts_longer).values(end=change.end))
    elif session.exec(select(Gap.id).where(*open_one)).first() is None:
        session.add(
            Gap(
                camera_id=change.camera_id,
                start=change.start,
                cause=change.cause,
                detail=change.detail[:500],
                after_sequence=newest_sequence(session, change.camera_id),
            )
        )
