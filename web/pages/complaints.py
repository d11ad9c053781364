"""Complaints that came in by the public form: the investigators' list, one with what it leads to, and its settling."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from storage.models import Case, Complaint, ComplaintState, Source, User
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.errors import Conflict, Unprocessable
from web.field_problems import FieldProblem
from web.pages.admin.forms import SentForm, text
from web.pages.filters import DEFAULT_ZONE, DayRange, DayRangeDep, chosen_hall, zone_of
from web.pages.formats import local_input
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import CameraRef, CounterRef, HallRef, cameras_of, counters_by_id, visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.scoping import cases_in_scope, halls_in_scope
from web.pages.span import MAX_CAMERAS
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.pages.typed import Typed
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_complaint
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
Investigator = Annotated[Viewer, Depends(require(Permission.COMPLAINTS))]
StateFilter = Literal["received", "settled", "all"]
LONGEST_NOTE = 2000
_AROUND = timedelta(minutes=15)
"""Before and after the moment that is complained of: who was there seldom knows the minute."""


@dataclass(frozen=True)
class ComplaintRow:
    id: int
    reference: str
    state: ComplaintState
    received_at: datetime
    happened_at: datetime | None
    hall: HallRef | None
    counter: CounterRef | None
    case_number: str
    case_id: int | None
    """Of the case of that number, if one alone lies in the viewer's scope."""
    cases: int
    """How many of that number do: each platform numbers its own."""
    text: str
    name: str
    contact: str
    settled_at: datetime | None
    settled_by: str
    note: str
    erased_at: datetime | None


@dataclass(frozen=True)
class ComplaintsPage:
    now: datetime
    zone: str
    """For those of no hall."""
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    state: StateFilter
    days: DayRange
    complaints: tuple[ComplaintRow, ...]
    next: str


@dataclass(frozen=True)
class ComplaintPage:
    now: datetime
    zone: str
    complaint: ComplaintRow
    footage_from: str
    """Bounds of the span page around the stated time, in the hall's zone; empty where no time is stated."""
    footage_to: str
    around_min: int
    """Minutes that they lie before and after it."""
    cameras: tuple[CameraRef, ...]
    """All of the hall, where no counter is named and the time is, and the viewer may look for footage."""
    can_show_all: bool
    """At once: they are not too many for one span page."""


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    state: StateFilter
    days: DayRange


