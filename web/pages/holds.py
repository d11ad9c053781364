"""Holds: the list, the form that sets one, and the buttons that lift one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session, col, select

from storage.deletion_pause import paused_since
from storage.held_footage import held_footage
from storage.intervals import Span
from storage.models import CLOCK_LEAP, MAX_SEGMENT_SECONDS, Camera, Hall, Hold, StoreVerdict, User
from web.addresses import local_path
from web.api import holds as holds_api
from web.api.holds import Holder, HoldRequest, HoldShown, may_lift
from web.field_problems import FieldProblem
from web.pages.admin.forms import SentForm, text
from web.pages.filters import chosen_hall, local_moment, zone_of
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import HallRef, hall_ref, visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.scoping import halls_in_scope
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.row_ids import RowId
from web.services import Services, ServicesDep
from web.store_watch import last_test
from web.viewer import Viewer

router = APIRouter()
_NO_GAP = timedelta(seconds=1)
_NOT_WRITTEN_YET = timedelta(seconds=MAX_SEGMENT_SECONDS)
"""What is recorded now has no row until its segment ends."""
StateFilter = Literal["held", "lifted", "all"]


@dataclass(frozen=True)
class CameraChoice:
    id: str
    name: str


@dataclass(frozen=True)
class HoldRow:
    id: int
    camera_id: str
    camera_name: str
    hall: HallRef
    start: datetime
    end: datetime
    reason: str
    subject: str
    """absence:7, case:3, clock_leap, or empty."""
    owner: str
    is_found: bool
    """It was found locked in the store; who held it is not known."""
    set_at: datetime
    lifted_at: datetime | None
    lifted_by: str
    recorded_from: datetime | None
    """From here to `recorded_to` there is footage in the span; None if there is none."""
    recorded_to: datetime | None
    segments: int
    """How much of it is in the store."""
    locked: int
    """How many of these the store itself holds."""
    store_error: str
    may_lift: bool


@dataclass(frozen=True)
class HoldForm:
    """As it is to be filled in, or as it was sent."""

    camera: str = ""
    start: str = ""
    """As typed, in the hall's time."""
    end: str = ""
    reason: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    """By field; under the empty name what concerns the whole."""


@dataclass(frozen=True)
class HoldsPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    state: StateFilter
    zone: str
    cameras: tuple[CameraChoice, ...]
    store: StoreVerdict | None
    """What the store's last self-test found; None before the first."""
    holds: tuple[HoldRow, ...]
    form: HoldForm
    after: str
    """Where this page of the list begins; empty: with the newest."""
    next: str
    paused_since: datetime | None
    """As on the page of deleted footage: holds of before may be missing."""


def holds_page(
    viewer: Holder,
    services: ServicesDep,
    hall: str = "",
    state: Annotated[StateFilter, Query()] = "held",
    after: str = "",
) -> HoldsPage:
    return _page(viewer, services, hall, state, after, HoldForm())


def _page(viewer: Viewer, services: Services, hall: str, state: StateFilter, cursor: str, form: HoldForm) -> HoldsPage:
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = chosen_hall(halls, hall)
        shown, more = cut(_holds(session, viewer, chosen, state, parse_cursor(cursor), PAGE_SIZE + 1))
        last = shown[-1][0] if more else None
        test = last_test(session)
        return HoldsPage(
            now=services.clock(),
            halls=halls,
            hall=chosen,
            state=state,
            zone=zone_of(halls, chosen),
            cameras=_cameras(session, halls),
            store=test.verdict if test else None,
            holds=_rows(session, viewer, shown),
            form=form,
            after=cursor if parse_cursor(cursor) else "",
            next=str(Cursor(last.set_at, last.id or 0)) if last else "",
            paused_since=paused_since(session),
        )


def _cameras(session: Session, halls: Sequence[HallRef]) -> tuple[CameraChoice, ...]:
    wanted = select(Camera).where(col(Camera.hall_id).in_([hall.id for hall in halls])).order_by(col(Camera.id))
    return tuple(CameraChoice(camera.id, camera.name or camera.id) for camera in session.exec(wanted))


def _holds(
    session: Session, viewer: Viewer, hall: HallRef | None, state: StateFilter, cursor: Cursor | None, limit: int
) -> list[tuple[Hold, Camera, Hall]]:
    wanted = (
        select(Hold, Camera, Hall)
        .join(Camera, col(Camera.id) == col(Hold.camera_id))
        .join(Hall, col(Hall.id) == col(Camera.hall_id))
        .where(halls_in_scope(viewer, col(Camera.hall_id)))
        .where(after(cursor, col(Hold.set_at), col(Hold.id)))
        .order_by(col(Hold.set_at).desc(), col(Hold.id).desc())
        .limit(limit)
    )
    if hall:
        wanted = wanted.where(Camera.hall_id == hall.id)
    if state != "all":
        is_lifted = col(Hold.lifted_at).is_not(None)
        wanted = wanted.where(is_lifted if state == "lifted" else ~is_lifted)
    return [(hold, camera, place) for hold, camera, place in session.exec(wanted)]


_COLUMNS = (
    *("id", "camera", "hall", Moments("start"), Moments("end"), "reason", "subject", "owner", Moments("set_at")),
    *(Moments("lifted_at"), "lifted_by", "segments", "locked", "store_error"),
)


def holds_table(
    viewer: Holder, services: ServicesDep, hall: str = "", state: Annotated[StateFilter, Query()] = "held"
) -> Table:
    """Everything that the filters leave."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = chosen_hall(halls, hall)

    def read(session: Session, at: Cursor | None, limit: int) -> tuple[HoldRow, ...]:
        return _rows(session, viewer, _holds(session, viewer, chosen, state, at, limit))

    rows = read_on(services.database, read, lambda row: Cursor(row.set_at, row.id))
    return Table("holds", zone_of(halls, chosen), _COLUMNS, map(_cells, rows))


def _cells(row: HoldRow) -> list[Cell]:
    return [
        *(row.id, row.camera_id, row.hall.id, row.start, row.end, row.reason, row.subject, row.owner, row.set_at),
        *(row.lifted_at, row.lifted_by, row.segments, row.locked, row.store_error),
    ]


def _rows(session: Session, viewer: Viewer, found: Iterable[tuple[Hold, Camera, Hall]]) -> tuple[HoldRow, ...]:
    found = list(found)
    people = {person for hold, _, _ in found for person in (hold.owner_id, hold.lifted_by)}
    names = {
        user.id: user.display_name or user.name
        for user in session.exec(select(User).where(col(User.id).in_(people - {None})))
    }
    return tuple(_row(session, viewer, hold, camera, hall, names) for hold, camera, hall in found)


def _row(
    session: Session, viewer: Viewer, hold: Hold, camera: Camera, hall: Hall, names: dict[int | None, str]
) -> HoldRow:
    assert hold.id is not None
    footage = held_footage(session, hold.camera_id, Span(hold.start, hold.end))
    return HoldRow(
        id=hold.id,
        camera_id=camera.id,
        camera_name=camera.name or camera.id,
        hall=hall_ref(hall),
        start=hold.start,
        end=hold.end,
        reason=hold.reason,
        subject=hold.subject,
        owner=names.get(hold.owner_id, ""),
        is_found=hold.owner_id is None and hold.subject != CLOCK_LEAP,
        set_at=hold.set_at,
        lifted_at=hold.lifted_at,
        lifted_by=names.get(hold.lifted_by, ""),
        recorded_from=footage.recorded.start if footage.recorded else None,
        recorded_to=footage.recorded.end if footage.recorded else None,
        segments=footage.stored,
        locked=footage.locked,
        store_error=hold.store_error,
        may_lift=hold.lifted_at is None and may_lift(viewer, hold.owner_id),
    )


add_page(router, "/holds", "holds.html", holds_page)
add_table(router, "/holds", holds_table)


@router.post("/holds", include_in_schema=False)
def hold(request: Request, viewer: Holder, services: ServicesDep, around: ScreenDep, form: SentForm) -> Response:
    """From the form of the page, in the time of its hall, or from one click elsewhere, in any."""
    sent = HoldForm(text(form, "camera"), text(form, "from"), text(form, "to"), text(form, "reason"))
    try:
        wanted = HoldRequest.model_validate(_request(services, sent, text(form, "subject")))
    except ValidationError as error:
        found = map(FieldProblem.of, error.errors())
        again = replace(sent, problems={_FIELDS.get(each.field, each.field): each.problem for each in found})
        return html(around, "holds.html", _page(viewer, services, "", "held", "", again), status=422)
    made = holds_api.hold(wanted, request, services, viewer)
    return RedirectResponse(_done(local_path(text(form, "next"), "/holds"), _what(made, services.clock())), 303)


_FIELDS = {"start": "from", "end": "to"}


def _request(services: Services, sent: HoldForm, subject: str) -> dict[str, object]:
    with services.database.transaction() as session:
        zone = session.exec(
            select(Hall.timezone).join(Camera, col(Camera.hall_id) == col(Hall.id)).where(Camera.id == sent.camera)
        ).first()
    span = {
        name: local_moment(typed, zone or "UTC") or "" for name, typed in (("start", sent.start), ("end", sent.end))
    }
    return {"camera": sent.camera, "reason": sent.reason, "subject": subject, **span}


def _what(made: HoldShown, now: datetime) -> str:
    """Of DONE_WORDS."""
    if made.already:
        return "held_already"
    if made.recorded_from is None or made.recorded_to is None:
        return "held_nothing" if made.start < now else "held_ahead"
    lacks_beginning = made.recorded_from - made.start > _NO_GAP
    lacks_end = min(made.end, now - _NOT_WRITTEN_YET) - made.recorded_to > _NO_GAP
    return "held_part" if lacks_beginning or lacks_end else "held"


def _done(address: str, what: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}done={what}"


@router.post("/holds/{hold_id}/lift", include_in_schema=False)
def lift(hold_id: RowId, request: Request, viewer: Holder, services: ServicesDep, form: SentForm) -> Response:
    """Back to the same filter and page of the list."""
    holds_api.lift(hold_id, request, services, viewer)
    return RedirectResponse(_done(local_path(text(form, "next"), "/holds"), "lifted"), 303)
