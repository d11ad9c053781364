"""All cases under way at a glance: how many are due today, late or standing still, where, and how it went of late."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement, and_, case, or_
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from storage.models import Case, Deadline, Department, District, Hall, Item, Standing
from web import case_due
from web.auth import require
from web.pages.case_rows import DepartmentRef, ItemRef
from web.pages.filters import chosen_hall, midnight, next_midnight, zone_of
from web.pages.places import HallRef, hall_ref, visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import cases_in_scope
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
CaseViewer = Annotated[Viewer, Depends(require(Permission.CASES))]

TREND_DAYS = 30
MOST_ROWS = 50


class By(StrEnum):
    DISTRICT = "district"
    HALL = "hall"
    DEPARTMENT = "department"
    ITEM = "item"


@dataclass(frozen=True)
class Tally:
    """Of cases under way. A case is in `due_today` or `late`, never in both."""

    open: int = 0
    due_today: int = 0
    due_soon: int = 0
    """Their reminder is out."""
    late: int = 0
    stopped: int = 0
    waiting: int = 0
    no_limit: int = 0
    """None is known that runs: whether they are in time is unknown."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(mine + its for mine, its in zip(self.counts, other.counts, strict=True)))

    @property
    def counts(self) -> tuple[int, ...]:
        return (self.open, self.due_today, self.due_soon, self.late, self.stopped, self.waiting, self.no_limit)


@dataclass(frozen=True)
class Named:
    """A district, which has no page of its own."""

    id: str
    name: str
    name_en: str


Place = Named | HallRef | DepartmentRef | ItemRef


@dataclass(frozen=True)
class Row:
    of: Place | None
    """None: of cases that do not say."""
    cases: Tally


@dataclass(frozen=True)
class TrendDay:
    day: date
    start: datetime
    opened: int
    closed: int
    closed_late: int


@dataclass(frozen=True)
class OverviewPage:
    now: datetime
    zone: str
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    by: By
    total: Tally
    rows: tuple[Row, ...]
    """The latest first."""
    left_out: int
    """Rows beyond those."""
    trend: tuple[TrendDay, ...]
    """Whole days up to today, in the zone."""


@dataclass(frozen=True)
class Group:
    """Cases under way that have all of this in common."""

    hall: str
    department: str
    department_name: str
    item: str
    item_name: str
    cases: Tally


def overview_page(
    viewer: CaseViewer, services: ServicesDep, hall: str = "", by: Annotated[By, Query()] = By.HALL
) -> OverviewPage:
    now = services.clock()
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = chosen_hall(halls, hall)
        zone = zone_of(halls, chosen)
        conditions = [cases_in_scope(viewer)]
        conditions += [col(Case.hall_id) == chosen.id] if chosen else []
        groups = _groups(session, conditions, now, next_midnight(now, zone))
        rows = _rows(session, groups, by)
        return OverviewPage(
            now=now,
            zone=zone,
            halls=halls,
            hall=chosen,
            by=by,
            total=sum((group.cases for group in groups), Tally()),
            rows=tuple(rows[:MOST_ROWS]),
            left_out=max(len(rows) - MOST_ROWS, 0),
            trend=_trend(session, conditions, _today(now, zone), zone),
        )


