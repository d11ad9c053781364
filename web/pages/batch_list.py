"""The list of batches, page by page, and its filters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from sqlmodel import Session, col, select

from storage.models import Batch, Source
from web.errors import NotFound
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.scoping import sources_in_scope
from web.viewer import Viewer

RowsFilter = Literal["", "refused"]


@dataclass(frozen=True)
class SourceRef:
    id: str
    name: str


@dataclass(frozen=True)
class BatchRow:
    id: int
    source: str
    name: str
    sequence: int | None
    received_at: datetime
    rows: int
    accepted: int
    duplicates: int
    rejected: int


@dataclass(frozen=True)
class BatchFilter:
    source: str = ""
    """Id; empty: every source."""
    rows: RowsFilter = ""
    after: str = ""
    """Where the page begins."""


@dataclass(frozen=True)
class BatchList:
    batches: tuple[BatchRow, ...]
    next: str


def batch_filter(
    source: Annotated[str, Query(max_length=64)] = "",
    rows: Annotated[RowsFilter, Query()] = "",
    after: str = "",
) -> BatchFilter:
    return BatchFilter(source, rows, after)


BatchFilterDep = Annotated[BatchFilter, Depends(batch_filter)]


def visible_sources(session: Session, viewer: Viewer) -> tuple[SourceRef, ...]:
    found = session.exec(select(Source).where(sources_in_scope(viewer)).order_by(col(Source.id)))
    return tuple(SourceRef(source.id, source.name or source.id) for source in found)


def batch_list(session: Session, viewer: Viewer, wanted: BatchFilter) -> BatchList:
    """The newest first. Raises NotFound for a source that the viewer may not see."""
    shown, more = cut(batch_rows(session, viewer, wanted, parse_cursor(wanted.after), PAGE_SIZE + 1))
    return BatchList(tuple(shown), str(position_of(shown[-1])) if more else "")


def position_of(row: BatchRow) -> Cursor:
    return Cursor(row.received_at, row.id)


def batch_rows(
    session: Session, viewer: Viewer, wanted: BatchFilter, cursor: Cursor | None, limit: int
) -> list[BatchRow]:
    """Those after the cursor. Raises as `batch_list`."""
    query = (
        select(Batch, Source)
        .join(Source, col(Source.id) == col(Batch.source_id))
        .where(sources_in_scope(viewer))
        .where(after(cursor, col(Batch.received_at), col(Batch.id)))
        .order_by(col(Batch.received_at).desc(), col(Batch.id).desc())
        .limit(limit)
    )
    if wanted.source:
        if wanted.source not in [source.id for source in visible_sources(session, viewer)]:
            raise NotFound
        query = query.where(Batch.source_id == wanted.source)
    if wanted.rows == "refused":
        query = query.where(Batch.rejected > 0)
    return [batch_row(batch, source) for batch, source in session.exec(query)]


def batch_row(batch: Batch, source: Source) -> BatchRow:
    assert batch.id is not None
    return BatchRow(
        id=batch.id,
        source=source.name or source.id,
        name=batch.name,
        sequence=batch.sequence,
        received_at=batch.received_at,
        rows=batch.rows,
        accepted=batch.accepted,
        duplicates=batch.duplicates,
        rejected=batch.rejected,
    )
