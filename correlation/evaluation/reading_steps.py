"""How complete and how fresh what was told of a month's steps is, and each step that is not."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, Subquery, and_, case, func, literal, or_, select, true, union_all
from sqlmodel import Session

from correlation.evaluation.going_on import GoOn, asking
from correlation.evaluation.places import Place
from correlation.evaluation.tally import Mark, Tally
from storage.at_counter import is_at_counter
from storage.bulk import table_of
from storage.models import LATE_FROM, Case, Counter, MarkKind, Step

_DAY = timedelta(days=1)
_STEPS, _FILES, _COUNTERS = table_of(Step), table_of(Case), table_of(Counter)
EXPECTED = {
    "operator": (_STEPS.c.operator, true()),
    "counter": (_STEPS.c.counter_ref, is_at_counter()),
    "item": (_FILES.c.item_code, true()),
}
"""Where they are, and of which steps they are expected, in the order in which a mark names what is missing.

A case without a department belongs to none, so that it lacks one would be held against halls and districts alone: data
quality tells it of its source.
"""
_LACKS = [and_(of_these, text == "") for text, of_these in EXPECTED.values()]
_PLACE = (
    func.coalesce(_FILES.c.department_id, ""),
    func.coalesce(_COUNTERS.c.hall_id, _FILES.c.hall_id, ""),
    func.coalesce(_STEPS.c.counter_id, ""),
)


def count_steps(session: Session, first: date, last: date, zone: ZoneInfo, tally: Tally) -> None:
    """Late is what was first heard of after the end of the next day."""
    days = _days(first, last, zone)
    late = func.sum(case((_is_late(days), 1), else_=0))
    fields, lacking = (
        func.sum(sum((case((each, 1), else_=0) for each in which), start=literal(0)))
        for which in ([of_these for _, of_these in EXPECTED.values()], _LACKS)
    )
    query = select(*_PLACE, func.count(), late, fields, lacking).select_from(_with_cases(days)).group_by(*_PLACE)
    for department, at_hall, counter, count, late_ones, expected, missing in session.execute(query):
        tally.add(
            Place(department, at_hall, counter),
            steps=count,
            steps_late=int(late_ones),
            fields=int(expected),
            filled=int(expected - missing),
        )


def mark_steps(session: Session, first: date, last: date, zone: ZoneInfo, tally: Tally, go_on: GoOn) -> None:
    """Those that were told late, and those of which something is missing: a step may be both."""
    days = _days(first, last, zone)
    step, file = _STEPS.c, _FILES.c
    said = (step.id, step.end, step.first_received_at, file.id, file.number, _is_late(days), *_LACKS)
    query = select(*_PLACE, *said).select_from(_with_cases(days))
    for department, hall, counter, *row in asking(session.execute(query.where(or_(_is_late(days), *_LACKS))), go_on):
        tally.mark(*_marks(Place(department, hall, counter), *row))


def _marks(
    place: Place,
    step: int,
    end: datetime,
    told: datetime,
    case_id: int,
    number: str,
    is_late: bool,
    *lacks: bool,
) -> Iterator[Mark]:
    if is_late:
        detail = told.astimezone(UTC).isoformat(timespec="seconds")
        yield Mark(MarkKind.STEP_TOLD_LATE, step, end, place, number, detail=detail, case_id=case_id)
    if missing := " ".join(name for name, is_missing in zip(EXPECTED, lacks, strict=True) if is_missing):
        yield Mark(MarkKind.FIELDS_MISSING, step, end, place, number, detail=missing, case_id=case_id)


def _with_cases(days: Subquery) -> FromClause:
    on_day = and_(_STEPS.c.end >= days.c.start, _STEPS.c.end < days.c.end)
    of_case = days.join(_STEPS, on_day).join(_FILES, _FILES.c.id == _STEPS.c.case_id)
    return of_case.join(_COUNTERS, _COUNTERS.c.id == _STEPS.c.counter_id, isouter=True)


def _is_late(days: Subquery) -> ColumnElement[bool]:
    return _STEPS.c.first_received_at >= days.c.late_from


def _days(first: date, last: date, zone: ZoneInfo) -> Subquery:
    return union_all(
        *(
            select(
                literal(_midnight(day, zone)).label("start"),
                literal(_midnight(day + _DAY, zone)).label("end"),
                literal(_midnight(day + LATE_FROM * _DAY, zone)).label("late_from"),
            )
            for day in (first + n * _DAY for n in range((last - first).days + 1))
        )
    ).subquery("days")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