def _groups(
    session: Session, conditions: Sequence[ColumnElement[bool]], now: datetime, day_ends: datetime
) -> list[Group]:
    due, standing = case_due.due(), col(Deadline.standing)
    is_late = due < now
    stands_still = standing.in_(case_due.NOT_RUNNING)
    tallied = (
        func.count(),
        _number(and_(due >= now, due <= day_ends)),
        _number(standing == Standing.DUE_SOON),
        _number(is_late),
        _number(standing == Standing.STOPPED),
        _number(standing == Standing.WAITING),
        _number(and_(due.is_(None), or_(standing.is_(None), ~stands_still))),
    )
    alike = (col(Case.hall_id), col(Case.department_id), col(Case.department_name), col(Case.item_code))
    query = (
        sql_select(*alike, func.max(col(Case.item_name)), *tallied)
        .select_from(Case)
        .outerjoin(Deadline, col(Deadline.case_id) == col(Case.id))
        .where(col(Case.closed_at).is_(None), *conditions)
        .group_by(*alike)
    )
    return [
        Group(hall or "", department or "", named, item, item_name or "", Tally(*map(int, counts)))
        for hall, department, named, item, item_name, *counts in session.execute(query)
    ]


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _rows(session: Session, groups: Iterable[Group], by: By) -> list[Row]:
    """The latest first, then those that are due today, then the most."""
    place_of = _NAMING[by](session)
    named: dict[str, Place | None] = {}
    tallies: dict[str, Tally] = {}
    for group in groups:
        place = place_of(group)
        key = (place.id or place.name) if place else ""
        named.setdefault(key, place)
        tallies[key] = tallies.get(key, Tally()) + group.cases
    rows = [Row(named[key], tally) for key, tally in tallies.items()]
    return sorted(rows, key=lambda row: (-row.cases.late, -row.cases.due_today, -row.cases.open, row.of is None))


Naming = Callable[[Group], Place | None]


def _by_district(session: Session) -> Naming:
    districts = {found.id: Named(found.id, found.name, found.name_en) for found in session.exec(select(District))}
    of_hall = {hall.id: districts.get(hall.district_id) for hall in session.exec(select(Hall))}
    return lambda group: of_hall.get(group.hall)


def _by_hall(session: Session) -> Naming:
    halls = {hall.id: hall_ref(hall) for hall in session.exec(select(Hall))}
    return lambda group: halls.get(group.hall)


def _by_department(session: Session) -> Naming:
    """One that is only known by what its platform calls it is named so."""
    known = {d.id: DepartmentRef(d.id, d.name, d.name_en) for d in session.exec(select(Department))}

    def named(group: Group) -> Place | None:
        called = DepartmentRef("", group.department_name, "") if group.department_name else None
        return known.get(group.department) or called

    return named


def _by_item(session: Session) -> Naming:
    in_english = {item.code: item.name_en for item in session.exec(select(Item))}

    def named(group: Group) -> Place | None:
        if not group.item and not group.item_name:
            return None
        return ItemRef(group.item, group.item_name, in_english.get(group.item, ""))

    return named


_NAMING: dict[By, Callable[[Session], Naming]] = {
    By.DISTRICT: _by_district,
    By.HALL: _by_hall,
    By.DEPARTMENT: _by_department,
    By.ITEM: _by_item,
}


def _trend(session: Session, conditions: Sequence[ColumnElement[bool]], today: date, zone: str) -> tuple[TrendDay, ...]:
    """One query for all days: each is a span of moments, as a day is not the same span everywhere."""
    days = [today - timedelta(days=back) for back in reversed(range(TREND_DAYS))]
    edges = [midnight(day, zone) for day in (*days, today + timedelta(days=1))]
    opened, closed = col(Case.opened_at), col(Case.closed_at)
    columns: list[ColumnElement[int]] = []
    for start, end in pairwise(edges):
        within = and_(closed >= start, closed < end)
        late = and_(within, case_due.was_late())
        columns += [_number(and_(opened >= start, opened < end)), _number(within), _number(late)]
    query = (
        sql_select(*columns)
        .select_from(Case)
        .outerjoin(Deadline, col(Deadline.case_id) == col(Case.id))
        .where(or_(opened >= edges[0], closed >= edges[0]), *conditions)
    )
    counts = [int(count) for count in session.execute(query).one()]
    return tuple(TrendDay(day, edges[n], *counts[3 * n : 3 * n + 3]) for n, day in enumerate(days))


def _today(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


add_page(router, "/overview", "overview.html", overview_page)
