"""Cases: the list with its search, and one case with its steps in time and their footage."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from ingest.video.clip_plan import ClipPart
from storage.footage import CorrectedTime, UntrustedTime
from storage.intervals import Span
from storage.models import Card, CardKind, Case, Deadline, Department, Role, Source, Standing, Step
from web import case_due
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.case_secret import case_secret
from web.errors import NotFound
from web.item_names import ItemRef
from web.pages.case_course import Stop, course, stops_of
from web.pages.case_items import codes_called, items_to_choose
from web.pages.case_limits import CaseLimits, case_limits
from web.pages.case_order import Place, Sort, cases_in_order, parse_place
from web.pages.case_progress import Stage, progress
from web.pages.case_records import CaseRecord, records_of
from web.pages.case_rows import CaseRow, case_rows
from web.pages.filters import (
    DEFAULT_ZONE,
    DayRange,
    DayRangeDep,
    chosen_district,
    chosen_hall,
    next_midnight,
    zone_of,
)
from web.pages.held import Held, clip_held
from web.pages.open_work import is_unsettled
from web.pages.order_rows import OrderRow, case_orders
from web.pages.paging import PAGE_SIZE, cut
from web.pages.places import DistrictRef, HallRef, in_district, visible_districts, visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import cases_in_scope
from web.pages.step_rows import StepRow, clip_parts, corrected_times, smeared_times, step_rows, untrusted_times
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.pages.timelines import Bar, Lane, Timeline, timeline
from web.permissions import Permission
from web.recent_looks import Look, RecentLooks
from web.row_ids import RowId
from web.saved_views import ViewRow, default_query, filters_of, views_of
from web.scope import scoped_case
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
CaseViewer = Annotated[Viewer, Depends(require(Permission.CASES))]
StatusFilter = Literal["", "open", "today", "soon", "overdue", "still", "unknown", "closed", "late"]
CardFilter = Literal["", "any", "yellow", "red"]
MARGIN = timedelta(minutes=5)
_LONGEST_SEARCH = 100
_LONGEST_CODE = 200


@dataclass(frozen=True)
class NamedThing:
    id: str
    name: str
    name_en: str


@dataclass(frozen=True)
class CasesPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    q: str
    status: StatusFilter
    channel: str
    departments: tuple[NamedThing, ...]
    """To choose from; none for a department, which sees its own cases."""
    department: str
    districts: tuple[DistrictRef, ...]
    district: DistrictRef | None
    item: str
    """Its code; empty: any."""
    items: tuple[ItemRef, ...]
    """To choose from: what is declared or in a catalogue, of the department that is chosen."""
    card: CardFilter
    sort: Sort
    days: DayRange
    shows_applicant: bool
    cases: tuple[CaseRow, ...]
    next: str
    views: tuple[ViewRow, ...]
    """One's own and those that are offered."""
    query: str
    """The filters, as a view keeps them."""
    instead: str
    """The address with the filters of the default view, where none are asked for; else empty."""


@dataclass(frozen=True)
class CasePage:
    now: datetime
    case: CaseRow
    zone: str
    source: NamedThing
    deadlines: CaseLimits | None
    """None while nothing has been told of the case."""
    progress: tuple[Stage, ...]
    timeline: Timeline
    """Of its steps alone."""
    course: Timeline | None
    """With limits, suspensions and cards; None while no limit is known."""
    stops: tuple[Stop, ...]
    """What does not count against its limits."""
    orders: tuple[OrderRow, ...]
    steps: tuple[StepRow, ...]
    records: tuple[CaseRecord, ...]
    """Extensions, fees, results, deliveries and ratings."""
    chosen: StepRow | None
    """The step whose footage is open."""
    parts: tuple[ClipPart, ...]
    """Of its clip: several where the camera's format changes in it."""
    clock_untrusted: tuple[UntrustedTime, ...]
    smeared: tuple[Span, ...]
    """Where packets of the footage shown were lost."""
    """Where the time of that footage is in doubt."""
    clock_corrected: tuple[CorrectedTime, ...]
    secret: str
    """With which its applicant asks how far it has come, to be handed over; empty where there are no public pages."""
    held: Held | None
    """That footage, if somebody holds it and the viewer may know."""


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    q: str
    status: StatusFilter
    channel: str
    department: str
    districts: tuple[DistrictRef, ...]
    district: DistrictRef | None
    item: str
    card: CardFilter
    sort: Sort
    days: DayRange

    @property
    def shows_applicant(self) -> bool:
        return self.viewer.may(Permission.APPLICANT)

    def conditions(self, now: datetime) -> list[ColumnElement[bool]]:
        in_days = self.days.contains(col(Case.opened_at), zone_of(self.halls, self.hall))
        conditions = [cases_in_scope(self.viewer), in_days]
        conditions += _matches(self.viewer, self.q.strip()) + _has_status(
            self.status, now, zone_of(self.halls, self.hall)
        )
        conditions += [col(Case.hall_id) == self.hall.id] if self.hall else []
        conditions += [col(Case.department_id) == self.department] if self.department else []
        conditions += [in_district(col(Case.hall_id), self.district.id)] if self.district else []
        conditions += [codes_called(self.item.strip())] if self.item.strip() else []
        conditions += [_has_open_card(self.card)] if self.card else []
        conditions += [col(Case.channel) == self.channel] if self.channel else []
        return conditions


