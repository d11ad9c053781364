"""Alerts: the list, which renews itself, and the button that acknowledges one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.models import Alert, AlertKind, AlertState
from web.addresses import local_path
from web.api import alerts as alerts_api
from web.auth import require
from web.pages.alert_rows import AlertRow, alert_rows
from web.pages.filters import DayRange, DayRangeDep, chosen_hall, zone_of
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import HallRef, visible_halls
from web.pages.rendering import add_page
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import alerts_in_scope
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
StateFilter = Literal["open", "raised", "acknowledged", "resolved", "all"]
KindFilter = Literal[
    "", "absence", "camera_fault", "node_silent", "spool_filling", "job_failing", "store_unsafe", "hall_affected"
]
_STATES: dict[StateFilter, tuple[AlertState, ...]] = {
    "open": (AlertState.RAISED, AlertState.ACKNOWLEDGED),
    "raised": (AlertState.RAISED,),
    "acknowledged": (AlertState.ACKNOWLEDGED,),
    "resolved": (AlertState.RESOLVED,),
    "all": tuple(AlertState),
}


@dataclass(frozen=True)
class AlertCounts:
    raised: int
    acknowledged: int


@dataclass(frozen=True)
class AlertsPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    state: StateFilter
    kind: KindFilter
    part_of: int | None
    """Only what is part of this alert of a whole hall."""
    days: DayRange
    counts: AlertCounts
    may_acknowledge: bool
    alerts: tuple[AlertRow, ...]
    zone: str
    """For alerts that concern every hall."""
    next: str


def alerts_page(
    viewer: Annotated[Viewer, Depends(require(Permission.ALERTS))],
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    state: Annotated[StateFilter, Query()] = "open",
    kind: Annotated[KindFilter, Query()] = "",
    part_of: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    after: str = "",
) -> AlertsPage:
    now = services.clock()
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = chosen_hall(halls, hall)
        zone = zone_of(halls, chosen)
        wanted = _alerts(viewer, chosen, state, kind, days.contains(col(Alert.raised_at), zone))
        if part_of is not None:
            wanted = wanted.where(Alert.part_of == part_of)
        cursor = parse_cursor(after)
        found = list(session.exec(wanted.where(_comes_after(cursor)).limit(PAGE_SIZE + 1)))
        shown, more = cut(found)
        last = shown[-1] if more else None
        return AlertsPage(
            now=now,
            halls=halls,
            hall=chosen,
            state=state,
            kind=kind,
            part_of=part_of,
            days=days,
            counts=_counts(session, viewer),
            may_acknowledge=viewer.may(Permission.ACKNOWLEDGE),
            alerts=alert_rows(session, shown, now),
            zone=zone,
            next=str(Cursor(last.raised_at, last.id or 0)) if last else "",
        )


def _comes_after(cursor: Cursor | None) -> ColumnElement[bool]:
    return after(cursor, col(Alert.raised_at), col(Alert.id))


def _alerts(
    viewer: Viewer, hall: HallRef | None, state: StateFilter, kind: KindFilter, in_days: ColumnElement[bool]
) -> SelectOfScalar[Alert]:
    wanted = (
        select(Alert)
        .where(alerts_in_scope(viewer), in_days, col(Alert.state).in_(_STATES[state]))
        .order_by(col(Alert.raised_at).desc(), col(Alert.id).desc())
    )
    if hall:
        wanted = wanted.where(or_(col(Alert.hall_id) == hall.id, col(Alert.hall_id).is_(None)))
    if kind:
        wanted = wanted.where(Alert.kind == AlertKind(kind))
    return wanted


def _counts(session: Session, viewer: Viewer) -> AlertCounts:
    rows = session.exec(
        select(Alert.state, func.count())
        .where(alerts_in_scope(viewer), col(Alert.state) != AlertState.RESOLVED)
        .group_by(col(Alert.state))
    )
    counted = dict(rows.all())
    return AlertCounts(counted.get(AlertState.RAISED, 0), counted.get(AlertState.ACKNOWLEDGED, 0))


add_page(router, "/alerts", "alerts.html", alerts_page)


@router.post("/alerts/{alert_id}/acknowledge", include_in_schema=False)
def acknowledge(
    alert_id: RowId,
    services: ServicesDep,
    viewer: Annotated[Viewer, Depends(require(Permission.ACKNOWLEDGE))],
    next: Annotated[str, Form()] = "/alerts",  # noqa: A002 (the name of the field in addresses)
) -> Response:
    alerts_api.acknowledge(alert_id, services, viewer)
    return RedirectResponse(local_path(next, "/alerts"), 303)
