"""Acknowledging alerts."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from storage.models import AlertState
from web.auth import require
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_alert
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["alerts"])


class AlertShown(BaseModel):
    id: int
    kind: str
    state: str
    hall_id: str | None
    acknowledged_at: datetime | None
    resolved_at: datetime | None


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(
    alert_id: RowId, services: ServicesDep, viewer: Annotated[Viewer, Depends(require(Permission.ACKNOWLEDGE))]
) -> AlertShown:
    """Repeating it changes nothing: the first who acknowledged stays; an alert that is over stays resolved."""
    with services.database.transaction() as session:
        alert = scoped_alert(session, viewer, alert_id)
        if alert.acknowledged_at is None:
            alert.acknowledged_at = services.clock()
            alert.acknowledged_by = viewer.user_id
            if alert.state is AlertState.RAISED:
                alert.state = AlertState.ACKNOWLEDGED
            session.add(alert)
        return AlertShown(id=alert_id, **alert.model_dump(exclude={"id"}))
