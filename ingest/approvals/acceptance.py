"""Accepts batches: good rows become cases and steps, bad rows are kept and reported, and none is lost."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlmodel import Session

from ingest.approvals.cases import Directory, reckon_cases
from ingest.approvals.formats import Numbered
from ingest.approvals.ledger import known_steps, write_steps
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
from ingest.approvals.statements import Known, plan
from storage.counter_names import CounterNames
from storage.database import Database
from storage.models import Source

__all__ = ["BatchReport", "SequenceConflict", "UnknownSource", "accept_batch"]

CHUNK = 1_000
"""Rows that are looked up and written together."""


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
    A batch without a number (a file) is one transaction per thousand rows, so that others can write in between; after
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
            acceptance.accept(session, source, chunk)
        return acceptance.report


def _accept_file(
    database: Database, origin: Origin, rows: Iterable[Numbered], on_chunk: Callable[[], None]
) -> BatchReport:
    with database.transaction() as session:
        lock_source(session, origin.source_id)
        repeated = is_repeated_file(session, origin)
        acceptance = _Acceptance(origin, repeated=repeated, report=BatchReport(open_batch(session, origin)))
    for chunk in _chunks(rows):
        with database.transaction() as session:
            acceptance.accept(session, lock_source(session, origin.source_id), chunk)
        on_chunk()
    return acceptance.report


@dataclass
class _Acceptance:
    """Writes chunk after chunk of one batch."""

    origin: Origin
    repeated: bool
    report: BatchReport

    def accept(self, session: Session, source: Source, chunk: list[Numbered]) -> None:
        assert self.report.batch_id is not None
        good, refused = _sorted_out(chunk, self.origin.received_at)
        known = known_steps(session, source.id, {row.step for row in good})
        todo = plan(known, good, self.origin.sequence, repeated=self.repeated)
        touched = write_steps(
            session,
            source.id,
            todo.changes,
            CounterNames.load(session, source),
            batch_id=self.report.batch_id,
            now=self.origin.received_at,
        )
        reckon_cases(session, touched, Directory.load(session, source.hall_id))
        keep_rejected(session, self.report.batch_id, refused)
        report = self.report.plus(todo.accepted, todo.duplicates, refused)
        write_counts(session, report)
        self.report = report


@dataclass
class _Rehearsal:
    """Does the same as acceptance, in memory instead of the database."""

    database: Database
    origin: Origin
    heard: dict[str, Known] = field(default_factory=dict)

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
        with self._reading() as session:
            stored = known_steps(session, self.origin.source_id, {row.step for row in good})
        todo = plan({**stored, **self.heard}, good, self.origin.sequence, repeated=repeated)
        self.heard |= {change.reference: change.after for change in todo.changes}
        return report.plus(todo.accepted, todo.duplicates, refused)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self.database.transaction() as session:
            yield session


def _sorted_out(chunk: list[Numbered], received_at: datetime) -> tuple[list[Row], Refused]:
    judged = [(line, row if isinstance(row, RowError) else row_of_the_past(row, received_at)) for line, row in chunk]
    good = [row for _, row in judged if isinstance(row, Row)]
    return good, [(line, row) for line, row in judged if isinstance(row, RowError)]


def _chunks(rows: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
