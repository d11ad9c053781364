"""Saved views of the list of cases."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from web import saved_views
from web.auth import require
from web.declared_values import Strict
from web.permissions import Permission
from web.row_ids import RowId
from web.saved_views import NameRequest, ViewRequest, ViewRow
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["cases"])
CaseViewer = Annotated[Viewer, Depends(require(Permission.CASES))]


class DefaultRequest(Strict):
    view: Annotated[int, Field(ge=1, le=2**31 - 1)] | None
    """Null: the list opens with everything."""


@router.get("/case-views")
def list_views(services: ServicesDep, viewer: CaseViewer) -> list[ViewRow]:
    """One's own first, then those that others offer."""
    with services.database.transaction() as session:
        return list(saved_views.views_of(session, viewer))


@router.post("/case-views")
def save(wanted: ViewRequest, services: ServicesDep, viewer: CaseViewer) -> ViewRow:
    """In the place of one's own of the same name."""
    with services.database.transaction() as session:
        view = saved_views.save(session, wanted, viewer, services.clock())
        return next(row for row in saved_views.views_of(session, viewer) if row.id == view.id)


@router.put("/case-views/{view_id}/name", status_code=204)
def rename(view_id: RowId, wanted: NameRequest, services: ServicesDep, viewer: CaseViewer) -> None:
    """One of one's own; whoever opens the list with it goes on doing so."""
    with services.database.transaction() as session:
        saved_views.rename(session, viewer, view_id, wanted.name)


@router.delete("/case-views/{view_id}", status_code=204)
def remove(view_id: RowId, services: ServicesDep, viewer: CaseViewer) -> None:
    """One of one's own."""
    with services.database.transaction() as session:
        saved_views.remove(session, viewer, view_id)


@router.put("/case-views/default", status_code=204)
def choose_default(wanted: DefaultRequest, services: ServicesDep, viewer: CaseViewer) -> None:
    """The list opens with it; with `null` with everything."""
    with services.database.transaction() as session:
        saved_views.set_default(session, viewer, wanted.view)
