"""Calls back after bad ratings: what is overdue first, and the note that ends one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import ColumnElement, case, true
from sqlmodel import Session, col, select

from correlation.supervision.workflow import Due
from storage.models import CallBack, CallBackState, Case, Rating, User
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address, local_path
from web.auth import require
from web.errors import Conflict, Unprocessable
from web.field_problems import FieldProblem
from web.pages.admin.forms import SentForm, text
from web.pages.filters import chosen_hall, zone_of
from web.pages.open_work import is_open_call_back
from web.pages.paging import PAGE_SIZE, cut
from web.pages.places import CounterRef, HallRef, counters_by_id, visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.scoping import call_backs_in_scope
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.pages.typed import Typed
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_call_back
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
Caller = Annotated[Viewer, Depends(require(Permission.CALL_BACKS))]
StateFilter = Literal["open", "overdue", "done", "all"]
LONGEST_NOTE = 2000
_MOMENT = timedelta(microseconds=1)
_FARTHEST = 1_000_000


@dataclass(frozen=True)
class CallBackRow:
    id: int
    state: CallBackState
    is_overdue: bool
    level: int
    comment: str
    """In the customer's words; personal data if they wrote any."""
    rated_at: datetime
    known_at: datetime
    """Since when people here could know of it: the time to call back counts from then."""
    hall: HallRef | None
    counter: CounterRef | None
    case_id: int | None
    case_number: str
    source: str
    """The id of the platform that sent the case."""
    due_by: datetime
    """The last moment in time."""
    rated_due_by: datetime
    """The same if it counted from the rating itself."""
    came_later: bool
    """It could be known here on a later working day than that of the rating only."""
    provisional: bool
    """A year on the way is not announced: it may still move."""
    ended_at: datetime | None
    ended_by: str
    note: str


@dataclass(frozen=True)
class CallBacksPage:
    now: datetime
    zone: str
    """For those of no hall."""
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    state: StateFilter
    call_backs: tuple[CallBackRow, ...]
    next: str


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    state: StateFilter


def wanted(
    viewer: Caller, services: ServicesDep, hall: str = "", state: Annotated[StateFilter, Query()] = "open"
) -> Wanted:
    """A hall out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    return Wanted(viewer, halls, chosen_hall(halls, hall), state)


WantedDep = Annotated[Wanted, Depends(wanted)]


def call_backs_page(
    wanted: WantedDep, services: ServicesDep, after: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0
) -> CallBacksPage:
    """`after`: how many come before."""
    now = services.clock()
    with services.database.transaction() as session:
        shown, more = cut(_call_backs(session, wanted, now, after, PAGE_SIZE + 1))
        return CallBacksPage(
            now=now,
            zone=zone_of(wanted.halls, wanted.hall),
            halls=wanted.halls,
            hall=wanted.hall,
            state=wanted.state,
            call_backs=_rows(session, wanted, shown, now),
            next=str(after + PAGE_SIZE) if more else "",
        )


_Found = tuple[CallBack, Rating]


def _call_backs(session: Session, wanted: Wanted, now: datetime, offset: int, limit: int) -> list[_Found]:
    """What is still to be done comes first, and of that what is due first."""
    waits = case((col(CallBack.state) == CallBackState.OPEN, 0), else_=1)
    query = (
        select(CallBack, Rating)
        .join(Rating, col(Rating.id) == col(CallBack.rating_id))
        .where(call_backs_in_scope(wanted.viewer), _is_in_state(wanted.state, now))
        .order_by(waits, col(CallBack.due_by), col(CallBack.id))
        .offset(offset)
        .limit(limit)
    )
    if wanted.hall:
        query = query.where(CallBack.hall_id == wanted.hall.id)
    return [(found, rating) for found, rating in session.exec(query)]


def _is_in_state(state: StateFilter, now: datetime) -> ColumnElement[bool]:
    is_open = is_open_call_back()
    if state == "overdue":
        return is_open & (col(CallBack.due_by) <= now) & col(CallBack.provisional).is_(False)
    return {"open": is_open, "done": col(CallBack.state) == CallBackState.DONE}.get(state, true())


def _rows(session: Session, wanted: Wanted, found: Sequence[_Found], now: datetime) -> tuple[CallBackRow, ...]:
    counters = counters_by_id(session, (each.counter_id for each, _ in found))
    halls = {hall.id: hall for hall in wanted.halls}
    of_case = col(Case.id).in_({each.case_id for each, _ in found if each.case_id})
    named = session.exec(select(Case.id, Case.number, Case.source_id).where(of_case))
    cases = {case_id: (number, source) for case_id, number, source in named}
    people = select(User).where(col(User.id).in_({each.ended_by for each, _ in found if each.ended_by}))
    names = {user.id: user.display_name or user.name for user in session.exec(people)}
    return tuple(
        CallBackRow(
            id=each.id or 0,
            state=each.state,
            is_overdue=each.state is CallBackState.OPEN and Due(each.due_by, each.provisional).has_passed(now),
            level=rating.level,
            comment=rating.comment,
            rated_at=rating.rated,
            known_at=each.known_at,
            hall=halls.get(each.hall_id or ""),
            counter=counters.get(each.counter_id or ""),
            case_id=each.case_id,
            case_number=number,
            source=source,
            due_by=each.due_by - _MOMENT,
            rated_due_by=each.rated_due_by - _MOMENT,
            came_later=each.rated_due_by < each.due_by,
            provisional=each.provisional,
            ended_at=each.ended_at,
            ended_by=names.get(each.ended_by, ""),
            note=each.note,
        )
        for each, rating in found
        for number, source in [cases.get(each.case_id, ("", ""))]
    )


add_page(router, "/call-backs", "call_backs.html", call_backs_page)


@router.post("/call-backs/{call_back_id}/done", include_in_schema=False)
def done(
    call_back_id: RowId,
    request: Request,
    viewer: Caller,
    services: ServicesDep,
    around: ScreenDep,
    form: SentForm,
) -> Response:
    """Once, with a note of what was said and put right."""
    try:
        _end(call_back_id, request, viewer, services, text(form, "note"))
    except Unprocessable as error:
        again = around.again(Typed.refused(f"done-{call_back_id}", form, error), "/call-backs")
        return html(again, "call_backs.html", call_backs_page(wanted(viewer, services), services), status=422)
    return RedirectResponse(f"{local_path(text(form, 'next'), '/call-backs')}?done=called_back", 303)


def _end(call_back_id: int, request: Request, viewer: Viewer, services: Services, note: str) -> None:
    now = services.clock()
    with services.database.transaction() as session:
        found = scoped_call_back(session, viewer, call_back_id)
        if not 0 < len(note) <= LONGEST_NOTE:
            problem = Saying("Say what was said and put right, in at most 2,000 characters.")
            raise Unprocessable(fields=[FieldProblem("note", problem)])
        if found.state is not CallBackState.OPEN:
            raise Conflict(Saying("There is nothing to do about it any more. Load the page again."))
        found.state, found.note, found.ended_at, found.ended_by = CallBackState.DONE, note, now, viewer.user_id
        session.add(found)
        log_access(session, viewer, "call_back", f"call_back:{found.id}", "", now, client_address(request))


_COLUMNS = (
    *("id", "state", "overdue", "level", "comment", Moments("rated_at"), "hall", "counter", "case"),
    *(Moments("due_by"), Moments("ended_at"), "ended_by", "note", "source"),
    *(Moments("known_at"), Moments("rated_due_by")),
)


def call_backs_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """Everything that the filters leave."""
    now = services.clock()

    def read(session: Session, at: int | None, limit: int) -> list[tuple[int, CallBackRow]]:
        found = _rows(session, wanted, _call_backs(session, wanted, now, at or 0, limit), now)
        return list(enumerate(found, start=(at or 0) + 1))

    rows = read_on(services.database, read, lambda numbered: numbered[0])
    return Table("call-backs", zone_of(wanted.halls, wanted.hall), _COLUMNS, (_cells(row) for _, row in rows))


def _cells(row: CallBackRow) -> list[Cell]:
    return [
        *(row.id, row.state, row.is_overdue, row.level, row.comment, row.rated_at, row.hall.id if row.hall else ""),
        *(row.counter.id if row.counter else "", row.case_number, row.due_by, row.ended_at, row.ended_by, row.note),
        *(row.source, row.known_at, row.rated_due_by),
    ]


add_table(router, "/call-backs", call_backs_table)
