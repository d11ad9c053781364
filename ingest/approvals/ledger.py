"""Reads and writes records of any kind and all their revisions, in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import Session

from ingest.approvals.books import Book
from ingest.approvals.late_entries import late_entries
from ingest.approvals.plain import exact
from ingest.approvals.row import Row
from ingest.approvals.statements import Change, Known
from storage.bulk import insert_many, is_among, table_of, take_ids, update_many
from storage.models import LateEntry, RecordKind, RecordRevision

Columns = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """Who says it, in which batch, and when it came."""

    source_id: str
    batch_id: int
    sequence: int | None
    """Of the batch, if its source numbers them."""
    now: datetime


def known_records(session: Session, book: Book, source_id: str, references: Iterable[str]) -> dict[str, Known]:
    """What has been said about these records, all revisions."""
    records, revisions = table_of(book.table), table_of(RecordRevision)
    query = (
        select(
            records.c.reference,
            records.c.id,
            records.c.revision,
            records.c.sequence,
            revisions.c.revision,
            revisions.c.row,
            revisions.c.overtaken_by,
        )
        .join(revisions, and_(revisions.c.record == book.record, revisions.c.record_id == records.c.id))
        .where(records.c.source_id == source_id, is_among(session, records.c.reference, references))
    )
    known: dict[str, Known] = {}
    overtaken: dict[str, dict[int, int]] = {}
    for reference, record_id, in_force, sequence, revision, said, newer in session.execute(query):
        record = known.setdefault(reference, Known(record_id, in_force, sequence, {}))
        record.said[revision] = said
        if newer is not None:
            overtaken.setdefault(reference, {})[revision] = newer
    return known | {reference: known[reference]._replace(overtaken=found) for reference, found in overtaken.items()}


def write_records(
    session: Session, book: Book, entry: Entry, changes: Sequence[Change], columns: Sequence[Columns]
) -> dict[str, int]:
    """Writes what has changed, and every new revision. `columns` belong to the changes that have a row, in their order.

    Returns the ids by reference.
    """
    of_rows = dict(zip((c.reference for c in changes if c.row), columns, strict=True))
    new = [change for change in changes if change.before is None]
    ids = {c.reference: c.before.record_id for c in changes if c.before and c.before.record_id is not None}
    ids |= dict(zip((c.reference for c in new), take_ids(session, table_of(book.table), len(new)), strict=True))
    insert_many(
        session,
        table_of(book.table),
        [
            {"id": ids[c.reference], "source_id": entry.source_id, "first_received_at": entry.now}
            | _heard(c, entry)
            | of_rows[c.reference]
            for c in new
        ],
    )
    _update(session, book, entry, [c for c in changes if c.before is not None], of_rows)
    _insert_revisions(session, book.record, entry, changes, ids)
    return ids


def _update(session: Session, book: Book, entry: Entry, old: list[Change], of_rows: dict[str, Columns]) -> None:
    table = table_of(book.table)
    said_again = [{"id": c.after.record_id, "sequence": c.after.sequence} for c in old if c.row is None]
    corrected = [{"id": c.after.record_id} | _heard(c, entry) | of_rows[c.reference] for c in old if c.row is not None]
    update_many(session, table, said_again)
    update_many(session, table, corrected)


def _heard(change: Change, entry: Entry) -> Columns:
    return {
        "reference": change.reference,
        "revision": change.after.revision,
        "sequence": change.after.sequence,
        "received_at": entry.now,
    }


def _insert_revisions(
    session: Session, record: RecordKind, entry: Entry, changes: Iterable[Change], ids: dict[str, int]
) -> None:
    rows = [
        {
            "record": record,
            "record_id": ids[change.reference],
            "revision": revision,
            "batch_id": entry.batch_id,
            "row": said,
            "received_at": entry.now,
            "overtaken_by": change.after.overtaken.get(revision),
            "left_case": change.after.left_case(revision),
        }
        for change in changes
        for revision, said in change.new_revisions.items()
    ]
    insert_many(session, table_of(RecordRevision), rows)
    if record is RecordKind.STEP:
        insert_many(session, table_of(LateEntry), list(late_entries(entry.source_id, rows)))


def rows_in_force(changes: Iterable[Change]) -> list[Row]:
    return [exact(change.row) for change in changes if change.row is not None]
