"""Acknowledging alerts."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlmodel import Session, select

from storage.models import Alert, AlertState
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
    """Repeating it changes nothing: the first who acknowledged stays; an alert that is over stays resolved.

    With the alert of a whole hall those of its counters are acknowledged, too.
    """
    now = services.clock()
    with services.database.transaction() as session:
        alert = scoped_alert(session, viewer, alert_id)
        parts = session.exec(select(Alert).where(Alert.part_of == alert_id)).all()
        for each in (alert, *parts):
            _acknowledge(session, each, viewer.user_id, now)
        return AlertShown(id=alert_id, **alert.model_dump(exclude={"id"}))


def _acknowledge(session: Session, alert: Alert, by: int, now: datetime) -> None:
    if alert.acknowledged_at is not None:
        return
    alert.acknowledged_at, alert.acknowledged_by = now, by
    if alert.state is AlertState.RAISED:
        alert.state = AlertState.ACKNOWLEDGED
    session.add(alert)
