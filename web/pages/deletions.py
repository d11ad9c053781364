"""The ledger of footage that was deleted: what, when, and by which rule."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from sqlmodel import Session, col, select

from storage.models import Camera, Deletion, FootageKind, Hall, RetentionRule
from web.auth import require
from web.csv_lines import UTF8_MARK, csv_line
from web.errors import NotFound
from web.pages.filters import DayRange, DayRangeDep, chosen_hall, zone_of
from web.pages.formats import iso
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import CameraRef, HallRef, cameras_of, hall_ref, visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import halls_in_scope
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
LedgerReader = Annotated[Viewer, Depends(require(Permission.DELETIONS))]
StateFilter = Literal["", "ordered", "confirmed"]
_EXPORTED_AT_ONCE = 1000
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


@router.get("/deletions.csv", include_in_schema=False)
def deletions_csv(wanted: WantedDep, services: ServicesDep) -> Response:
    """Everything that the filters leave, under the names of the page's JSON; times are UTC."""
    headers = {"Content-Disposition": 'attachment; filename="deletions.csv"'}
    return StreamingResponse(_lines(services, wanted), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(services: Services, wanted: Wanted) -> Iterator[str]:
    """A ledger may have millions of rows: some at a time, each in a transaction of its own."""
    yield UTF8_MARK + csv_line(_COLUMNS)
    cursor: Cursor | None = None
    while True:
        with services.database.transaction() as session:
            found = _deletions(session, wanted, cursor, _EXPORTED_AT_ONCE)
            rows = [_row(each) for each in found]
        yield "".join(csv_line(_cells(row)) for row in rows)
        if len(rows) < _EXPORTED_AT_ONCE:
            return
        cursor = Cursor(rows[-1].start, rows[-1].id)


_COLUMNS = tuple(field.name for field in fields(DeletionRow))


def _cells(row: DeletionRow) -> Iterable[str]:
    for name in _COLUMNS:
        value = getattr(row, name)
        if isinstance(value, datetime):
            yield iso(value)
        elif isinstance(value, HallRef):
            yield value.id
        else:
            yield "" if value is None else str(value)
