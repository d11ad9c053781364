"""What became of a batch: its counts, its refused rows, and those as a file."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from ingest.approvals.reports import rejection
from storage.models import Batch, RejectedRow, Source
from storage.sayings import Saying
from web.auth import require
from web.errors import NotFound
from web.i18n import Language, say
from web.i18n import gettext_marker as _
from web.pages.batch_list import BatchRow, batch_row
from web.pages.filters import DEFAULT_ZONE
from web.pages.rendering import ScreenDep, add_page
from web.pages.scoping import sources_in_scope
from web.pages.tables import Cell, Table, add_table, read_on
from web.permissions import Permission
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
Importer = Annotated[Viewer, Depends(require(Permission.IMPORT))]
SHOWN_ROWS = 200
CSV_HEADINGS = (_("Line"), _("Field"), _("What is wrong"), _("What to do"), _("The row as it came"))


@dataclass(frozen=True)
class Rejected:
    line: int
    field: str
    problem: Saying
    remedy: Saying
    raw: str


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
        rows = tuple(_rejected_row(row) for row in found[:SHOWN_ROWS])
        return BatchPage(DEFAULT_ZONE, batch_row(batch, source), rows, len(found) > SHOWN_ROWS)


def _rejected_row(row: RejectedRow) -> Rejected:
    found = rejection(row)
    return Rejected(found.line, found.field, found.problem, found.remedy, row.raw)


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

    def read(session: Session, at: int | None, limit: int) -> list[RejectedRow]:
        return list(session.exec(_rejected(batch_id).where(col(RejectedRow.id) > (at or 0)).limit(limit)))

    columns = tuple(say(language, heading) for heading in CSV_HEADINGS)
    rows = read_on(services.database, read, lambda row: row.id or 0)
    return Table(f"rejected-{batch_id}", DEFAULT_ZONE, columns, (_cells(row, language) for row in rows))


def _cells(row: RejectedRow, language: Language) -> list[Cell]:
    found = _rejected_row(row)
    return [row.line, found.field, say(language, found.problem), say(language, found.remedy), found.raw]


for _address in ("/import/{batch_id}", "/import/{batch_id}/rejected"):
    add_table(router, _address, rejected_table)
add_page(router, "/import/{batch_id}", "batch.html", batch_page)
