"""To which units something belongs, and what they are called."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session, col, select

from storage.bulk import is_among, table_of
from storage.intervals import Span
from storage.models import Counter, Department, District, Hall, Operator, Step, UnitKind


class Place(NamedTuple):
    """Where something happened and whose it is; empty where that is not known."""

    department: str = ""
    hall: str = ""
    counter: str = ""


class Unit(NamedTuple):
    kind: UnitKind
    key: str


@dataclass(frozen=True)
class Directory:
    """The site as it is now."""

    departments: Mapping[str, tuple[str, str]]
    """Chinese and English name, by id; the same of the others."""
    districts: Mapping[str, tuple[str, str]]
    halls: Mapping[str, tuple[str, str]]
    counters: Mapping[str, tuple[str, str]]
    """Their numbers."""
    district_of: Mapping[str, str]
    """By hall."""
    hall_of: Mapping[str, str]
    """By counter."""
    zone_of: Mapping[str, str]
    """By hall."""

    def units(self, place: Place) -> Iterator[Unit]:
        department, hall, counter = place
        if department:
            yield Unit(UnitKind.DEPARTMENT, department)
        if hall:
            yield Unit(UnitKind.HALL, hall)
            yield Unit(UnitKind.DISTRICT, self.district_of[hall])
        if hall and department:
            yield Unit(UnitKind.GROUP, f"{hall}/{department}")
        if counter:
            yield Unit(UnitKind.COUNTER, counter)

    def name(self, unit: Unit) -> tuple[str, str]:
        """Chinese and English, the latter empty where there is none."""
        if unit.kind is UnitKind.DEPARTMENT:
            return self.departments[unit.key]
        if unit.kind is UnitKind.DISTRICT:
            return self.districts[unit.key]
        if unit.kind is UnitKind.HALL:
            return self.halls[unit.key]
        if unit.kind is UnitKind.COUNTER:
            return _joined(self.halls[self.hall_of[unit.key]], self.counters[unit.key])
        hall, _, department = unit.key.partition("/")
        return _joined(self.halls[hall], self.departments[department])

    def place(self, unit: Unit) -> tuple[str, str, str]:
        """Department, district and hall, as far as it has them: they decide who may see it."""
        hall, department = "", ""
        if unit.kind is UnitKind.GROUP:
            hall, _, department = unit.key.partition("/")
        elif unit.kind is UnitKind.COUNTER:
            hall = self.hall_of[unit.key]
        elif unit.kind is UnitKind.HALL:
            hall = unit.key
        elif unit.kind is UnitKind.DEPARTMENT:
            department = unit.key
        district = self.district_of[hall] if hall else unit.key if unit.kind is UnitKind.DISTRICT else ""
        return department, district, hall


def _joined(first: tuple[str, str], second: tuple[str, str]) -> tuple[str, str]:
    """An English name only where one of them has one."""
    english = f"{first[1] or first[0]} · {second[1] or second[0]}" if first[1] or second[1] else ""
    return f"{first[0]} · {second[0]}", english


def directory(session: Session) -> Directory:
    halls, counters = session.exec(select(Hall)).all(), session.exec(select(Counter)).all()
    return Directory(
        departments={each.id: (each.name, each.name_en) for each in session.exec(select(Department))},
        districts={each.id: (each.name, each.name_en) for each in session.exec(select(District))},
        halls={hall.id: (hall.name, hall.name_en) for hall in halls},
        counters={counter.id: (counter.number, "") for counter in counters},
        district_of={hall.id: hall.district_id for hall in halls},
        hall_of={counter.id: counter.hall_id for counter in counters},
        zone_of={hall.id: hall.timezone for hall in halls},
    )


def departments_of_counters(session: Session, span: Span) -> dict[str, str]:
    """Of the counters at which, in the span, only operators of one department worked."""
    found = {counter: owner(operators, span) for counter, operators in operators_by_counter(session).items()}
    return {counter: department for counter, department in found.items() if department}


def operators_by_counter(session: Session) -> dict[str, list[Operator]]:
    found: defaultdict[str, list[Operator]] = defaultdict(list)
    for operator in session.exec(select(Operator).where(col(Operator.counter_id).is_not(None))):
        found[operator.counter_id or ""].append(operator)
    return found


def owner(operators: Iterable[Operator], span: Span) -> str:
    """The department of all who worked at a counter in the span; empty where that is not one, or not known."""
    worked = _departments(operators, span)
    return next(iter(worked)) if len(worked) == 1 else ""


def departments_at_counters(session: Session, span: Span) -> dict[str, frozenset[str]]:
    """Of each counter all departments whose operators worked there in the span, as far as they are known."""
    return {
        counter: frozenset(_departments(operators, span) - {""})
        for counter, operators in operators_by_counter(session).items()
    }


def _departments(operators: Iterable[Operator], span: Span) -> set[str]:
    """With an empty one for those of whom it is not known."""
    return {
        operator.department_id or ""
        for operator in operators
        if operator.valid_from < span.end and (operator.valid_to is None or operator.valid_to > span.start)
    }


def first_counters(session: Session, cases: Iterable[int]) -> dict[int, str]:
    """Of each case the counter of its first step at a known one; nothing of a case without such a step."""
    of_cases = is_among(session, table_of(Step).c.case_id, cases)
    latest_first = col(Step.start).desc(), col(Step.id).desc()
    steps = select(Step.case_id, Step.counter_id).where(of_cases, col(Step.counter_id).is_not(None))
    return {case: counter for case, counter in session.exec(steps.order_by(*latest_first)) if counter}
