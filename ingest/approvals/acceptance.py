"""Accepts batches: good rows become records and cases, bad rows are kept and reported, and none is lost."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Dialect
from sqlmodel import Session

from ingest.approvals.ahead import OneAhead
from ingest.approvals.books import BOOKS, Book, Finder
from ingest.approvals.case_ledger import mark_cases, write_steps
from ingest.approvals.formats import Numbered
from ingest.approvals.ledger import Entry, known_records, rows_in_force, write_records
from ingest.approvals.plain import PlainStep, exact, new_steps
from ingest.approvals.reports import (
    BatchReport,
    Origin,
    Refused,
    SequenceConflict,
    UnknownSource,
    earlier_report,
    find_source,
    is_repeated_file,
    keep_rejected,
    lock_source,
    open_batch,
    write_counts,
)
from ingest.approvals.row import Row, RowError, row_of_the_past
from ingest.approvals.statements import Change, Known, plan
from ingest.approvals.step_columns import Ahead, Made, made_of
from storage.database import Database
from storage.models import RecordKind, Source

__all__ = ["BatchReport", "SequenceConflict", "UnknownSource", "accept_batch"]

CHUNK = 5_000
"""Rows that are looked up and written together."""
LARGE_CHUNK = 20_000
"""The same of a file where others can write meanwhile: a case that lies in fewer chunks is reckoned less often."""
_FEW = 250
"""Rows of which everything is made while they are still in the processor's caches."""


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
) -> BatchReport:
    """Accepts the good rows and keeps the bad ones.

    A numbered batch (a push) is one transaction, and the same number with the same body gives the same report again.
    A batch without a number (a file) is one transaction per `CHUNK` rows, so that others can write in between; after
    an interruption the same file completes it. `dry_run` writes nothing. Raises UnknownSource and SequenceConflict.
    """
    origin = Origin(source_id, sequence, name, sha256, now)
    if dry_run:
        return _Rehearsal(database, origin).run(rows, on_chunk)
    if sequence is not None:
        return _accept_push(database, origin, rows)
    return _accept_file(database, origin, rows, on_chunk)


def _accept_push(database: Database, origin: Origin, rows: Iterable[Numbered]) -> BatchReport:
    with database.transaction() as session:
        source = lock_source(session, origin.source_id)
        earlier = earlier_report(session, origin)
        if earlier is not None:
            return earlier
        acceptance = _Acceptance(origin, repeated=False, report=BatchReport(open_batch(session, origin)))
        for chunk in _chunks(rows):
            acceptance.accept(session, source, _Chunk(chunk, {}))
        return acceptance.report


def _accept_file(
    database: Database, origin: Origin, rows: Iterable[Numbered], on_chunk: Callable[[], None]
) -> BatchReport:
    with database.transaction() as session:
        lock_source(session, origin.source_id)
        repeated = is_repeated_file(session, origin)
        acceptance = _Acceptance(origin, repeated=repeated, report=BatchReport(open_batch(session, origin)))
    dialect = database.engine.dialect
    on_sqlite = dialect.name == "sqlite"
    chunks = (_Chunk(chunk, {}) for chunk in _chunks(rows)) if on_sqlite else _made_ahead(rows, acceptance, dialect)
    with OneAhead(chunks) as coming:
        for chunk in coming:
            if on_sqlite:
                coming.go_on()
            with database.transaction() as session:
                acceptance.accept(session, lock_source(session, origin.source_id), chunk, coming.go_on)
            on_chunk()
    return acceptance.report


class _Chunk(NamedTuple):
    """Rows that are looked up and written together."""

    rows: list[Numbered]
    made: dict[str, Made]
    """Of steps in it, by reference."""


def _made_ahead(rows: Iterable[Numbered], acceptance: "_Acceptance", dialect: Dialect) -> Iterator[_Chunk]:
    """Large chunks, with what COPY takes of the steps that will be accepted."""
    remaining, latest = iter(rows), acceptance.origin.received_at
    while True:
        chunk = _Chunk([], {})
        for few in _chunks(islice(remaining, LARGE_CHUNK), _FEW):
            chunk.rows.extend(few)
            if not acceptance.repeated:
                steps = (read for _, read in few if isinstance(read, PlainStep))
                chunk.made.update(made_of([step for step in steps if step.stated_at <= latest], dialect))
        if not chunk.rows:
            return
        yield chunk


@dataclass
class _Acceptance:
    """Writes chunk after chunk of one batch."""

    origin: Origin
    repeated: bool
    report: BatchReport

    def accept(
        self, session: Session, source: Source, chunk: _Chunk, read_on: Callable[[], None] = lambda: None
    ) -> None:
        assert self.report.batch_id is not None
        good, refused = _sorted_out(chunk.rows, self.origin.received_at)
        entry = Entry(source.id, self.report.batch_id, self.origin.sequence, self.origin.received_at)
        report = self.report.plus(0, 0, refused)
        finder: Finder | None = None
        for book in (book for book in BOOKS.values() if book.record in good):
            if finder is None or RecordKind.ORGANISATION in good:  # they give names to what comes after them
                finder = Finder.load(session, source)
            accepted, duplicates = self._take(
                session, book, entry, good[book.record], finder, Ahead(chunk.made, read_on)
            )
            report = report.plus(accepted, duplicates, [])
        keep_rejected(session, self.report.batch_id, refused)
        write_counts(session, report)
        self.report = report

    def _take(
        self,
        session: Session,
        book: Book,
        entry: Entry,
        rows: list[Row | PlainStep],
        finder: Finder,
        ahead: Ahead,
    ) -> tuple[int, int]:
        """How many were new or corrected, and how many were said before."""
        known = known_records(session, book, entry.source_id, {row.reference for row in rows})
        steps, others = new_steps(rows, known) if book.record is RecordKind.STEP else ([], rows)
        todo = plan(known, others, entry.sequence, repeated=self.repeated)
        if book.record is RecordKind.STEP:
            write_steps(session, entry, steps, todo.changes, finder, ahead)
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
        if earlier is not None:
            return earlier
        report = BatchReport(batch_id=None)
        for chunk in _chunks(rows):
            report = self._accept(report, chunk, repeated=repeated)
            on_chunk()
        return report

    def _accept(self, report: BatchReport, chunk: list[Numbered], *, repeated: bool) -> BatchReport:
        good, refused = _sorted_out(chunk, self.origin.received_at)
        report = report.plus(0, 0, refused)
        for record, rows in good.items():
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


def _sorted_out(
    chunk: list[Numbered], received_at: datetime
) -> tuple[dict[RecordKind, list[Row | PlainStep]], Refused]:
    """Good rows by what they tell of, and the others."""
    steps: list[Row | PlainStep] = []
    good: dict[RecordKind, list[Row | PlainStep]] = defaultdict(list, {RecordKind.STEP: steps})
    refused: Refused = []
    for line, read in chunk:
        if isinstance(read, PlainStep) and read.stated_at <= received_at:
            steps.append(read)
            continue
        row = read if isinstance(read, RowError) else row_of_the_past(exact(read), received_at)
        if isinstance(row, RowError):
            refused.append((line, row))
        else:
            good[row.kind_of_record].append(row)
    return {record: rows for record, rows in good.items() if rows}, refused


def _chunks(rows: Iterable[Numbered], size: int = CHUNK) -> Iterator[list[Numbered]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield chunk