def wanted(
    viewer: CaseViewer,
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    q: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    status: Annotated[StatusFilter, Query()] = "",
    channel: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    department: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    district: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    item: Annotated[str, Query(max_length=_LONGEST_CODE)] = "",
    card: Annotated[CardFilter, Query()] = "",
    sort: Annotated[Sort, Query()] = "",
) -> Wanted:
    """A hall, district or department out of scope is not there."""
    with services.database.transaction() as session:
        halls, districts = visible_halls(session, viewer), visible_districts(session, viewer)
        _check_department(session, viewer, department)
    return Wanted(
        viewer=viewer,
        halls=halls,
        hall=chosen_hall(halls, hall),
        q=q,
        status=status,
        channel=channel,
        department=department,
        districts=districts,
        district=chosen_district(districts, district),
        item=item.strip(),
        card=card,
        sort=sort,
        days=days,
    )


def _check_department(session: Session, viewer: Viewer, department: str) -> None:
    is_own = viewer.role is not Role.DEPARTMENT or department == viewer.department_id
    if department and (not is_own or session.get(Department, department) is None):
        raise NotFound


WantedDep = Annotated[Wanted, Depends(wanted)]


def cases_page(wanted: WantedDep, request: Request, services: ServicesDep, after: str = "") -> CasesPage:
    now = services.clock()
    with services.database.transaction() as session:
        views = views_of(session, wanted.viewer)
        default = "" if request.url.query else default_query(views)
        place = parse_place(after, wanted.sort)
        shown, more = cut(cases_in_order(session, wanted.conditions(now), wanted.sort, place, PAGE_SIZE + 1))
        return CasesPage(
            now=now,
            halls=wanted.halls,
            hall=wanted.hall,
            q=wanted.q,
            status=wanted.status,
            channel=wanted.channel,
            departments=_departments(session, wanted.viewer),
            department=wanted.department,
            districts=wanted.districts,
            district=wanted.district,
            item=wanted.item,
            items=items_to_choose(session, wanted.department or _own_department(wanted.viewer), now),
            card=wanted.card,
            sort=wanted.sort,
            days=wanted.days,
            shows_applicant=wanted.shows_applicant,
            cases=case_rows(session, [case for case, _ in shown], wanted.shows_applicant),
            next=str(shown[-1].place) if more else "",
            views=views,
            query=filters_of(request.url.query),
            instead=f"/cases?{default}" if default else "",
        )


def _departments(session: Session, viewer: Viewer) -> tuple[NamedThing, ...]:
    if viewer.role is Role.DEPARTMENT:
        return ()
    found = session.exec(select(Department).order_by(col(Department.name)))
    return tuple(NamedThing(department.id, department.name, department.name_en) for department in found)


def _own_department(viewer: Viewer) -> str:
    return (viewer.department_id or "") if viewer.role is Role.DEPARTMENT else ""


_COLUMNS = (
    *("id", "number", "item", "item_name", "department", "department_name", "hall", "channel"),
    *map(Moments, ("opened_at", "due_at", "closed_at")),
    *("last_step", "last_step_name", "steps", "findings"),
)


def cases_table(wanted: WantedDep, request: Request, services: ServicesDep) -> Table:
    """Everything that the filters leave. With the applicants it is written down who took them along."""
    now = services.clock()
    columns = (*_COLUMNS, "applicant") if wanted.shows_applicant else _COLUMNS
    if wanted.shows_applicant:
        with services.database.transaction() as session:
            address = client_address(request)
            log_access(session, wanted.viewer, "case", "cases", request.url.path, now, address)

    def read(session: Session, last: Place | None, limit: int) -> list[tuple[CaseRow, Place]]:
        found = cases_in_order(session, wanted.conditions(now), wanted.sort, last, limit)
        rows = case_rows(session, [case for case, _ in found], wanted.shows_applicant)
        return list(zip(rows, (place for _, place in found), strict=True))

    placed = read_on(services.database, read, lambda found: found[1])
    return Table("cases", zone_of(wanted.halls, wanted.hall), columns, (_cells(row) for row, _ in placed))


def _cells(row: CaseRow) -> list[Cell]:
    item, department = row.item, row.department
    return [
        *(row.id, row.number, item.id if item else "", item.name if item else ""),
        *(department.id if department else "", department.name if department else "", row.hall.id if row.hall else ""),
        *(row.channel, row.opened_at, row.due_at, row.closed_at, row.last_step or "", row.last_step_name),
        *(row.steps, row.findings, *(() if row.applicant is None else (row.applicant,))),
    ]


def _matches(viewer: Viewer, text: str) -> list[ColumnElement[bool]]:
    """By number, item or, for those who may know it, applicant: a search must not tell what the page hides."""
    if not text:
        return []
    columns = [col(Case.number), col(Case.item_name), col(Case.item_code)]
    if viewer.may(Permission.APPLICANT):
        columns.append(col(Case.applicant))
    found = (column.icontains(text, autoescape=True) for column in columns)
    return [or_(*found, codes_called(text))]


def _has_open_card(card: CardFilter) -> ColumnElement[bool]:
    """That nobody has settled yet; a reminder is no card here."""
    kinds = [CardKind.YELLOW, CardKind.RED] if card == "any" else [CardKind(card)]
    return col(Case.id).in_(select(Card.case_id).where(col(Card.kind).in_(kinds), is_unsettled()))


def _has_status(status: StatusFilter, now: datetime, zone: str) -> list[ColumnElement[bool]]:
    closed, due = col(Case.closed_at), case_due.due()
    if status == "today":
        return [case_due.is_pending(), due >= now, due <= next_midnight(now, zone)]
    if status == "soon":
        return [closed.is_(None), col(Deadline.standing) == Standing.DUE_SOON]
    if status == "overdue":
        return [case_due.is_overdue(now)]
    if status == "unknown":
        return [closed.is_(None), case_due.is_unknown(now)]
    if status == "still":
        return [closed.is_(None), col(Deadline.standing).in_(case_due.NOT_RUNNING)]
    if status == "open":
        return [closed.is_(None)]
    if status == "closed":
        return [closed.is_not(None)]
    if status == "late":
        return [case_due.is_late(now)]
    return []


def case_page(
    case_id: RowId,
    request: Request,
    viewer: CaseViewer,
    services: ServicesDep,
    step: int = 0,
) -> CasePage:
    now = services.clock()
    _write_down(case_id, request, viewer, services, now)
    with services.database.transaction() as session:
        case = scoped_case(session, viewer, case_id)
        steps = _steps(session, case_id)
        row = case_rows(session, [case], viewer.may(Permission.APPLICANT))[0]
        source = session.get_one(Source, case.source_id)
        chosen = next((s for s in steps if s.id == step), None)
        zone = row.hall.timezone if row.hall else DEFAULT_ZONE
        deadlines, stops = case_limits(session, case_id, now), stops_of(session, case)
        return CasePage(
            now=now,
            case=row,
            zone=zone,
            source=NamedThing(source.id, source.name or source.id, ""),
            deadlines=deadlines,
            progress=progress(steps, case.closed_at, now),
            timeline=_timeline(steps, zone, case.opened_at),
            course=course([_bar(each) for each in steps], deadlines, stops, zone, now),
            stops=stops,
            steps=steps,
            records=records_of(session, viewer, case, services.clock()),
            chosen=chosen,
            parts=clip_parts(session, services.footage, chosen.clip if chosen else None),
            clock_untrusted=untrusted_times(session, services.footage, chosen.clip if chosen else None),
            smeared=smeared_times(session, chosen.clip if chosen else None),
            orders=case_orders(session, viewer, case, now),
            secret=_secret(services, case),
            held=clip_held(session, viewer, chosen.clip if chosen else None),
            clock_corrected=corrected_times(session, services.footage, chosen.clip if chosen else None),
        )


def _write_down(case_id: int, request: Request, viewer: Viewer, services: Services, now: datetime) -> None:
    """Before anything is shown; a page that renews itself is one look for a while."""
    looks: RecentLooks = request.app.state.recent_looks
    with services.database.transaction() as session:
        case = scoped_case(session, viewer, case_id)
        look = Look(viewer.user_id, "case", f"case:{case.source_id}/{case.number}")
        is_new = not looks.is_written(look, now)
        if is_new:
            log_access(session, viewer, look.action, look.subject, "", now, client_address(request))
    if is_new:
        looks.add(look, now)


def _steps(session: Session, case_id: int) -> tuple[StepRow, ...]:
    found = session.exec(select(Step).where(Step.case_id == case_id).order_by(col(Step.start), col(Step.id)))
    return step_rows(session, found.all())


def _secret(services: Services, case: Case) -> str:
    is_asked_for = services.settings.public.enabled
    return case_secret(services.secrets, case.source_id, case.number) if is_asked_for else ""


def _timeline(steps: tuple[StepRow, ...], zone: str, opened_at: datetime) -> Timeline:
    start = min((step.start for step in steps), default=opened_at)
    end = max((step.end for step in steps), default=opened_at)
    margin = max(MARGIN, (end - start) * 0.03)
    bars = tuple(_bar(step) for step in steps)
    return timeline(start - margin, end + margin, zone, [Lane("steps", bars)])


def _bar(step: StepRow) -> Bar:
    state = "finding" if step.findings else "step"
    return Bar(state, step.start, step.end, step.name or step.kind.value, f"?step={step.id}")


add_page(router, "/cases", "cases.html", cases_page)
add_page(router, "/cases/{case_id}", "case.html", case_page)
add_table(router, "/cases", cases_table)