def wanted(
    viewer: Investigator,
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    state: Annotated[StateFilter, Query()] = "received",
) -> Wanted:
    """A hall out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    return Wanted(viewer, halls, chosen_hall(halls, hall), state, days)


WantedDep = Annotated[Wanted, Depends(wanted)]


def complaints_page(wanted: WantedDep, services: ServicesDep, after: str = "") -> ComplaintsPage:
    with services.database.transaction() as session:
        shown, more = cut(_complaints(session, wanted, parse_cursor(after), PAGE_SIZE + 1))
        last = shown[-1] if more else None
        return ComplaintsPage(
            now=services.clock(),
            zone=zone_of(wanted.halls, wanted.hall),
            halls=wanted.halls,
            hall=wanted.hall,
            state=wanted.state,
            days=wanted.days,
            complaints=_rows(session, wanted.viewer, shown),
            next=str(Cursor(last.received_at, last.id or 0)) if last else "",
        )


def _complaints(session: Session, wanted: Wanted, cursor: Cursor | None, limit: int) -> Sequence[Complaint]:
    """The newest first."""
    received = col(Complaint.received_at)
    query = (
        select(Complaint)
        .where(halls_in_scope(wanted.viewer, col(Complaint.hall_id)))
        .where(wanted.days.contains(received, zone_of(wanted.halls, wanted.hall)))
        .where(after(cursor, received, col(Complaint.id)))
        .order_by(received.desc(), col(Complaint.id).desc())
        .limit(limit)
    )
    if wanted.hall:
        query = query.where(Complaint.hall_id == wanted.hall.id)
    if wanted.state != "all":
        query = query.where(Complaint.state == ComplaintState(wanted.state))
    return session.exec(query).all()


def _rows(session: Session, viewer: Viewer, found: Sequence[Complaint]) -> tuple[ComplaintRow, ...]:
    counters = counters_by_id(session, (each.counter_id for each in found))
    halls = {hall.id: hall for hall in visible_halls(session, viewer)}
    cases = _cases(session, viewer, {each.case_number for each in found if each.case_number})
    people = select(User).where(col(User.id).in_({each.settled_by for each in found if each.settled_by}))
    names = {user.id: user.display_name or user.name for user in session.exec(people)}
    return tuple(
        ComplaintRow(
            id=each.id or 0,
            reference=each.reference,
            state=each.state,
            received_at=each.received_at,
            happened_at=each.happened_at,
            hall=halls.get(each.hall_id or ""),
            counter=counters.get(each.counter_id or ""),
            case_number=each.case_number,
            case_id=ids[0] if len(ids) == 1 else None,
            cases=len(ids),
            text=each.text,
            name=each.name,
            contact=each.contact,
            settled_at=each.settled_at,
            settled_by=names.get(each.settled_by, ""),
            note=each.note,
            erased_at=each.erased_at,
        )
        for each in found
        for ids in [cases.get(each.case_number, [])]
    )


def _cases(session: Session, viewer: Viewer, numbers: set[str]) -> dict[str, list[int | None]]:
    """By number; sources are named, because the index of numbers begins with them."""
    if not numbers:
        return {}
    of_number = col(Case.source_id).in_(session.exec(select(Source.id)).all()), col(Case.number).in_(numbers)
    found: dict[str, list[int | None]] = defaultdict(list)
    for number, case_id in session.exec(select(Case.number, Case.id).where(*of_number, cases_in_scope(viewer))):
        found[number].append(case_id)
    return found


def complaint_page(complaint_id: RowId, request: Request, viewer: Investigator, services: ServicesDep) -> ComplaintPage:
    """Written down before it is shown: it is personal."""
    now = services.clock()
    with services.database.transaction() as session:
        complaint = scoped_complaint(session, viewer, complaint_id)
        subject = f"complaint:{complaint.reference}"
        log_access(session, viewer, "complaint", subject, "", now, client_address(request))
        (row,) = _rows(session, viewer, [complaint])
        cameras: tuple[CameraRef, ...] = ()
        if row.hall and row.happened_at and row.counter is None and viewer.may(Permission.SPAN):
            cameras = cameras_of(session, row.hall)
    zone = row.hall.timezone if row.hall else DEFAULT_ZONE
    at = row.happened_at
    around = (local_input(at - _AROUND, zone), local_input(at + _AROUND, zone)) if at else ("", "")
    return ComplaintPage(
        now,
        zone,
        row,
        *around,
        around_min=_AROUND // timedelta(minutes=1),
        cameras=cameras,
        can_show_all=0 < len(cameras) <= MAX_CAMERAS,
    )


add_page(router, "/complaints", "complaints.html", complaints_page)
add_page(router, "/complaints/{complaint_id}", "complaint.html", complaint_page)


@router.post("/complaints/{complaint_id}/settle", include_in_schema=False)
def settle(
    complaint_id: RowId,
    request: Request,
    viewer: Investigator,
    services: ServicesDep,
    around: ScreenDep,
    form: SentForm,
) -> Response:
    try:
        _settle(complaint_id, viewer, services, text(form, "note"))
    except Unprocessable as error:
        again = around.again(Typed.refused("settle", form, error), f"/complaints/{complaint_id}")
        page = complaint_page(complaint_id, request, viewer, services)
        return html(again, "complaint.html", page, status=422)
    return RedirectResponse(f"/complaints/{complaint_id}?done=settled", 303)


def _settle(complaint_id: int, viewer: Viewer, services: Services, note: str) -> None:
    with services.database.transaction() as session:
        complaint = scoped_complaint(session, viewer, complaint_id)
        if not 0 < len(note) <= LONGEST_NOTE:
            problem = Saying("Say what came of it, in at most 2,000 characters.")
            raise Unprocessable(fields=[FieldProblem("note", problem)])
        if complaint.state is ComplaintState.SETTLED:
            raise Conflict(Saying("The complaint is settled already."))
        complaint.state, complaint.note = ComplaintState.SETTLED, note
        complaint.settled_at, complaint.settled_by = services.clock(), viewer.user_id
        session.add(complaint)


_COLUMNS = (
    *("id", "reference", "state", Moments("received_at"), Moments("happened_at"), "hall", "counter", "case"),
    *("text", "name", "contact", Moments("settled_at"), "settled_by", "note"),
)


def complaints_table(wanted: WantedDep, request: Request, services: ServicesDep) -> Table:
    """Everything that the filters leave; it is written down who took it along."""
    with services.database.transaction() as session:
        address = client_address(request)
        log_access(session, wanted.viewer, "complaint", "complaints", request.url.path, services.clock(), address)

    def read(session: Session, at: Cursor | None, limit: int) -> tuple[ComplaintRow, ...]:
        return _rows(session, wanted.viewer, _complaints(session, wanted, at, limit))

    rows = read_on(services.database, read, lambda row: Cursor(row.received_at, row.id))
    return Table("complaints", zone_of(wanted.halls, wanted.hall), _COLUMNS, map(_cells, rows))


def _cells(row: ComplaintRow) -> list[Cell]:
    return [
        *(row.id, row.reference, row.state, row.received_at, row.happened_at, row.hall.id if row.hall else ""),
        *(row.counter.id if row.counter else "", row.case_number, row.text, row.name, row.contact),
        *(row.settled_at, row.settled_by, row.note),
    ]


add_table(router, "/complaints", complaints_table)
