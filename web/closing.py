"""Days on which halls are closed by themselves: noted and withdrawn, by page, API and command."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator
from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from analytics.judging import judge_anew
from analytics.recording import take_turns
from correlation.deadlines.calendars import CalendarBook
from storage.database import lock_for_adding
from storage.hours import day_span
from storage.intervals import Span
from storage.models import Absence, Case, Closure, Counter, Deadline, Hall
from storage.sayings import Saying
from web.consequences import Consequence, consequence
from web.declared_values import Id, Strict
from web.errors import Conflict, NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.months import day_in
from web.pages.places import HallRef, visible_halls
from web.scope import scoped_hall
from web.viewer import Viewer

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)
"""Stamps of cases lie there."""
LONGEST = timedelta(days=62)
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
Reason = Annotated[str, Field(min_length=1, max_length=200)]
_BACKWARDS = Saying("The last day lies before the first. Choose a later one.")
_TOO_LONG = Saying("Note at most %(most)s days at a time.", most=LONGEST.days)
_NOTHING_NEW = Saying("None of these days is a working day on which a hall was open. Choose others.")


class ClosureRequest(Strict):
    hall: Id | None = None
    """Not said: every hall in scope."""
    first: Day
    last: Day
    """The same as `first` for a single day."""
    reason: Reason
    """What people read beside the day."""

    @field_validator("last")
    @classmethod
    def _is_a_span(cls, last: date, info: ValidationInfo) -> date:
        first = info.data.get("first", last)
        if last < first:
            raise ValueError(_BACKWARDS)
        if last - first >= LONGEST:
            raise ValueError(_TOO_LONG)
        return last


def note(session: Session, wanted: ClosureRequest, viewer: Viewer, now: datetime) -> list[Closure]:
    """Has to be the first that the transaction does. Raises NotFound and Unprocessable."""
    lock_for_adding(session, Closure)
    made = closures_of(session, wanted, viewer, now)
    session.add_all(made)
    session.flush()
    judge_days(session, made, now)
    return made


def closures_of(session: Session, wanted: ClosureRequest, viewer: Viewer, now: datetime) -> list[Closure]:
    """As they would be noted: of the days those that are worked in the hall. Raises NotFound and Unprocessable."""
    book = CalendarBook()
    book.refresh(session)
    made = [
        Closure(hall_id=hall.id, day=day, reason=wanted.reason, noted_at=now, noted_by=viewer.name)
        for hall in _halls(session, viewer, wanted.hall)
        for day in _days(wanted)
        if book.of(hall.id)[-1][1].is_worked(day.toordinal())
    ]
    if not made:
        raise Unprocessable(fields=[FieldProblem("first", _NOTHING_NEW)])
    return made


def _halls(session: Session, viewer: Viewer, hall: str | None) -> Sequence[HallRef]:
    if hall is not None:
        scoped_hall(session, viewer, hall)
    return [one for one in visible_halls(session, viewer) if hall is None or one.id == hall]


def _days(wanted: ClosureRequest) -> Iterator[date]:
    for day in range(wanted.first.toordinal(), wanted.last.toordinal() + 1):
        yield date.fromordinal(day)


def withdraw(session: Session, closure_id: int, reason: str, viewer: Viewer, now: datetime) -> Closure:
    """From now on the day counts; what it did until now stays on record. Raises NotFound and Conflict."""
    lock_for_adding(session, Closure)
    closure = scoped_closure(session, viewer, closure_id)
    if closure.withdrawn_at is not None:
        raise Conflict(Saying("This closure is withdrawn already."))
    closure.withdrawn_at, closure.withdrawn_by, closure.withdrawn_reason = now, viewer.name, reason
    session.add(closure)
    session.flush()
    judge_days(session, [closure], now)
    return closure


def judge_days(session: Session, closures: Sequence[Closure], now: datetime) -> None:
    """What of these days has passed is judged by whether their halls count as open on them now, after a flush.

    Nobody has been absent on a day that is closed; on one that is open after all, absences are found.
    """
    for counter_id, days in sorted(_passed(session, closures, now).items()):
        take_turns(session, counter_id)
        for day in days:
            judge_anew(session, counter_id, day, now)


def _passed(session: Session, closures: Sequence[Closure], now: datetime) -> dict[str, list[Span]]:
    """Of each counter the days of which something else may be said by now."""
    zones = {hall.id: ZoneInfo(hall.timezone) for hall in session.exec(select(Hall))}
    found: dict[str, list[Span]] = defaultdict(list)
    for closure in closures:
        day = day_span(closure.day, zones[closure.hall_id])
        if day.start >= now:
            continue
        counters = select(Counter.id).where(Counter.hall_id == closure.hall_id)
        if closure.withdrawn_at is None:
            begun = Absence.start < day.end, or_(col(Absence.end).is_(None), col(Absence.end) > day.start)
            counters = counters.join(Absence).where(*begun).distinct()
        for counter_id in session.exec(counters):
            found[counter_id].append(Span(day.start, min(day.end, now)))
    return found


def scoped_closure(session: Session, viewer: Viewer, closure_id: int) -> Closure:
    closure = session.get(Closure, closure_id)
    if closure is None or not viewer.may_see_hall(closure.hall_id):
        raise NotFound
    return closure


def as_withdrawn(closure: Closure, now: datetime) -> Closure:
    """A copy, to try what that would do."""
    return Closure(**closure.model_dump(exclude={"withdrawn_at"}), withdrawn_at=now)


def consequence_of(session: Session, closures: Sequence[Closure], viewer: Viewer, now: datetime) -> Consequence:
    """By the cases of these halls that are due after the first of the days."""
    first = day_in(min(closure.day for closure in closures), "UTC").start - timedelta(days=1)
    due_later = select(Deadline.case_id).where(
        or_(col(Deadline.promised_late_from) > first, col(Deadline.legal_late_from) > first)
    )
    halls = {closure.hall_id for closure in closures}
    conditions: list[ColumnElement[bool]] = [col(Case.hall_id).in_(halls), col(Case.id).in_(due_later)]
    return consequence(session, viewer, conditions, now, closures=closures)


def closures_in(session: Session, halls: Sequence[str], first: date, last: date) -> Sequence[Closure]:
    """The withdrawn ones, too; by their day."""
    within = (col(Closure.hall_id).in_(halls), col(Closure.day).between(first, last))
    return session.exec(select(Closure).where(*within).order_by(col(Closure.day), col(Closure.id))).all()
