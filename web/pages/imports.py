"""Importing a file of cases."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response
from sqlmodel import Session

from ingest.approvals.known_mappings import mapping_files
from ingest.approvals.mapping import Mapping
from ingest.approvals.reports import BatchReport
from web.errors import Unprocessable
from web.i18n import gettext_marker as _
from web.local_rows import zone_of_source
from web.pages.batch_list import (
    BatchFilter,
    BatchFilterDep,
    BatchRow,
    SourceRef,
    batch_list,
    batch_rows,
    position_of,
    visible_sources,
)
from web.pages.batches import Importer
from web.pages.filters import DEFAULT_ZONE
from web.pages.left_over import LeftRow, left_in_inbox
from web.pages.paging import Cursor
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.tables import Moments, Table, add_table, read_on
from web.services import Services, ServicesDep
from web.uploads import ImportDesk, ImportDeskDep, import_upload, load_mapping, name_of, read_mapping
from web.viewer import Viewer

router = APIRouter()


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
    report_zone: str
    """In which the page shows the times of its first rows; here they are in UTC."""
    dry_run: bool
    file_name: str
    left: tuple[LeftRow, ...]
    """What lies in the inbox and is not imported, the newest first."""
    filter: BatchFilter
    batches: tuple[BatchRow, ...]
    next: str


def import_page(viewer: Importer, services: ServicesDep, wanted: BatchFilterDep) -> ImportPage:
    return _page(services, viewer, wanted)


def _page(
    services: Services,
    viewer: Viewer,
    wanted: BatchFilter = BatchFilter(),
    *,
    source: str = "",
    mapping: str = "",
    problem: str = "",
    report: BatchReport | None = None,
    dry_run: bool = False,
    file_name: str = "",
) -> ImportPage:
    with services.database.transaction() as session:
        listed = batch_list(session, viewer, wanted)
        return ImportPage(
            zone=DEFAULT_ZONE,
            sources=visible_sources(session, viewer),
            mappings=tuple(mapping_files()),
            source=source,
            mapping=mapping,
            problem=problem,
            report=report,
            report_zone=zone_of_source(session, source),
            dry_run=dry_run,
            file_name=file_name,
            left=left_in_inbox(session, viewer),
            filter=wanted,
            batches=listed.batches,
            next=listed.next,
        )


add_page(router, "/import", "import.html", import_page)

_COLUMNS = ("id", "source", "name", "sequence", Moments("received_at"), "rows", "accepted", "duplicates", "rejected")


def batches_table(viewer: Importer, services: ServicesDep, wanted: BatchFilterDep) -> Table:
    def read(session: Session, at: Cursor | None, limit: int) -> list[BatchRow]:
        return batch_rows(session, viewer, wanted, at, limit)

    with services.database.transaction() as session:
        batch_rows(session, viewer, wanted, None, 1)  # a source out of scope is refused before the file begins
    rows = read_on(services.database, read, position_of)
    return Table("batches", DEFAULT_ZONE, _COLUMNS, ([getattr(row, name) for name in _COLUMNS] for row in rows))


add_table(router, "/import", batches_table)


@router.post("/import", include_in_schema=False)
def read_file(
    desk: ImportDeskDep,
    around: ScreenDep,
    source: Annotated[str, Form()] = "",
    mapping: Annotated[str, Form()] = "",
    dry_run: Annotated[bool, Form()] = False,
    file: Annotated[UploadFile | None, File()] = None,
    mapping_file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Reads the file, or with `dry_run` only says what would become of it. A mapping file goes before a chosen one."""
    name = name_of(file)
    report: BatchReport | None = None
    problem = "" if file and name else _("Choose a file.")
    if file and name:
        report, problem = _import(desk, source, mapping, mapping_file, file, dry_run)
    page = _page(
        desk.services,
        desk.viewer,
        source=source,
        mapping=mapping,
        problem=problem,
        report=report,
        dry_run=dry_run,
        file_name=name,
    )
    return html(around, "import.html", page, status=422 if problem else 200)


def _import(
    desk: ImportDesk,
    source: str,
    mapping: str,
    mapping_file: UploadFile | None,
    file: UploadFile,
    dry_run: bool,
) -> tuple[BatchReport | None, str]:
    with desk.services.database.transaction() as session:
        if source not in [ref.id for ref in visible_sources(session, desk.viewer)]:
            return None, _("Choose a source.")
    if mapping and mapping not in mapping_files():
        return None, _("Choose a mapping of the list.")
    try:
        return import_upload(desk, source, file, _mapping(mapping, mapping_file), dry_run=dry_run), ""
    except Unprocessable as error:
        return None, error.fields[0].problem


def _mapping(name: str, upload: UploadFile | None) -> Mapping | None:
    if upload and name_of(upload):
        return read_mapping(upload)
    return load_mapping(mapping_files()[name]) if name else None
