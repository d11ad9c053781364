"""Bad ratings: each opens a call back, which is due within some working days; a correction to a good one lifts it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, CursorResult, and_, func, update
from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.rulebook import rule_book
from correlation.supervision.rules import CallBackRules, rules_of
from correlation.supervision.workflow import Due, due_in
from storage.database import Database, insert_new
from storage.models import CallBack, CallBackState, Case, Counter, Rating, Source

WORST_LEVELS = (1, 2)
HISTORY = timedelta(days=60)
"""What was rated longer ago when it is first heard of is history: nobody is called back about it."""
_AT_ONCE = 1000


class Rated(NamedTuple):
    rating: Rating
    case: Case | None
    hall_id: str | None


class CallBacks:
    """`run_once` opens and lifts; run it every few seconds. Safe to repeat, and for several clerks at once."""

    def __init__(self, database: Database, rules: Sequence[CallBackRules] | None = None) -> None:
        """`rules`: others than those of the site."""
        self._database = database
        self._rules = rules
        self._calendars = CalendarBook()

    def run_once(self, now: datetime) -> int:
        """The number of calls back opened and lifted. Raises SQLAlchemyError."""
        with self._database.transaction() as session:
            changed = _lift(session, now) + _reopen(session)
            fresh = _without(session, now - HISTORY)
            if fresh:
                self._calendars.refresh(session)
                rules = self._rules or rule_book(session).call_backs
                insert_new(session, CallBack, [self._row(rated, rules, now) for rated in fresh])
            return changed + len(fresh)

    def _row(self, rated: Rated, versions: Sequence[CallBackRules], now: datetime) -> Mapping[str, object]:
        due, rules = due_of(self._calendars.of(rated.hall_id)[-1][1], rated.rating.rated, versions)
        return {
            "rating_id": rated.rating.id,
            "hall_id": rated.hall_id,
            "counter_id": rated.rating.counter_id,
            "case_id": rated.case.id if rated.case else None,
            "department_id": rated.case.department_id if rated.case else None,
            "opened_at": now,
            "due_by": due.by,
            "provisional": due.provisional,
            "rules": rules.version,
            "state": CallBackState.OPEN,
            "note": "",
        }


def due_of(calendar: WorkCalendar, rated: datetime, rules: Sequence[CallBackRules]) -> tuple[Due, CallBackRules]:
    """By the rules of the day of the rating, which does not count."""
    found = rules_of(rules, calendar.day_of(rated))
    return due_in(calendar, rated, found.days), found


def _without(session: Session, since: datetime) -> list[Rated]:
    """Bad ratings that have no call back yet."""
    source = func.coalesce(Rating.case_source_id, Rating.source_id)
    of_case = and_(col(Case.source_id) == source, col(Case.number) == col(Rating.case_number))
    found = session.exec(
        select(Rating, Case, Counter.hall_id, Source.hall_id)
        .join(Source, col(Source.id) == col(Rating.source_id))
        .join(Case, of_case, isouter=True)
        .join(Counter, col(Counter.id) == col(Rating.counter_id), isouter=True)
        .join(CallBack, col(CallBack.rating_id) == col(Rating.id), isouter=True)
        .where(col(Rating.level).in_(WORST_LEVELS), col(CallBack.id).is_(None))
        .where(col(Rating.rated) >= since)
        .order_by(col(Rating.id))
        .limit(_AT_ONCE)
    ).all()
    return [
        Rated(rating, case, of_counter or (case.hall_id if case else None) or of_source)
        for rating, case, of_counter, of_source in found
    ]


def _lift(session: Session, now: datetime) -> int:
    is_good = select(Rating.id).where(col(Rating.level).not_in(WORST_LEVELS))
    values = {"state": CallBackState.LIFTED, "ended_at": now}
    return _change(session, CallBackState.OPEN, col(CallBack.rating_id).in_(is_good), values)


def _reopen(session: Session) -> int:
    is_bad = select(Rating.id).where(col(Rating.level).in_(WORST_LEVELS))
    values = {"state": CallBackState.OPEN, "ended_at": None}
    return _change(session, CallBackState.LIFTED, col(CallBack.rating_id).in_(is_bad), values)


def _change(session: Session, before: CallBackState, which: ColumnElement[bool], values: Mapping[str, object]) -> int:
    changed = update(CallBack).where(col(CallBack.state) == before, which).values(values)
    result = session.execute(changed.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount
