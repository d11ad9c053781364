"""The working days of a hall in a year: holidays, make-up days and its own closures, and what one more would move."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.work_calendar import DayState, WorkCalendar
from storage.models import Closure
from storage.statutory import is_announced
from web import closing
from web.api import closures as api
from web.api.closures import Closer, Withdrawal
from web.auth import require
from web.closing import ClosureRequest
from web.consequences import Consequence
from web.errors import Unprocessable
from web.months import Month, month_of
from web.pages.admin.forms import SentForm, text
from web.pages.catalogue.rows import problems_of
from web.pages.filters import DEFAULT_ZONE, chosen_hall
from web.pages.months import local_day
from web.pages.moved_rows import moved_table
from web.pages.places import HallRef, visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.tables import Moments, Table, add_table
from web.permissions import Permission
from web.row_ids import RowId
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
DayViewer = Annotated[Viewer, Depends(require(Permission.CASES))]
Year = Annotated[int | None, Query(ge=1990, le=2100)]


@dataclass(frozen=True)
class DayShown:
    day: date
    state: DayState
    reason: str
    """Of a closure."""


@dataclass(frozen=True)
class MonthShown:
    month: str
    worked: int
    days: tuple[DayShown, ...]


@dataclass(frozen=True)
class ClosureRow:
    id: int
    hall: HallRef
    day: date
    reason: str
    noted_at: datetime
    noted_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_reason: str


@dataclass(frozen=True)
class WorkingDaysPage:
    now: datetime
    today: date
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    """None where there is none."""
    year: int
    announced: bool
    """Otherwise plain weekdays stand in for its holidays, and every date that rests on them is provisional."""
    worked: int
    months: tuple[MonthShown, ...]
    closures: tuple[ClosureRow, ...]
    """Of the hall and year, the withdrawn ones, too."""


@dataclass(frozen=True)
class TryPage:
    now: datetime
    zone: str
    halls: tuple[HallRef, ...]
    hall: str
    """Empty: every hall in scope."""
    first: str
    last: str
    reason: str
    withdrawing: ClosureRow | None
    closures: tuple[ClosureRow, ...]
    """That would be noted."""
    provisional: bool
    """Holidays of a year of these days are not announced."""
    consequence: Consequence | None
    """None while something is wrong."""
    problems: Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    halls: tuple[HallRef, ...]
    hall: HallRef | None
    today: date
    year: int


def wanted(viewer: DayViewer, services: ServicesDep, hall: str = "", year: Year = None) -> Wanted:
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    place = chosen_hall(halls, hall) or (halls[0] if halls else None)
    today = local_day(services.clock(), place.timezone if place else DEFAULT_ZONE)
    return Wanted(halls, place, today, year or today.year)


WantedDep = Annotated[Wanted, Depends(wanted)]


def working_days_page(wanted: WantedDep, services: ServicesDep) -> WorkingDaysPage:
    with services.database.transaction() as session:
        months = _months(_calendar(session, wanted.hall), wanted.year)
        closures = _closures(session, wanted)
    return WorkingDaysPage(
        now=services.clock(),
        today=wanted.today,
        halls=wanted.halls,
        hall=wanted.hall,
        year=wanted.year,
        announced=is_announced(wanted.year),
        worked=sum(month.worked for month in months),
        months=months,
        closures=closures,
    )


def _calendar(session: Session, hall: HallRef | None) -> WorkCalendar:
    book = CalendarBook()
    book.refresh(session)
    return book.of(hall.id if hall else None)[-1][1]


def _months(calendar: WorkCalendar, year: int) -> tuple[MonthShown, ...]:
    january = month_of(date(year, 1, 1))
    return tuple(_month(calendar, january.plus(number)) for number in range(12))


def _month(calendar: WorkCalendar, month: Month) -> MonthShown:
    ordinals = [(day, day.toordinal()) for day in month.days]
    days = tuple(DayShown(day, calendar.state(number), calendar.closed_for(number)) for day, number in ordinals)
    return MonthShown(str(month), sum(calendar.is_worked(number) for _, number in ordinals), days)


def _closures(session: Session, wanted: Wanted) -> tuple[ClosureRow, ...]:
    if wanted.hall is None:
        return ()
    found = closing.closures_in(session, [wanted.hall.id], date(wanted.year, 1, 1), date(wanted.year, 12, 31))
    return tuple(_row(closure, wanted.hall) for closure in found)


def _row(closure: Closure, hall: HallRef) -> ClosureRow:
    said = closure.model_dump(exclude={"id", "hall_id"})
    return ClosureRow(id=closure.id or 0, hall=hall, **said)


def try_page(
    viewer: Closer,
    services: ServicesDep,
    hall: str = "",
    first: str = "",
    last: str = "",
    reason: str = "",
    withdraw: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> TryPage:
    """What noting these days would move; with `withdraw`, what withdrawing that closure would."""
    return _try(viewer, services, {"hall": hall, "first": first, "last": last, "reason": reason}, withdraw, {})


def _try(
    viewer: Viewer, services: Services, said: Mapping[str, str], withdraw: int | None, problems: Mapping[str, str]
) -> TryPage:
    now = services.clock()
    trying: list[Closure] = []
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        withdrawing = closing.scoped_closure(session, viewer, withdraw) if withdraw else None
        if withdrawing:
            trying = [] if withdrawing.withdrawn_at else [closing.as_withdrawn(withdrawing, now)]
        elif said["first"] and not problems:
            try:
                trying = closing.closures_of(session, requested(said), viewer, now)
            except (ValidationError, Unprocessable) as error:
                problems = _problems(said, error)
        by_id = {hall.id: hall for hall in halls}
        moved = closing.consequence_of(session, trying, viewer, now) if trying else None
    return TryPage(
        now=now,
        zone=halls[0].timezone if halls else DEFAULT_ZONE,
        halls=halls,
        hall=said["hall"],
        first=said["first"],
        last=said["last"],
        reason=said["reason"],
        withdrawing=_row(withdrawing, by_id[withdrawing.hall_id]) if withdrawing else None,
        closures=() if withdrawing else tuple(_row(closure, by_id[closure.hall_id]) for closure in trying),
        provisional=any(not is_announced(closure.day.year) for closure in trying),
        consequence=moved,
        problems=problems,
    )


def requested(said: Mapping[str, str]) -> ClosureRequest:
    """From a form: without a last day it is the first."""
    place = {"hall": said["hall"] or None, "last": said["last"] or said["first"]}
    return ClosureRequest.model_validate({**said, **place})


def _problems(said: Mapping[str, str], error: ValidationError | Unprocessable) -> dict[str, str]:
    """A last day that was left empty is not at fault where the first one is wrong."""
    return {name: problem for name, problem in problems_of(error).items() if name != "last" or said["last"]}


add_page(router, "/working-days", "working_days.html", working_days_page)
add_page(router, "/working-days/try", "working_days_try.html", try_page)

_COLUMNS = (
    *("id", "hall", "day", "reason", Moments("noted_at"), "noted_by"),
    *(Moments("withdrawn_at"), "withdrawn_by", "withdrawn_reason"),
)


def closures_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """The closures of the hall and year."""
    with services.database.transaction() as session:
        rows = _closures(session, wanted)
    zone = wanted.hall.timezone if wanted.hall else DEFAULT_ZONE
    cells = (
        (
            *(row.id, row.hall.id, row.day, row.reason, row.noted_at, row.noted_by),
            *(row.withdrawn_at, row.withdrawn_by, row.withdrawn_reason),
        )
        for row in rows
    )
    return Table("closures", zone, _COLUMNS, cells)


add_table(router, "/working-days", closures_table)


def try_table(page: Annotated[TryPage, Depends(try_page)]) -> Table:
    """The cases under way that would move."""
    return moved_table("closure", page.zone, page.consequence)


add_table(router, "/working-days/try", try_table)


@router.post("/working-days", include_in_schema=False)
def note(request: Request, viewer: Closer, services: ServicesDep, around: ScreenDep, form: SentForm) -> Response:
    said = {name: text(form, name) for name in ("hall", "first", "last", "reason")}
    try:
        made = api.note(requested(said), request, services, viewer)
    except (ValidationError, Unprocessable) as error:
        page = _try(viewer, services, said, None, _problems(said, error))
        return html(around, "working_days_try.html", page, status=422)
    return RedirectResponse(f"/working-days?hall={made[0].hall}&year={made[0].day.year}&done=closed", 303)


@router.post("/working-days/{closure_id}/withdrawal", include_in_schema=False)
def withdraw(
    closure_id: RowId, request: Request, viewer: Closer, services: ServicesDep, around: ScreenDep, form: SentForm
) -> Response:
    said = {"hall": "", "first": "", "last": "", "reason": text(form, "reason")}
    try:
        closure = api.withdraw(closure_id, Withdrawal(reason=said["reason"]), request, services, viewer)
    except ValidationError as error:
        page = _try(viewer, services, said, closure_id, problems_of(error))
        return html(around, "working_days_try.html", page, status=422)
    return RedirectResponse(f"/working-days?hall={closure.hall}&year={closure.day.year}&done=reopened", 303)
