"""How much is still to be dealt with, for the navigation of pages and for programs."""

from typing import Annotated

from fastapi import APIRouter, Depends

from web.auth import require
from web.pages.open_work import OpenWork, open_work
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["cases"])
Worker = Annotated[Viewer, Depends(require(Permission.CASES, Permission.CALL_BACKS))]


@router.get("/open-work")
def read(services: ServicesDep, viewer: Worker) -> OpenWork:
    """How many cards, supervision orders and calls back in scope are open, each counted up to 100."""
    with services.database.transaction() as session:
        return open_work(session, viewer, services.clock())
