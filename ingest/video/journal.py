"""What the recorder has to write down, in order, however long the database is away.

Segments are put on the disk for good at once; their rows, and gaps, wait in memory while the database does not answer.
A crash meanwhile loses no footage: `reconcile` makes the rows again from the files.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import Session, col, delete, select, update

from ingest.video.gaps import GapChange, GapClosed, GapOpened
from ingest.video.writer import FinishedSegment, settle
from storage.database import Database
from storage.models import Gap

Entry = FinishedSegment | GapOpened | GapClosed
RETRY_S = 2.0
LAST_TRY_S = 5.0
TOGETHER = 100
"""Entries in one transaction: cameras end their segments at the same moment."""

log = structlog.get_logger(__name__)


class Journal:
    """A thread that writes entries down; `put` never blocks."""

    def __init__(self, database: Database, spool: Path, on_segment_written: Callable[[], None]) -> None:
        self._database, self._spool = database, spool
        self._on_segment_written = on_segment_written
        self._incoming: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._pending: deque[Entry] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @property
    def waiting(self) -> int:
        """Entries not yet in the database."""
        return len(self._pending) + self._incoming.qsize()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Writes what it can within some seconds, then gives up: the files remain."""
        self._stopping.set()
        self._incoming.put(None)
        self._thread.join(LAST_TRY_S + 30)

    def put(self, entry: Entry) -> None:
        self._incoming.put(entry)

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._incoming.empty()):
            self._take(timeout=None if not self._pending else RETRY_S)
            self._write_pending()
        if self._pending:
            log.warning("journal_left_behind", entries=len(self._pending))

    def _take(self, timeout: float | None) -> None:
        """Waits for an entry and takes all there are; a segment is put on the disk before anything else."""
        try:
            entry = self._incoming.get(timeout=timeout)
            while True:
                if entry is not None and self._is_safe(entry):
                    self._pending.append(entry)
                entry = self._incoming.get_nowait()
        except queue.Empty:
            return

    def _is_safe(self, entry: Entry) -> bool:
        if not isinstance(entry, FinishedSegment):
            return True
        try:
            settle(self._spool, entry.key)
        except OSError as error:
            # The file, whatever is left of it, is looked at again when the recorder starts.
            log.error("segment_not_settled", key=entry.key, error=str(error))
            return False
        return True

    def _write_pending(self) -> None:
        try:
            while self._pending:
                self._write_some(min(len(self._pending), TOGETHER))
        except SQLAlchemyError as error:
            log.warning("database_away", waiting=self.waiting, error=type(error).__name__)

    def _write_some(self, count: int) -> None:
        """One transaction for the oldest entries; if the database refuses one of them, one for each."""
        try:
            with self._database.transaction() as session:
                for entry in islice(self._pending, count):
                    write_entry(session, entry)
                    session.flush()
        except IntegrityError as error:
            if count > 1:
                for _ in range(count):
                    self._write_some(1)
                return
            log.error("entry_refused", entry=type(self._pending[0]).__name__, error=str(error.orig))
        written = [self._pending.popleft() for _ in range(count)]
        if any(isinstance(entry, FinishedSegment) for entry in written):
            self._on_segment_written()


def write_entry(session: Session, entry: Entry) -> None:
    """Writing the same entry again changes nothing, except for a segment, which raises IntegrityError."""
    if isinstance(entry, FinishedSegment):
        session.add(entry.row())
    else:
        write_gap_change(session, entry)


def write_gap_change(session: Session, change: GapChange) -> None:
    open_one = (
        col(Gap.camera_id) == change.camera_id,
        col(Gap.start) == change.start,
        col(Gap.end).is_(None),
    )
    if isinstance(change, GapClosed):
        if change.end <= change.start:
            session.exec(delete(Gap).where(*open_one))
        else:
            session.exec(update(Gap).where(*open_one).values(end=change.end))
    elif session.exec(select(Gap.id).where(*open_one)).first() is None:
        session.add(Gap(camera_id=change.camera_id, start=change.start, cause=change.cause, detail=change.detail[:500]))
