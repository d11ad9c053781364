"""Importing a file of cases, and what became of earlier batches."""

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, UploadFile
from fastapi.responses import Response, StreamingResponse
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

import ingest.approvals
from ingest.approvals.importing import import_file
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.reports import BatchReport
from storage.models import Batch, RejectedRow, Source
from web.auth import require
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.pages.filters import DEFAULT_ZONE
from web.pages.paging import PAGE_SIZE
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.scoping import sources_in_scope
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
Importer = Annotated[Viewer, Depends(require(Permission.IMPORT))]
SHOWN_ROWS = 200
_PIECE = 1 << 20


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
class ImportPage:
    zone: str
    sources: tuple[SourceRef, ...]
    mappings: tuple[str, ...]
    """Names of the mapping files that come with the product."""
    source: str
    mapping: str
    problem: str
    report: BatchReport | None
    dry_run: bool
    file_name: str
    batches: tuple[BatchRow, ...]


@dataclass(frozen=True)
class Rejected:
    line: int
    field: str
    problem: str
    remedy: str
    raw: str


@dataclass(frozen=True)
class BatchPage:
    zone: str
    batch: BatchRow
    rejected: tuple[Rejected, ...]
    more: bool
    """Whether there are more rejected rows than are shown; the CSV file has all."""


def import_page(viewer: Importer, services: ServicesDep) -> ImportPage:
    return _page(services, viewer)


def _page(
    services: Services,
    viewer: Viewer,
    *,
    source: str = "",
    mapping: str = "",
    problem: str = "",
    report: BatchReport | None = None,
    dry_run: bool = False,
    file_name: str = "",
) -> ImportPage:
    with services.database.transaction() as session:
        return ImportPage(
            zone=DEFAULT_ZONE,
            sources=_sources(session, viewer),
            mappings=tuple(mapping_files()),
            source=source,
            mapping=mapping,
            problem=problem,
            report=report,
            dry_run=dry_run,
            file_name=file_name,
            batches=_batches(session, viewer),
        )


@cache
def mapping_files() -> dict[str, Path]:
    """By name, e.g. receipt."""
    folder = Path(str(files(ingest.approvals))) / "mappings"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _sources(session: Session, viewer: Viewer) -> tuple[SourceRef, ...]:
    found = session.exec(select(Source).where(sources_in_scope(viewer)).order_by(col(Source.id)))
    return tuple(SourceRef(source.id, source.name or source.id) for source in found)


def _batches(session: Session, viewer: Viewer) -> tuple[BatchRow, ...]:
    found = session.exec(
        select(Batch, Source)
        .join(Source, col(Source.id) == col(Batch.source_id))
        .where(sources_in_scope(viewer))
        .order_by(col(Batch.id).desc())
        .limit(PAGE_SIZE)
    )
    return tuple(_batch(batch, source) for batch, source in found)


def _batch(batch: Batch, source: Source) -> BatchRow:
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


add_page(router, "/import", "import.html", import_page)


@router.post("/import", include_in_schema=False)
def read_file(
    viewer: Importer,
    services: ServicesDep,
    around: ScreenDep,
    source: Annotated[str, Form()] = "",
    mapping: Annotated[str, Form()] = "",
    dry_run: Annotated[bool, Form()] = False,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Reads the file, or with `dry_run` only says what would become of it."""
    name = Path(file.filename or "").name if file else ""
    report: BatchReport | None = None
    problem = "" if file and name else _("Choose a file.")
    if file and name:
        report, problem = _import(services, viewer, source, mapping, file, name, dry_run)
    page = _page(
        services,
        viewer,
        source=source,
        mapping=mapping,
        problem=problem,
        report=report,
        dry_run=dry_run,
        file_name=name,
    )
    return html(around, "import.html", page, status=422 if problem else 200)


def _import(
    services: Services, viewer: Viewer, source: str, mapping: str, file: UploadFile, name: str, dry_run: bool
) -> tuple[BatchReport | None, str]:
    with services.database.transaction() as session:
        if source not in [ref.id for ref in _sources(session, viewer)]:
            return None, _("Choose a source.")
    if mapping and mapping not in mapping_files():
        return None, _("Choose a mapping of the list.")
    with tempfile.TemporaryDirectory(prefix="hallwatch-import-") as folder:
        path = Path(folder) / name
        with path.open("wb") as target:  # web.body_limits has seen to its size
            shutil.copyfileobj(file.file, target, _PIECE)
        try:
            known = Mapping.load(mapping_files()[mapping]) if mapping else None
            return import_file(services.database, source, path, known, services.clock(), dry_run=dry_run), ""
        except MappingError as error:
            return None, str(error)


def batch_page(batch_id: int, viewer: Importer, services: ServicesDep) -> BatchPage:
    with services.database.transaction() as session:
        batch, source = _scoped_batch(session, viewer, batch_id)
        found = session.exec(_rejected(batch_id).limit(SHOWN_ROWS + 1)).all()
        rows = tuple(Rejected(row.line, row.field, row.problem, row.remedy, row.raw) for row in found[:SHOWN_ROWS])
        return BatchPage(DEFAULT_ZONE, _batch(batch, source), rows, len(found) > SHOWN_ROWS)


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
    return (
        select(RejectedRow).where(RejectedRow.batch_id == batch_id).order_by(col(RejectedRow.line), col(RejectedRow.id))
    )


add_page(router, "/import/{batch_id}", "batch.html", batch_page)


@router.get("/import/{batch_id}/rejected.csv", include_in_schema=False)
def rejected_csv(batch_id: int, viewer: Importer, services: ServicesDep) -> Response:
    """All rejected rows of a batch, with a mark that makes spreadsheets read it as UTF-8."""
    with services.database.transaction() as session:
        _scoped_batch(session, viewer, batch_id)
    headers = {"Content-Disposition": f'attachment; filename="rejected-{batch_id}.csv"'}
    return StreamingResponse(_csv(services, batch_id), media_type="text/csv; charset=utf-8", headers=headers)


def _csv(services: Services, batch_id: int) -> Iterator[str]:
    yield "\ufeff"
    yield _line(["line", "field", "problem", "remedy", "row"])
    with services.database.transaction() as session:
        for row in session.exec(_rejected(batch_id)).yield_per(1000):
            yield _line([str(row.line), row.field, row.problem, row.remedy, row.raw])


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: str) -> str:
    """Spreadsheets run what begins like a formula; a quote before it keeps it text."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
