"""Alerts: the list, which renews itself, and the button that acknowledges one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, func, or_, select

from storage.models import Alert, AlertKind, AlertState
from web.addresses import local_path
from web.api import alerts as alerts_api
from web.auth import require
from web.pages.alert_rows import AlertRow, alert_rows
from web.pages.filters import DayRange, DayRangeDep, chosen_hall, zone_of
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import HallRef, visible_halls
from web.pages.rendering import add_page
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import alerts_in_scope
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
StateFilter = Literal["open", "raised", "acknowledged", "resolved", "withdrawn", "all"]
_STATES: dict[StateFilter, tuple[AlertState, ...]] = {
    "open": (AlertState.RAISED, AlertState.ACKNOWLEDGED),
    "raised": (AlertState.RAISED,),
    "acknowledged": (AlertState.ACKNOWLEDGED,),
    "resolved": (AlertState.RESOLVED,),
    "withdrawn": (AlertState.WITHDRAWN,),
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
    kind: AlertKind | None
    kinds: tuple[AlertKind, ...]
    """That there are."""
    part_of: int | None
    """Only what is part of this alert of a whole hall."""
    days: DayRange
    counts: AlertCounts
    may_acknowledge: bool
    alerts: tuple[AlertRow, ...]
    zone: str
    """For alerts that concern every hall."""
    next: str


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    state: StateFilter
    kind: AlertKind | None
    days: DayRange
    part_of: int | None


def wanted(
    viewer: Annotated[Viewer, Depends(require(Permission.ALERTS))],
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    state: Annotated[StateFilter, Query()] = "open",
    kind: Annotated[AlertKind | Literal[""], Query()] = "",
    part_of: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Wanted:
    """A hall out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    return Wanted(viewer, halls, chosen_hall(halls, hall), state, kind or None, days, part_of)


WantedDep = Annotated[Wanted, Depends(wanted)]


def alerts_page(wanted: WantedDep, services: ServicesDep, after: str = "") -> AlertsPage:
    now = services.clock()
    with services.database.transaction() as session:
        shown, more = cut(_alerts(session, wanted, parse_cursor(after), PAGE_SIZE + 1))
        last = shown[-1] if more else None
        return AlertsPage(
            now=now,
            halls=wanted.halls,
            hall=wanted.hall,
            state=wanted.state,
            kind=wanted.kind,
            kinds=tuple(AlertKind),
            part_of=wanted.part_of,
            days=wanted.days,
            counts=_counts(session, wanted.viewer),
            may_acknowledge=wanted.viewer.may(Permission.ACKNOWLEDGE),
            alerts=alert_rows(session, shown, now),
            zone=zone_of(wanted.halls, wanted.hall),
            next=str(Cursor(last.raised_at, last.id or 0)) if last else "",
        )


def _alerts(session: Session, wanted: Wanted, cursor: Cursor | None, limit: int) -> list[Alert]:
    zone = zone_of(wanted.halls, wanted.hall)
    query = (
        select(Alert)
        .where(alerts_in_scope(wanted.viewer), wanted.days.contains(col(Alert.raised_at), zone))
        .where(col(Alert.state).in_(_STATES[wanted.state]), after(cursor, col(Alert.raised_at), col(Alert.id)))
        .order_by(col(Alert.raised_at).desc(), col(Alert.id).desc())
        .limit(limit)
    )
    if wanted.hall:
        query = query.where(or_(col(Alert.hall_id) == wanted.hall.id, col(Alert.hall_id).is_(None)))
    if wanted.kind:
        query = query.where(Alert.kind == wanted.kind)
    if wanted.part_of is not None:
        query = query.where(Alert.part_of == wanted.part_of)
    return list(session.exec(query))


def _counts(session: Session, viewer: Viewer) -> AlertCounts:
    rows = session.exec(
        select(Alert.state, func.count())
        .where(alerts_in_scope(viewer), col(Alert.resolved_at).is_(None))
        .group_by(col(Alert.state))
    )
    counted = dict(rows.all())
    return AlertCounts(counted.get(AlertState.RAISED, 0), counted.get(AlertState.ACKNOWLEDGED, 0))


add_page(router, "/alerts", "alerts.html", alerts_page)


_COLUMNS = (
    *("id", "kind", "state", "hall", "counter", "camera", "process", "source", "fault", "detail"),
    *map(Moments, ("since", "until", "raised_at", "acknowledged_at", "resolved_at")),
    *("acknowledged_by", "customer_waiting", "notified"),
)


def alerts_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """Everything that the filters leave."""
    now = services.clock()

    def read(session: Session, at: Cursor | None, limit: int) -> tuple[AlertRow, ...]:
        return alert_rows(session, _alerts(session, wanted, at, limit), now)

    rows = read_on(services.database, read, lambda row: Cursor(row.raised_at, row.id))
    return Table("alerts", zone_of(wanted.halls, wanted.hall), _COLUMNS, map(_cells, rows))


def _cells(row: AlertRow) -> list[Cell]:
    return [
        *(row.id, row.kind, row.state, row.hall.id if row.hall else "", row.counter.id if row.counter else ""),
        *(row.camera_id or "", row.node_name, row.source_id, row.fault or "", row.fault_detail),
        *(row.since, row.until, row.raised_at, row.acknowledged_at, row.resolved_at),
        *(row.acknowledged_by, row.customer_waiting),
        "; ".join(f"{delivery.channel} {delivery.state}" for delivery in row.deliveries),
    ]


add_table(router, "/alerts", alerts_table)


@router.post("/alerts/{alert_id}/acknowledge", include_in_schema=False)
def acknowledge(
    alert_id: RowId,
    services: ServicesDep,
    viewer: Annotated[Viewer, Depends(require(Permission.ACKNOWLEDGE))],
    next: Annotated[str, Form()] = "/alerts",  # noqa: A002 (the name of the field in addresses)
) -> Response:
    alerts_api.acknowledge(alert_id, services, viewer)
    return RedirectResponse(local_path(next, "/alerts"), 303)
