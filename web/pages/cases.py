"""Cases: the list with its search."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select

from storage.models import Department, Role
from web.access_log import log_access
from web.addresses import client_address
from web.item_names import ItemRef
from web.pages.batch_list import SourceRef
from web.pages.case_filters import CardFilter, Match, StatusFilter, WantedDep
from web.pages.case_items import items_to_choose
from web.pages.case_order import Place, Sort, cases_in_order, parse_place
from web.pages.case_rows import CaseRow, case_rows
from web.pages.case_sources import sources_of_cases
from web.pages.filters import DayRange, zone_of
from web.pages.paging import PAGE_SIZE, cut
from web.pages.places import DistrictRef, HallRef
from web.pages.rendering import add_page
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.saved_views import ViewRow, default_query, filters_of, views_of
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()


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
    match: Match
    """`part`: what contains the text was asked for, also where it is a whole number."""
    is_number: bool
    """A case in scope has exactly this number, and the list is of that one alone."""
    status: StatusFilter
    channel: str
    departments: tuple[NamedThing, ...]
    """To choose from; none for a department, which sees its own cases."""
    department: str
    districts: tuple[DistrictRef, ...]
    district: DistrictRef | None
    sources: tuple[SourceRef, ...]
    """To choose from: the platforms that send cases of the halls in scope."""
    source: str
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
            match=wanted.match,
            is_number=wanted.is_number,
            status=wanted.status,
            channel=wanted.channel,
            departments=_departments(session, wanted.viewer),
            department=wanted.department,
            districts=wanted.districts,
            district=wanted.district,
            sources=sources_of_cases(session, wanted.viewer),
            source=wanted.source,
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
    *("last_step", "last_step_name", "steps", "findings", "source"),
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
        *(row.steps, row.findings, row.source, *(() if row.applicant is None else (row.applicant,))),
    ]


add_page(router, "/cases", "cases.html", cases_page)
add_table(router, "/cases", cases_table)
