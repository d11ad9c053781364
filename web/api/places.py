"""Districts, halls, counters, departments and items: for administrators."""

from collections import defaultdict

from fastapi import APIRouter
from sqlmodel import Session, col, delete, select

from storage.models import Counter, CounterAlias, Department, District, Hall, Item, OpeningHours, Roster
from web import changed_hours, declared_limits, places
from web.api.addressed import AddressedRoute
from web.api.administration import AdminDesk, check_exists, check_id, remove
from web.declarations import (
    CounterDeclaration,
    DepartmentDeclaration,
    DistrictDeclaration,
    HallDeclaration,
    Hours,
)
from web.declared_items import ItemDeclaration
from web.declared_limits import check_limits_stay, check_no_cases
from web.declared_values import WEEKDAYS

router = APIRouter(prefix="/api/v1", tags=["places"], route_class=AddressedRoute)


@router.get("/districts")
def list_districts(desk: AdminDesk) -> list[DistrictDeclaration]:
    with desk.reading() as session:
        rows = session.exec(select(District).order_by(col(District.id))).all()
    return [DistrictDeclaration(**row.model_dump()) for row in rows]


@router.put("/districts/{district_id}")
def put_district(desk: AdminDesk, district_id: str, declared: DistrictDeclaration) -> DistrictDeclaration:
    check_id(district_id, declared.id)
    with desk.changing(f"district:{district_id}") as session:
        desk.check_new(session, District, district_id)
        places.put_district(session, declared)
    return declared


@router.delete("/districts/{district_id}", status_code=204)
def delete_district(desk: AdminDesk, district_id: str) -> None:
    with desk.changing(f"district:{district_id}") as session:
        remove(session, District, district_id)


@router.get("/halls")
def list_halls(desk: AdminDesk) -> list[HallDeclaration]:
    with desk.reading() as session:
        rows = session.exec(select(Hall).order_by(col(Hall.id))).all()
        hours = hours_by_hall(session)
    return [hall_declaration(hall, hours.get(hall.id, ())) for hall in rows]


def hours_by_hall(session: Session) -> dict[str, tuple[Hours, ...]]:
    """One entry per weekday and span, Monday first."""
    found: dict[str, tuple[Hours, ...]] = defaultdict(tuple)
    for row in places.hours_in_force(session):
        found[row.hall_id] += (Hours(days=WEEKDAYS[row.weekday], open=row.opens, close=row.closes),)
    return found


def hall_declaration(hall: Hall, hours: tuple[Hours, ...]) -> HallDeclaration:
    return HallDeclaration(
        id=hall.id,
        district=hall.district_id,
        name=hall.name,
        name_en=hall.name_en,
        timezone=hall.timezone,
        hours=hours,
    )


@router.put("/halls/{hall_id}")
def put_hall(desk: AdminDesk, hall_id: str, declared: HallDeclaration) -> HallDeclaration:
    """Changed hours hold from now on; absences that may still be disputed end where they lie outside of them."""
    check_id(hall_id, declared.id)
    now = desk.services.clock()
    with desk.changing(f"hall:{hall_id}") as session:
        desk.check_new(session, Hall, hall_id)
        check_exists(session, district=(District, declared.district))
        changed_hours.put_hall(session, declared, desk.viewer.user_id, now)
    return declared


@router.delete("/halls/{hall_id}", status_code=204)
def delete_hall(desk: AdminDesk, hall_id: str) -> None:
    with desk.changing(f"hall:{hall_id}") as session:
        session.exec(delete(OpeningHours).where(col(OpeningHours.hall_id) == hall_id))
        remove(session, Hall, hall_id)


@router.get("/counters")
def list_counters(desk: AdminDesk, hall: str | None = None) -> list[CounterDeclaration]:
    query = select(Counter).order_by(col(Counter.hall_id), col(Counter.number), col(Counter.id))
    if hall is not None:
        query = query.where(Counter.hall_id == hall)
    with desk.reading() as session:
        rows = session.exec(query).all()
        rosters = places.rosters(session)
    return [counter_declaration(row, rosters.get(row.id, ())) for row in rows]


def counter_declaration(counter: Counter, roster: tuple[Hours, ...]) -> CounterDeclaration:
    return CounterDeclaration(hall=counter.hall_id, **counter.model_dump(exclude={"hall_id"}), roster=roster)


@router.put("/counters/{counter_id}")
def put_counter(desk: AdminDesk, counter_id: str, declared: CounterDeclaration) -> CounterDeclaration:
    """A changed roster holds from now on, as hours do.

    409 for another hall once it has a view, presence or an absence.
    """
    check_id(counter_id, declared.id)
    now = desk.services.clock()
    with desk.changing(f"counter:{counter_id}") as session:
        desk.check_new(session, Counter, counter_id)
        check_exists(session, hall=(Hall, declared.hall))
        changed_hours.put_counter(session, declared, desk.viewer.user_id, now)
    return declared


@router.delete("/counters/{counter_id}", status_code=204)
def delete_counter(desk: AdminDesk, counter_id: str) -> None:
    with desk.changing(f"counter:{counter_id}") as session:
        session.exec(delete(CounterAlias).where(col(CounterAlias.counter_id) == counter_id))
        session.exec(delete(Roster).where(col(Roster.counter_id) == counter_id))
        remove(session, Counter, counter_id)


@router.get("/departments")
def list_departments(desk: AdminDesk) -> list[DepartmentDeclaration]:
    with desk.reading() as session:
        rows = session.exec(select(Department).order_by(col(Department.id))).all()
    without = {"district_id"}
    return [DepartmentDeclaration(district=row.district_id, **row.model_dump(exclude=without)) for row in rows]


@router.put("/departments/{department_id}")
def put_department(desk: AdminDesk, department_id: str, declared: DepartmentDeclaration) -> DepartmentDeclaration:
    check_id(department_id, declared.id)
    with desk.changing(f"department:{department_id}") as session:
        desk.check_new(session, Department, department_id)
        check_exists(session, district=(District, declared.district))
        places.put_department(session, declared)
    return declared


@router.delete("/departments/{department_id}", status_code=204)
def delete_department(desk: AdminDesk, department_id: str) -> None:
    with desk.changing(f"department:{department_id}") as session:
        remove(session, Department, department_id)


@router.get("/items")
def list_items(desk: AdminDesk) -> list[ItemDeclaration]:
    with desk.reading() as session:
        rows = session.exec(select(Item).order_by(col(Item.code))).all()
    without = {"department_id", "limits_known_at"}
    return [ItemDeclaration(department=row.department_id, **row.model_dump(exclude=without)) for row in rows]


@router.put("/items/{code:path}")
def put_item(desk: AdminDesk, code: str, declared: ItemDeclaration) -> ItemDeclaration:
    check_id(code, declared.code, "code")
    now = desk.services.clock()
    with desk.changing(f"item:{code}") as session:
        desk.check_new(session, Item, code, "code")
        check_exists(session, department=(Department, declared.department))
        check_limits_stay(session, declared, is_new_allowed=False)
        places.put_item(session, declared, now)
    return declared


@router.delete("/items/{code:path}", status_code=204)
def delete_item(desk: AdminDesk, code: str) -> None:
    now = desk.services.clock()
    with desk.changing(f"item:{code}") as session:
        check_no_cases(session, code)
        declared_limits.keep_former(session, code, now)
        remove(session, Item, code)
