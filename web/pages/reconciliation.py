"""What each source has sent, day by day, beside what is missing, late or refused."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session

from storage.models import Source
from web.auth import require
from web.errors import NotFound
from web.pages.batch_list import SourceRef, visible_sources
from web.pages.filters import DEFAULT_ZONE, DayRange, DayRangeDep
from web.pages.rendering import add_page
from web.pages.tables import Moments, Table, add_table
from web.permissions import Permission
from web.reconciliation import COLUMNS, Reconciliation, reconciliation
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
Reader = Annotated[Viewer, Depends(require(Permission.DATA_QUALITY))]


@dataclass(frozen=True)
class ReconciliationPage:
    sources: tuple[SourceRef, ...]
    source: str
    """Id of the one that is shown; empty: there is none."""
    days: DayRange
    found: Reconciliation | None

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(source.id, source.name) for source in self.sources]


def reconciliation_page(
    viewer: Reader, services: ServicesDep, days: DayRangeDep, source: str = ""
) -> ReconciliationPage:
    with services.database.transaction() as session:
        sources = visible_sources(session, viewer)
        shown = _chosen(session, sources, source)
        found = reconciliation(services, session, shown, days) if shown else None
    return ReconciliationPage(sources, shown.id if shown else "", days, found)


def _chosen(session: Session, sources: tuple[SourceRef, ...], wanted: str) -> Source | None:
    """The first where none is asked for. Raises NotFound for one that the viewer may not see."""
    ids = [source.id for source in sources]
    if wanted and wanted not in ids:
        raise NotFound
    return session.get(Source, wanted or ids[0]) if ids else None


def reconciliation_table(page: Annotated[ReconciliationPage, Depends(reconciliation_page)]) -> Table:
    """Days are those of its zone."""
    days = page.found.days if page.found else ()
    zone = page.found.zone if page.found else DEFAULT_ZONE
    columns = (Moments(COLUMNS[0]), *COLUMNS[1:])
    return Table("reconciliation", zone, columns, (list(day.cells()) for day in days))


add_page(router, "/reconciliation", "reconciliation.html", reconciliation_page)
add_table(router, "/reconciliation", reconciliation_table)
