"""What became of a batch: its counts, its refused rows, and those as a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from ingest.approvals.reports import rejection
from storage.models import Batch, RejectedRow, Source
from storage.sayings import Saying
from web.auth import require
from web.came_since import CameSince, came_since
from web.errors import NotFound
from web.i18n import Language, say
from web.i18n import gettext_marker as _
from web.pages.batch_list import BatchRow, batch_row
from web.pages.filters import DEFAULT_ZONE
from web.pages.rendering import ScreenDep, add_page
from web.pages.scoping import sources_in_scope
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.permissions import Permission
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
Importer = Annotated[Viewer, Depends(require(Permission.IMPORT))]
SHOWN_ROWS = 200
CSV_HEADINGS = (_("Line"), _("Field"), _("What is wrong"), _("What to do"), _("The row as it came"))
CAME_HEADINGS = _("Came since with batch"), _("Came since")


@dataclass(frozen=True)
class Rejected:
    line: int
    field: str
    problem: Saying
    remedy: Saying
    raw: str
    came_since: CameSince | None
    """The first later batch that told of the same record; None where none has, and where the row names no record."""


@dataclass(frozen=True)
class BatchPage:
    zone: str
    batch: BatchRow
    rejected: tuple[Rejected, ...]
    more: bool
    """Whether there are more rejected rows than are shown; the CSV file has all."""


def batch_page(batch_id: RowId, viewer: Importer, services: ServicesDep) -> BatchPage:
    with services.database.transaction() as session:
        batch, source = _scoped_batch(session, viewer, batch_id)
        found = session.exec(_rejected(batch_id).limit(SHOWN_ROWS + 1)).all()
        rows = tuple(_rejected_rows(session, batch, found[:SHOWN_ROWS]))
        return BatchPage(DEFAULT_ZONE, batch_row(batch, source), rows, len(found) > SHOWN_ROWS)


def _rejected_rows(session: Session, batch: Batch, rows: Sequence[RejectedRow]) -> Iterator[Rejected]:
    since = came_since(session, batch, rows)
    for row in rows:
        found = rejection(row)
        yield Rejected(found.line, found.field, found.problem, found.remedy, row.raw, since.get(row.id))


def _scoped_batch(session: Session, viewer: Viewer, batch_id: int) -> tuple[Batch, Source]:
    found = session.exec(
        select(Batch, Source)
        .join(Source, col(Source.id) == col(Batch.source_id))
        .where(Batch.id == batch_id, sources_in_scope(viewer))
    ).first()
    if found is None:
        raise NotFound
    return found


def _rejected(batch_id: int) -> SelectOfScalar[RejectedRow]:
    """In the order in which they were refused, which is that of their lines."""
    return select(RejectedRow).where(RejectedRow.batch_id == batch_id).order_by(col(RejectedRow.id))


def rejected_table(batch_id: RowId, viewer: Importer, services: ServicesDep, around: ScreenDep) -> Table:
    """All refused rows of a batch, in the reader's words."""
    language = around.language
    with services.database.transaction() as session:
        _scoped_batch(session, viewer, batch_id)

    def read(session: Session, at: int | None, limit: int) -> list[tuple[int, Rejected]]:
        found = session.exec(_rejected(batch_id).where(col(RejectedRow.id) > (at or 0)).limit(limit)).all()
        told = _rejected_rows(session, session.get_one(Batch, batch_id), found)
        return [(row.id or 0, each) for row, each in zip(found, told, strict=True)]

    batch, at = (say(language, heading) for heading in CAME_HEADINGS)
    columns = (*(say(language, heading) for heading in CSV_HEADINGS), batch, Moments(at))
    rows = read_on(services.database, read, lambda numbered: numbered[0])
    return Table(f"rejected-{batch_id}", DEFAULT_ZONE, columns, (_cells(row, language) for _, row in rows))


def _cells(row: Rejected, language: Language) -> list[Cell]:
    since = row.came_since
    came = (since.batch_id, since.received_at) if since else (None, None)
    return [row.line, row.field, say(language, row.problem), say(language, row.remedy), row.raw, *came]


for _address in ("/import/{batch_id}", "/import/{batch_id}/rejected"):
    add_table(router, _address, rejected_table)
add_page(router, "/import/{batch_id}", "batch.html", batch_page)
