"""Accepts batches: good rows become records and cases, bad rows are kept and reported, and none is lost."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

from psycopg.errors import UniqueViolation
from sqlmodel import Session

from ingest.approvals.ahead import OneAhead
from ingest.approvals.books import BOOKS, Book, Finder
from ingest.approvals.case_ledger import mark_cases, write_made_steps, write_steps
from ingest.approvals.chunks import Chunk, chunks, made_chunks
from ingest.approvals.formats import Numbered
from ingest.approvals.ledger import Entry, known_records, rows_in_force, write_records
from ingest.approvals.plain import PlainStep, new_steps
from ingest.approvals.reports import (
    BatchReport,
    Origin,
    SequenceConflict,
    UnknownName,
    UnknownSource,
    earlier_report,
    find_source,
    is_repeated_file,
    keep_rejected,
    lock_source,
    open_batch,
    write_counts,
)
from ingest.approvals.row import Row
from ingest.approvals.statements import Change, Known, plan
from ingest.approvals.step_columns import MadeSteps
from ingest.approvals.unknown_names import NamesOfBatch
from storage.bulk import look_up_by_index
from storage.database import Database
from storage.models import RecordKind, Source

__all__ = ["BatchReport", "SequenceConflict", "UnknownSource", "accept_batch"]

CHUNK = 5_000
"""Rows that are looked up and written together."""
LARGE_CHUNK = 40_000
"""The same of a file where others can write meanwhile: a case that lies in fewer chunks is reckoned less often."""
Apart = Callable[[datetime, int], AbstractContextManager[Iterator[Chunk]]]
"""Makes the chunks of a file in another process, with what `made_chunks` is told."""


def accept_batch(
    database: Database,
    source_id: str,
    rows: Iterable[Numbered],
    *,
    sequence: int | None,
    name: str,
    sha256: str,
    now: datetime,
    dry_run: bool = False,
    on_chunk: Callable[[], None] = lambda: None,
    apart: Apart | None = None,
) -> BatchReport:
    """Accepts the good rows and keeps the bad ones.

    A numbered batch (a push) is one transaction, and the same number with the same body gives the same report again.
    A batch without a number (a file) is one transaction per `CHUNK` rows, so that others can write in between; after
    an interruption the same file completes it. `dry_run` writes nothing. `apart` makes the same rows elsewhere, where
    that pays. Raises UnknownSource and SequenceConflict.
    """
    origin = Origin(source_id, sequence, name, sha256, now)
    if dry_run:
        return _Rehearsal(database, origin).run(rows, on_chunk)
    if sequence is not None:
        return _accept_push(database, origin, rows)
    return _accept_file(database, origin, rows, on_chunk, apart)


def _accept_push(database: Database, origin: Origin, rows: Iterable[Numbered]) -> BatchReport:
    with database.transaction() as session:
        source = lock_source(session, origin.source_id)
        earlier = earlier_report(session, origin)
        if earlier is not None:
            return earlier
        acceptance = _Acceptance(origin, repeated=False, report=BatchReport(open_batch(session, origin)))
        for chunk in chunks(rows, origin.received_at, CHUNK):
            acceptance.accept(session, source, chunk)
        return acceptance.report


def _accept_file(
    database: Database,
    origin: Origin,
    rows: Iterable[Numbered],
    on_chunk: Callable[[], None],
    apart: Apart | None,
) -> BatchReport:
    with database.transaction() as session:
        lock_source(session, origin.source_id)
        repeated = is_repeated_file(session, origin)
        report = BatchReport(open_batch(session, origin))
        acceptance = _Acceptance(origin, repeated=repeated, report=report, names=NamesOfBatch())
    on_sqlite = database.engine.dialect.name == "sqlite"
    if on_sqlite or repeated:
        made: AbstractContextManager[Iterator[Chunk]] = nullcontext(
            chunks(rows, origin.received_at, CHUNK if on_sqlite else LARGE_CHUNK)
        )
    elif apart is not None:
        made = apart(origin.received_at, LARGE_CHUNK)
    else:
        made = nullcontext(made_chunks(rows, origin.received_at, LARGE_CHUNK))
    with made as found, OneAhead(found) as coming:
        for chunk in coming:
            if not isinstance(chunk.steps, MadeSteps):
                coming.go_on()
            with database.transaction() as session:
                look_up_by_index(session)
                acceptance.accept(session, lock_source(session, origin.source_id), chunk, coming.go_on)
            on_chunk()
    return replace(acceptance.report, unknown_names=_unknown_names(database, origin, acceptance.names))


def _unknown_names(database: Database, origin: Origin, names: NamesOfBatch | None) -> tuple[UnknownName, ...]:
    if not names:
        return ()
    with database.transaction() as session:
        return names.unknown(Finder.load(session, find_source(session, origin.source_id)))


@dataclass
class _Acceptance:
    """Writes chunk after chunk of one batch."""

    origin: Origin
    repeated: bool
    report: BatchReport
    all_are_new: bool = False
    """Of the steps of the chunk before nothing was known, so that nobody looks for those of the next one."""
    names: NamesOfBatch | None = None
    """None where nobody asks for them."""

    def accept(
        self, session: Session, source: Source, chunk: Chunk, read_on: Callable[[], None] = lambda: None
    ) -> None:
        assert self.report.batch_id is not None
        entry = Entry(source.id, self.report.batch_id, self.origin.sequence, self.origin.received_at)
        report = self.report.plus(0, 0, chunk.refused)
        finder: Finder | None = None
        for book in BOOKS.values():
            rows = chunk.steps if book.record is RecordKind.STEP else chunk.others.get(book.record, ())
            if not rows:
                continue
            if finder is None or RecordKind.ORGANISATION in chunk.others:  # they give names to what comes after them
                finder = Finder.load(session, source)
            if isinstance(rows, MadeSteps):
                counts = self._take_made(session, book, entry, rows, finder, read_on)
            else:
                counts = self._take(session, book, entry, rows, finder)
            report = report.plus(*counts, [])
        if self.names is not None and finder is not None:
            self.names.hear(chunk, finder)
        keep_rejected(session, self.report.batch_id, chunk.refused)
        write_counts(session, report)
        self.report = report

    def _take_made(
        self,
        session: Session,
        book: Book,
        entry: Entry,
        steps: MadeSteps,
        finder: Finder,
        read_on: Callable[[], None],
    ) -> tuple[int, int]:
        """As `_take`."""
        if steps.named_once():
            if self.all_are_new:
                try:
                    with session.begin_nested():
                        write_made_steps(session, entry, steps, finder, read_on)
                except UniqueViolation:
                    self.all_are_new = False
                else:
                    return len(steps), 0
            self.all_are_new = not known_records(session, book, entry.source_id, steps.references)
            if self.all_are_new:
                write_made_steps(session, entry, steps, finder, read_on)
                return len(steps), 0
        return self._take(session, book, entry, steps.plain(), finder)

    def _take(
        self, session: Session, book: Book, entry: Entry, rows: Sequence[Row | PlainStep], finder: Finder
    ) -> tuple[int, int]:
        """How many were new or corrected, and how many were said before."""
        known = known_records(session, book, entry.source_id, {row.reference for row in rows})
        steps, others = new_steps(rows, known) if book.record is RecordKind.STEP else ([], rows)
        todo = plan(known, others, entry.sequence, repeated=self.repeated)
        if book.record is RecordKind.STEP:
            write_steps(session, entry, steps, todo.changes, finder)
        else:
            _write_others(session, book, entry, todo.changes, finder)
        return len(steps) + todo.accepted, todo.duplicates


def _write_others(session: Session, book: Book, entry: Entry, changes: Sequence[Change], finder: Finder) -> None:
    write_records(session, book, entry, changes, [book.columns(row, finder) for row in rows_in_force(changes)])
    mark_cases(session, entry.source_id, (case for change in changes for case in change.cases))


@dataclass
class _Rehearsal:
    """Does the same as acceptance, in memory instead of the database."""

    database: Database
    origin: Origin
    heard: dict[RecordKind, dict[str, Known]] = field(default_factory=lambda: defaultdict(dict))

    def run(self, rows: Iterable[Numbered], on_chunk: Callable[[], None]) -> BatchReport:
        with self._reading() as session:
            find_source(session, self.origin.source_id)
            earlier = earlier_report(session, self.origin)
            repeated = is_repeated_file(session, self.origin)
            finder = Finder.load(session, find_source(session, self.origin.source_id))
        if earlier is not None:
            return earlier
        report, names = BatchReport(batch_id=None), NamesOfBatch()
        for chunk in chunks(rows, self.origin.received_at, CHUNK):
            report = self._accept(report, chunk, repeated=repeated)
            names.hear(chunk, finder)
            on_chunk()
        return replace(report, unknown_names=names.unknown(finder))

    def _accept(self, report: BatchReport, chunk: Chunk, *, repeated: bool) -> BatchReport:
        report = report.plus(0, 0, chunk.refused)
        assert not isinstance(chunk.steps, MadeSteps)
        for record, rows in {RecordKind.STEP: chunk.steps, **chunk.others}.items():
            with self._reading() as session:
                references = {row.reference for row in rows}
                stored = known_records(session, BOOKS[record], self.origin.source_id, references)
            heard = {name: known for name in references if (known := self.heard[record].get(name))}
            todo = plan(stored | heard, rows, self.origin.sequence, repeated=repeated)
            self.heard[record] |= {change.reference: change.after for change in todo.changes}
            report = report.plus(todo.accepted, todo.duplicates, [])
        return report

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self.database.transaction() as session:
            yield session
