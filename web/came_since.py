"""Which refused rows of a batch have come since, mended, and with which batch."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from ingest.approvals.books import BOOKS
from storage.bulk import is_among, table_of
from storage.models import Batch, RecordKind, RecordRevision, RejectedRow


@dataclass(frozen=True)
class CameSince:
    batch_id: int
    name: str
    """Of the file; empty: a push."""
    sequence: int | None
    received_at: datetime


def came_since(session: Session, batch: Batch, rows: Sequence[RejectedRow]) -> dict[int | None, CameSince]:
    """By the id of the row: the first later batch that told of the same record; of what names none nobody can say."""
    by_kind: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.reference:
            by_kind[row.record].add(row.reference)
    found: dict[tuple[str, str], int] = {}
    for kind, references in by_kind.items():
        for reference, batch_id in _later(session, batch, RecordKind(kind), references):
            found.setdefault((kind, reference), batch_id)
    batches = _batches(session, set(found.values()))
    keys = {row.id: (row.record, row.reference) for row in rows}
    return {row_id: batches[found[key]] for row_id, key in keys.items() if key in found}


def _later(session: Session, batch: Batch, kind: RecordKind, references: set[str]) -> Iterator[tuple[str, int]]:
    """References with the batches that told of them afterwards, the first of them first."""
    records, revisions = table_of(BOOKS[kind].table).c, table_of(RecordRevision).c
    wanted = (
        select(records.reference, revisions.batch_id)
        .join_from(
            table_of(BOOKS[kind].table),
            table_of(RecordRevision),
            (revisions.record == kind) & (revisions.record_id == records.id),
        )
        .where(records.source_id == batch.source_id, is_among(session, records.reference, references))
        .where(revisions.batch_id > (batch.id or 0))
        .order_by(revisions.batch_id)
    )
    yield from ((reference, batch_id) for reference, batch_id in session.execute(wanted))


def _batches(session: Session, ids: set[int]) -> Mapping[int, CameSince]:
    found = session.exec(select(Batch).where(col(Batch.id).in_(ids))) if ids else ()
    return {each.id or 0: CameSince(each.id or 0, each.name, each.sequence, each.received_at) for each in found}
