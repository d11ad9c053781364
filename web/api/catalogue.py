"""Changes of the catalogue of items: drafted by one person, approved or sent back by another."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from storage.models import CatalogueChange, ProposalState
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.catalogue_changes import decide_on, propose
from web.catalogue_entry import CatalogueDraft
from web.permissions import Permission
from web.proposing import Decider, Decision
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["catalogue"])
Drafter = Annotated[Viewer, Depends(require(Permission.PROPOSE))]


class ChangeShown(BaseModel):
    id: int
    code: str
    source: str | None
    number: int | None
    """Of what was approved for this item and source."""
    state: ProposalState
    valid_from: datetime


@router.post("/catalogue/changes")
def draft(wanted: CatalogueDraft, request: Request, services: ServicesDep, viewer: Drafter) -> ChangeShown:
    """In force once somebody else has approved it, from its date on. What it would do stands on its page."""
    now = services.clock()
    with services.database.transaction() as session:
        change = propose(session, wanted, viewer, now)
        subject = f"catalogue:{change.id} {change.code}"
        log_access(session, viewer, "propose", subject, "", now, client_address(request))
        return _shown(change)


@router.post("/catalogue/changes/{change_id}/decision")
def decide(change_id: RowId, wanted: Decision, request: Request, services: ServicesDep, viewer: Decider) -> ChangeShown:
    """Approved or sent back by somebody else, or withdrawn by who drafted it."""
    now = services.clock()
    with services.database.transaction() as session:
        change = decide_on(session, change_id, wanted, viewer, now)
        subject = f"catalogue:{change.id} {change.code}"
        log_access(session, viewer, f"{wanted.act.value}_proposal", subject, "", now, client_address(request))
        return _shown(change)


def _shown(change: CatalogueChange) -> ChangeShown:
    return ChangeShown(
        id=change.id or 0,
        code=change.code,
        source=change.source_id,
        number=change.number,
        state=change.state,
        valid_from=change.valid_from,
    )
