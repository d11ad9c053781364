"""The ledger of footage that was deleted: what, when, and by which rule; and the end of a pause of deletion."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from storage.deletion_pause import paused_since, resume_deletion
from storage.models import Camera, Deletion, FootageKind, Hall, RetentionRule
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.errors import NotFound
from web.pages.filters import DayRange, DayRangeDep, chosen_hall, zone_of
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import CameraRef, HallRef, cameras_of, hall_ref, visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import halls_in_scope
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
LedgerReader = Annotated[Viewer, Depends(require(Permission.DELETIONS))]
Administrator = Annotated[Viewer, Depends(require(Permission.ADMIN))]
StateFilter = Literal["", "ordered", "confirmed"]
_Found = tuple[Deletion, Camera, Hall, RetentionRule | None]


@dataclass(frozen=True)
class DeletionRow:
    id: int
    camera_id: str
    camera_name: str
    hall: HallRef
    start: datetime
    end: datetime
    """Exclusive."""
    size: int
    sha256: str
    key: str
    kind: FootageKind
    days: int
    """For how long it was to be kept."""
    rule_id: int | None
    """None: the built-in rule."""
    rule_version: int
    rule_level: str
    """counter, hall, city, or default for the built-in one."""
    ordered_at: datetime
    confirmed_at: datetime | None
    """When the store had no byte of it any more; None before."""


@dataclass(frozen=True)
class DeletionsPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    cameras: tuple[CameraRef, ...]
    """Of every hall in scope."""
    camera: str
    state: StateFilter
    days: DayRange
    """On which the footage was recorded."""
    deletions: tuple[DeletionRow, ...]
    next: str
    paused_since: datetime | None
    """Nothing is deleted since a recovery of the index began at this time; None: what is due is deleted."""


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    cameras: tuple[CameraRef, ...]
    camera: str
    state: StateFilter
    days: DayRange


def wanted(
    viewer: LedgerReader,
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    camera: str = "",
    state: Annotated[StateFilter, Query()] = "",
) -> Wanted:
    """A hall or camera out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = chosen_hall(halls, hall)
        cameras = tuple(ref for place in halls for ref in cameras_of(session, place))
    if camera and camera not in {ref.id for ref in cameras}:
        raise NotFound
    return Wanted(viewer, halls, chosen, cameras, camera, state, days)


WantedDep = Annotated[Wanted, Depends(wanted)]


def deletions_page(wanted: WantedDep, services: ServicesDep, after: str = "") -> DeletionsPage:
    with services.database.transaction() as session:
        shown, more = cut(_deletions(session, wanted, parse_cursor(after), PAGE_SIZE + 1))
        last = shown[-1][0] if more else None
        return DeletionsPage(
            now=services.clock(),
            halls=wanted.halls,
            hall=wanted.hall,
            cameras=wanted.cameras,
            camera=wanted.camera,
            state=wanted.state,
            days=wanted.days,
            deletions=tuple(map(_row, shown)),
            next=str(Cursor(last.start, last.id or 0)) if last else "",
            paused_since=paused_since(session),
        )


def _deletions(session: Session, wanted: Wanted, cursor: Cursor | None, limit: int) -> list[_Found]:
    """The newest footage first."""
    query = (
        select(Deletion, Camera, Hall, RetentionRule)
        .join(Camera, col(Camera.id) == col(Deletion.camera_id))
        .join(Hall, col(Hall.id) == col(Camera.hall_id))
        .outerjoin(RetentionRule, col(RetentionRule.id) == col(Deletion.rule_id))
        .where(halls_in_scope(wanted.viewer, col(Camera.hall_id)))
        .where(wanted.days.contains(col(Deletion.start), zone_of(wanted.halls, wanted.hall)))
        .where(after(cursor, col(Deletion.start), col(Deletion.id)))
        .order_by(col(Deletion.start).desc(), col(Deletion.id).desc())
        .limit(limit)
    )
    if wanted.hall:
        query = query.where(Camera.hall_id == wanted.hall.id)
    if wanted.camera:
        query = query.where(Deletion.camera_id == wanted.camera)
    if wanted.state:
        is_confirmed = col(Deletion.confirmed_at).is_not(None)
        query = query.where(is_confirmed if wanted.state == "confirmed" else ~is_confirmed)
    return [(deletion, camera, hall, rule) for deletion, camera, hall, rule in session.exec(query)]


def _row(found: _Found) -> DeletionRow:
    deletion, camera, hall, rule = found
    assert deletion.id is not None
    return DeletionRow(
        id=deletion.id,
        camera_id=camera.id,
        camera_name=camera.name or camera.id,
        hall=hall_ref(hall),
        start=deletion.start,
        end=deletion.end,
        size=deletion.size,
        sha256=deletion.sha256,
        key=deletion.key,
        kind=deletion.kind,
        days=deletion.days,
        rule_id=deletion.rule_id,
        rule_version=deletion.rule_version,
        rule_level=_level(rule),
        ordered_at=deletion.ordered_at,
        confirmed_at=deletion.confirmed_at,
    )


def _level(rule: RetentionRule | None) -> str:
    if rule is None:
        return "default"
    return "counter" if rule.counter_id else "hall" if rule.hall_id else "city"


add_page(router, "/deletions", "deletions.html", deletions_page)


_TIMES = ("start", "end", "ordered_at", "confirmed_at")
_COLUMNS = tuple(Moments(field.name) if field.name in _TIMES else field.name for field in fields(DeletionRow))


def deletions_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """Everything that the filters leave."""

    def read(session: Session, at: Cursor | None, limit: int) -> list[DeletionRow]:
        return [_row(each) for each in _deletions(session, wanted, at, limit)]

    rows = read_on(services.database, read, lambda row: Cursor(row.start, row.id))
    return Table("deletions", zone_of(wanted.halls, wanted.hall), _COLUMNS, map(_cells, rows))


def _cells(row: DeletionRow) -> list[Cell]:
    values = (getattr(row, name) for name in _COLUMNS)
    return [value.id if isinstance(value, HallRef) else value for value in values]


add_table(router, "/deletions", deletions_table)


@router.post("/deletions/resume", include_in_schema=False)
def resume(request: Request, viewer: Administrator, services: ServicesDep) -> Response:
    """Holds and rules are set again after a recovery. Of two who say so the first counts."""
    now = services.clock()
    with services.database.transaction() as session:
        if resume_deletion(session, now, viewer.name):
            log_access(session, viewer, "resume_deletion", "", "", now, client_address(request))
    return RedirectResponse("/deletions?done=deletion_resumed", 303)
