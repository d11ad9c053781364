"""All cases under way at a glance: how many are due today, late or standing still, where, and how it went of late."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement, Select, and_, case, literal
from sqlalchemy import select as sql_select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, func, select

from storage.models import Case, Deadline, Department, District, Hall, Standing
from web import case_due
from web.auth import require
from web.item_names import ItemNames, ItemRef
from web.pages.case_rows import DepartmentRef
from web.pages.filters import chosen_district, chosen_hall, midnight, next_midnight, zone_of
from web.pages.places import DistrictRef, HallRef, hall_ref, in_district, visible_districts, visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import cases_in_scope
from web.pages.tables import Cell, Moments, Table, add_table
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


Place = DistrictRef | HallRef | DepartmentRef | ItemRef


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
    districts: tuple[DistrictRef, ...]
    district: DistrictRef | None
    by: By
    total: Tally
    rows: tuple[Row, ...]
    """The latest first."""
    left_out: int
    """Rows beyond those."""
    trend: tuple[TrendDay, ...]
    """Whole days up to today, in the zone."""


_ALIKE: dict[By, tuple[str, ...]] = {
    By.DISTRICT: ("hall_id",),
    By.HALL: ("hall_id",),
    By.DEPARTMENT: ("department_id", "department_name"),
    By.ITEM: ("item_code", "source_id"),
}
"""What the cases of a row, or of a part of it, have in common."""
_NAMES = ("hall_id", "department_id", "department_name", "item_code", "source_id")


@dataclass(frozen=True)
class Group:
    """Cases under way that have this in common; what a row does not need is empty."""

    hall: str
    department: str
    department_name: str
    item: str
    item_name: str
    source: str
    cases: Tally


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    halls: tuple[HallRef, ...]
    hall: HallRef | None
    districts: tuple[DistrictRef, ...]
    district: DistrictRef | None
    by: By
    zone: str
    conditions: tuple[ColumnElement[bool], ...]


def wanted(
    viewer: CaseViewer,
    services: ServicesDep,
    hall: str = "",
    district: str = "",
    by: Annotated[By, Query()] = By.HALL,
) -> Wanted:
    """A hall or district out of scope is not there."""
    with services.database.transaction() as session:
        halls, districts = visible_halls(session, viewer), visible_districts(session, viewer)
    of_hall, of_district = chosen_hall(halls, hall), chosen_district(districts, district)
    conditions = [cases_in_scope(viewer)]
    conditions += [col(Case.hall_id) == of_hall.id] if of_hall else []
    conditions += [in_district(col(Case.hall_id), of_district.id)] if of_district else []
    return Wanted(halls, of_hall, districts, of_district, by, zone_of(halls, of_hall), tuple(conditions))


WantedDep = Annotated[Wanted, Depends(wanted)]


def overview_page(wanted: WantedDep, services: ServicesDep) -> OverviewPage:
    now = services.clock()
    with services.database.transaction() as session:
        groups = _groups(session, wanted.conditions, wanted.by, now, next_midnight(now, wanted.zone))
        rows = _rows(session, groups, wanted.by, now)
        return OverviewPage(
            now=now,
            zone=wanted.zone,
            halls=wanted.halls,
            hall=wanted.hall,
            districts=wanted.districts,
            district=wanted.district,
            by=wanted.by,
            total=sum((group.cases for group in groups), Tally()),
            rows=tuple(rows[:MOST_ROWS]),
            left_out=max(len(rows) - MOST_ROWS, 0),
            trend=_trend(session, wanted.conditions, _today(now, wanted.zone), wanted.zone),
        )


def overview_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """Every row, those too that the page leaves out."""
    now = services.clock()
    with services.database.transaction() as session:
        groups = _groups(session, wanted.conditions, wanted.by, now, next_midnight(now, wanted.zone))
        rows = _rows(session, groups, wanted.by, now)
    return Table(f"overview-{wanted.by}", wanted.zone, _COLUMNS, map(_cells, rows))


def trend_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """What the chart draws, by days of the zone."""
    with services.database.transaction() as session:
        days = _trend(session, wanted.conditions, _today(services.clock(), wanted.zone), wanted.zone)
    columns = (Moments("day"), "opened", "closed", "closed_late")
    return Table("overview-trend", wanted.zone, columns, [(d.day, d.opened, d.closed, d.closed_late) for d in days])


_COLUMNS = ("id", "name", "name_en", "open", "due_today", "due_soon", "late", "stopped", "waiting", "no_limit")


def _cells(row: Row) -> list[Cell]:
    place = (row.of.id, row.of.name, row.of.name_en) if row.of else ("", "", "")
    return [*place, *row.cases.counts]


def _groups(
    session: Session, conditions: Sequence[ColumnElement[bool]], by: By, now: datetime, day_ends: datetime
) -> list[Group]:
    """By what the rows need and nothing else: a city has more kinds of cases than it has halls."""
    due, standing = case_due.due(), col(Deadline.standing)
    tallied = (
        func.count(),
        _number(and_(case_due.is_pending(), due >= now, due <= day_ends)),
        _number(standing == Standing.DUE_SOON),
        _number(case_due.is_overdue(now)),
        _number(standing == Standing.STOPPED),
        _number(standing == Standing.WAITING),
        _number(case_due.is_unknown(now)),
    )
    columns = {name: col(getattr(Case, name)) for name in _ALIKE[by]}
    alike = (columns.get(name, literal("")) for name in _NAMES)
    query = (
        sql_select(*alike, func.max(col(Case.item_name)), *tallied)
        .select_from(Case)
        .outerjoin(Deadline, col(Deadline.case_id) == col(Case.id))
        .where(col(Case.closed_at).is_(None), *conditions)
        .group_by(*columns.values())
    )
    return [
        Group(hall or "", department or "", named or "", item or "", item_name or "", source, Tally(*map(int, counts)))
        for hall, department, named, item, source, item_name, *counts in session.execute(query)
    ]


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _rows(session: Session, groups: Sequence[Group], by: By, now: datetime) -> list[Row]:
    """The latest first, then those that are due today, then the most."""
    place_of = _NAMING[by](session, groups, now)
    named: dict[str, Place | None] = {}
    tallies: dict[str, Tally] = {}
    for group in groups:
        place = place_of(group)
        key = (place.id or place.name) if place else ""
        named[key] = _better(named.get(key), place)
        tallies[key] = tallies.get(key, Tally()) + group.cases
    rows = [Row(named[key], tally) for key, tally in tallies.items()]
    return sorted(rows, key=lambda row: (-row.cases.late, -row.cases.due_today, -row.cases.open, row.of is None))


def _better(known: Place | None, other: Place | None) -> Place | None:
    """Of an item one platform tells the name, and another perhaps the code alone."""
    return known if known and known.name else other or known


Naming = Callable[[Group], Place | None]


def _by_district(session: Session, _groups: Sequence[Group], _now: datetime) -> Naming:
    districts = {found.id: DistrictRef(found.id, found.name, found.name_en) for found in session.exec(select(District))}
    of_hall = {hall.id: districts.get(hall.district_id) for hall in session.exec(select(Hall))}
    return lambda group: of_hall.get(group.hall)


def _by_hall(session: Session, _groups: Sequence[Group], _now: datetime) -> Naming:
    halls = {hall.id: hall_ref(hall) for hall in session.exec(select(Hall))}
    return lambda group: halls.get(group.hall)


def _by_department(session: Session, _groups: Sequence[Group], _now: datetime) -> Naming:
    """One that is only known by what its platform calls it is named so."""
    known = {d.id: DepartmentRef(d.id, d.name, d.name_en) for d in session.exec(select(Department))}

    def named(group: Group) -> Place | None:
        called = DepartmentRef("", group.department_name, "") if group.department_name else None
        return known.get(group.department) or called

    return named


def _by_item(session: Session, groups: Sequence[Group], now: datetime) -> Naming:
    """As of today: the cases of a row began at many times."""
    names = ItemNames(session, {group.item for group in groups})
    return lambda group: names.of(group.item, group.source, now, group.item_name)


_NAMING: dict[By, Callable[[Session, Sequence[Group], datetime], Naming]] = {
    By.DISTRICT: _by_district,
    By.HALL: _by_hall,
    By.DEPARTMENT: _by_department,
    By.ITEM: _by_item,
}


def _trend(session: Session, conditions: Sequence[ColumnElement[bool]], today: date, zone: str) -> tuple[TrendDay, ...]:
    """Two queries for all days: each is a span of moments, as a day is not the same span everywhere."""
    days = [today - timedelta(days=back) for back in reversed(range(TREND_DAYS))]
    edges = [midnight(day, zone) for day in (*days, today + timedelta(days=1))]
    late = case((case_due.was_late(), 1), else_=0)
    opened = _by_day(session, _in_days(col(Case.opened_at), edges, literal(0), conditions))
    of_closed = _in_days(col(Case.closed_at), edges, late, conditions)
    closed = _by_day(session, of_closed.outerjoin(Deadline, col(Deadline.case_id) == col(Case.id)))
    nothing = (0, 0)
    return tuple(
        TrendDay(day, edges[n], opened.get(n, nothing)[0], *closed.get(n, nothing)) for n, day in enumerate(days)
    )


def _in_days(
    moment: Mapped[Any], edges: Sequence[datetime], late: ColumnElement[int], conditions: Sequence[ColumnElement[bool]]
) -> Select[tuple[int, int]]:
    """The number of the day, and whether it was late, of each case whose moment lies in them."""
    day = case(*((moment < end, n) for n, end in enumerate(edges[1:])))
    query = sql_select(day.label("day"), late.label("late")).select_from(Case)
    return query.where(moment >= edges[0], moment < edges[-1], *conditions)


def _by_day(session: Session, cases: Select[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """How many, and how many of them late. Grouped outside: PostgreSQL takes one CASE with values for two."""
    each = cases.subquery()
    query = sql_select(each.c.day, func.count(), func.sum(each.c.late)).group_by(each.c.day)
    return {day: (int(count), int(late)) for day, count, late in session.execute(query)}


def _today(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


add_page(router, "/overview", "overview.html", overview_page)
add_table(router, "/overview", overview_table)
add_table(router, "/overview/trend", trend_table)
