"""What became of a batch, and the batch's own row."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from ingest.approvals.problems import Problem
from ingest.approvals.row import RowError
from storage.models import Batch, RejectedRow, Source
from storage.sayings import Saying

MAX_REPORTED = 1_000
"""Problems that a report lists; the table `rejected_row` has all of them."""
Refused = list[tuple[int, RowError]]
"""By line."""


class UnknownSource(Exception):
    """There is no source of this name; declare it in the configuration or on the page of sources."""


class SequenceConflict(Exception):
    """The source has already sent another body under this sequence number; take a new number."""


@dataclass(frozen=True)
class Rejection:
    """One problem of one refused row."""

    line: int
    field: str
    problem: Saying
    remedy: Saying


@dataclass(frozen=True, slots=True)
class Sample:
    """A row as it stands in a file or a view, and what would become of it."""

    line: int
    said: dict[str, str]
    """By column, of JSON by field; a line that is no object, whole and under no name. Empty for a line of no cells."""
    record: str
    """The kind of record."""
    becomes: dict[str, Any]
    """Fields of the exchange format; empty for a refused row."""
    refused: tuple[Rejection, ...]
    """Why it is refused."""


class NameKind(StrEnum):
    DEPARTMENT = "department"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A department or a counter that rows name and nobody knows here."""

    kind: NameKind
    name: str
    """As the rows say it."""
    rows: int
    """That name it; of a department, with the other steps of the cases that do."""


@dataclass(frozen=True)
class BatchReport:
    """Counts are rows: accepted + duplicates + rejected_rows = rows."""

    batch_id: int | None
    """None for a dry run."""
    rows: int = 0
    accepted: int = 0
    """New or corrected."""
    duplicates: int = 0
    rejected_rows: int = 0
    rejected: tuple[Rejection, ...] = ()
    """The first `MAX_REPORTED` problems, by line; a row may have several."""
    header_refused: bool = False
    """The header of a table could not be used, so that nothing below it was read; it counts as a refused row."""
    samples: tuple[Sample, ...] = ()
    """Of a dry run of a file: its first rows, and what each would become."""
    unknown_names: tuple[UnknownName, ...] = ()
    """Of a file: what its good rows name and nobody knows here, the most frequent first; they are taken."""

    def plus(self, accepted: int, duplicates: int, refused: Refused) -> "BatchReport":
        found = [Rejection(line, p.field, p.problem, p.remedy) for line, error in refused for p in error.problems]
        return replace(
            self,
            rows=self.rows + accepted + duplicates + len(refused),
            accepted=self.accepted + accepted,
            duplicates=self.duplicates + duplicates,
            rejected_rows=self.rejected_rows + len(refused),
            rejected=(*self.rejected, *found)[:MAX_REPORTED],
            header_refused=self.header_refused or any(error.is_header for _, error in refused),
        )

    def as_json(self) -> dict[str, Any]:
        """Of a push, which has no header and no dry run."""
        of_files = ("header_refused", "samples", "unknown_names")
        return {name: value for name, value in asdict(self).items() if name not in of_files}


@dataclass(frozen=True)
class Origin:
    """Where a batch comes from."""

    source_id: str
    sequence: int | None
    """The source's own number of a push; None for a file."""
    name: str
    sha256: str
    received_at: datetime


def lock_source(session: Session, source_id: str) -> Source:
    """Makes the batches of one source wait for each other until the transaction ends; raises UnknownSource."""
    # A write, not SELECT FOR UPDATE: it also takes SQLite's write lock before the first read.
    session.execute(update(Source).where(col(Source.id) == source_id).values(name=Source.name))
    return find_source(session, source_id)


def find_source(session: Session, source_id: str) -> Source:
    """Raises UnknownSource."""
    source = session.get(Source, source_id)
    if source is None:
        raise UnknownSource(source_id)
    return source


def earlier_report(session: Session, origin: Origin) -> BatchReport | None:
    """The report of the same push, if it came before; raises SequenceConflict when its body was another."""
    if origin.sequence is None:
        return None
    query = select(Batch).where(Batch.source_id == origin.source_id, Batch.sequence == origin.sequence)
    batch = session.exec(query).first()
    if batch is None:
        return None
    if batch.sha256 != origin.sha256:
        raise SequenceConflict(f"{origin.source_id} has already sent another body as batch {origin.sequence}")
    return _stored_report(session, batch)


def is_repeated_file(session: Session, origin: Origin) -> bool:
    """Whether a file with the same bytes came from the source before."""
    query = select(Batch.id).where(
        Batch.source_id == origin.source_id, col(Batch.sequence).is_(None), Batch.sha256 == origin.sha256
    )
    return bool(origin.sha256) and origin.sequence is None and session.exec(query).first() is not None


def open_batch(session: Session, origin: Origin) -> int:
    batch = Batch(
        source_id=origin.source_id,
        sequence=origin.sequence,
        name=origin.name,
        sha256=origin.sha256,
        received_at=origin.received_at,
    )
    session.add(batch)
    session.flush()
    assert batch.id is not None
    return batch.id


def write_counts(session: Session, report: BatchReport) -> None:
    session.execute(
        update(Batch)
        .where(col(Batch.id) == report.batch_id)
        .values(
            rows=report.rows,
            accepted=report.accepted,
            duplicates=report.duplicates,
            rejected=report.rejected_rows,
        )
    )


def keep_rejected(session: Session, batch_id: int, refused: Refused) -> None:
    """One row for each problem; the raw text stands with the first of a line."""
    rows = [
        {
            "batch_id": batch_id,
            "line": line,
            "record": error.record,
            "reference": error.reference,
            **_columns(problem),
            "raw": error.raw if number == 0 else "",
        }
        for line, error in refused
        for number, problem in enumerate(error.problems)
    ]
    if rows:
        session.execute(insert(RejectedRow.__table__), rows)  # type: ignore[attr-defined]


def _columns(problem: Problem) -> dict[str, Any]:
    return {
        "field": problem.field,
        "problem": str(problem.problem),
        "remedy": str(problem.remedy),
        "sayings": {"problem": problem.problem.as_json(), "remedy": problem.remedy.as_json()},
    }


def rejection(row: RejectedRow) -> Rejection:
    """As it was said when the row was refused."""
    problem, remedy = (Saying.from_json(row.sayings[name]) for name in ("problem", "remedy"))
    return Rejection(row.line, row.field, problem, remedy)


def _stored_report(session: Session, batch: Batch) -> BatchReport:
    query = (
        select(RejectedRow).where(RejectedRow.batch_id == batch.id).order_by(col(RejectedRow.id)).limit(MAX_REPORTED)
    )
    return BatchReport(
        batch_id=batch.id,
        rows=batch.rows,
        accepted=batch.accepted,
        duplicates=batch.duplicates,
        rejected_rows=batch.rejected,
        rejected=tuple(rejection(row) for row in session.exec(query)),
    )
