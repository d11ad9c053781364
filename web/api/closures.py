"""Days on which halls are closed by themselves: noting them, and withdrawing that."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from storage.models import Closure
from web import closing
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.closing import ClosureRequest, Reason
from web.declared_values import Strict
from web.permissions import Permission
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["closures"])
Closer = Annotated[Viewer, Depends(require(Permission.CLOSURES))]


class Withdrawal(Strict):
    reason: Reason


class ClosureShown(BaseModel):
    id: int
    hall: str
    day: date
    reason: str


@router.post("/closures")
def note(wanted: ClosureRequest, request: Request, services: ServicesDep, viewer: Closer) -> list[ClosureShown]:
    """Of the days those that are worked; limits of the halls' cases are reckoned anew within a minute."""
    now = services.clock()
    with services.database.transaction() as session:
        made = closing.note(session, wanted, viewer, now)
        days = f"{made[0].day}/{made[-1].day}"
        subject = f"closures:{','.join(sorted({one.hall_id for one in made}))} {days}"
        log_access(session, viewer, "note_closure", subject, "", now, client_address(request))
        return [_shown(closure) for closure in made]


@router.post("/closures/{closure_id}/withdrawal")
def withdraw(
    closure_id: RowId, wanted: Withdrawal, request: Request, services: ServicesDep, viewer: Closer
) -> ClosureShown:
    """The day counts from now on."""
    now = services.clock()
    with services.database.transaction() as session:
        closure = closing.withdraw(session, closure_id, wanted.reason, viewer, now)
        subject = f"closures:{closure.hall_id} {closure.day}"
        log_access(session, viewer, "withdraw_closure", subject, "", now, client_address(request))
        return _shown(closure)


def _shown(closure: Closure) -> ClosureShown:
    return ClosureShown(id=closure.id or 0, hall=closure.hall_id, day=closure.day, reason=closure.reason)
