"""Changes of the formula of the evaluation: drafted by one person, approved or sent back by another."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from storage.models import FormulaChange, ProposalState
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.formula_changes import FormulaDraft, decide_on, propose
from web.permissions import Permission
from web.proposing import Decider, Decision
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["evaluation"])
Drafter = Annotated[Viewer, Depends(require(Permission.PROPOSE))]


class FormulaShown(BaseModel):
    id: int
    version: str
    effective: date
    state: ProposalState


@router.post("/evaluation/formulas")
def draft(wanted: FormulaDraft, request: Request, services: ServicesDep, viewer: Drafter) -> FormulaShown:
    """The formula of its day with other numbers; in force once somebody else has approved it."""
    now = services.clock()
    with services.database.transaction() as session:
        change = propose(session, wanted, viewer, now)
        log_access(session, viewer, "propose", f"formula:{change.version}", "", now, client_address(request))
        return _shown(change)


@router.post("/evaluation/formulas/{change_id}/decision")
def decide(
    change_id: RowId, wanted: Decision, request: Request, services: ServicesDep, viewer: Decider
) -> FormulaShown:
    """Approved or sent back by somebody else, or withdrawn by who drafted it."""
    now, action = services.clock(), f"{wanted.act.value}_proposal"
    with services.database.transaction() as session:
        change = decide_on(session, change_id, wanted, viewer, now)
        log_access(session, viewer, action, f"formula:{change.version}", "", now, client_address(request))
        return _shown(change)


def _shown(change: FormulaChange) -> FormulaShown:
    return FormulaShown(id=change.id or 0, version=change.version, effective=change.effective, state=change.state)
