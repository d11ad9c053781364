"""Bad ratings: each opens a call back, which is due within some working days; a correction to a good one lifts it.

The days count from when the rating could be known here, and beside that from the rating itself: nobody is late before.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import CursorResult, and_, func, update
from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.rulebook import rule_book
from correlation.supervision.rules import CallBackRules, rules_of
from correlation.supervision.workflow import Due, due_in, put_off
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
            lifted = _lift(session, now)
            fresh, again = _without(session, now - HISTORY), _bad_again(session)
            if fresh or again:
                self._calendars.refresh(session)
                rules = self._rules or rule_book(session).call_backs
                insert_new(session, CallBack, [self._row(rated, rules, now) for rated in fresh])
                for one, rating in again:
                    self._reopen(one, rating, rules, now)
            return lifted + len(fresh) + len(again)

    def _row(self, rated: Rated, versions: Sequence[CallBackRules], now: datetime) -> Mapping[str, object]:
        dues = dues_of(self._calendars.of(rated.hall_id)[-1][1], rated.rating.rated, now, versions)
        return {
            "rating_id": rated.rating.id,
            "hall_id": rated.hall_id,
            "counter_id": rated.rating.counter_id,
            "case_id": rated.case.id if rated.case else None,
            "department_id": rated.case.department_id if rated.case else None,
            "opened_at": now,
            "known_at": now,
            "due_by": dues.due.by,
            "rated_due_by": dues.by_rating.by,
            "provisional": dues.due.provisional,
            "rules": dues.rules.version,
            "state": CallBackState.OPEN,
            "note": "",
        }

    def _reopen(self, one: CallBack, rating: Rating, versions: Sequence[CallBackRules], now: datetime) -> None:
        """While the rating was a good one nobody had to call back."""
        dues = dues_of(self._calendars.of(one.hall_id)[-1][1], rating.rated, now, versions)
        one.state, one.ended_at, one.known_at = CallBackState.OPEN, None, now
        one.due_by, one.provisional = put_off(Due(one.due_by, one.provisional), dues.due)


class Dues(NamedTuple):
    due: Due
    """Counted from when the rating could be known."""
    by_rating: Due
    """Counted from the rating itself."""
    rules: CallBackRules


def dues_of(calendar: WorkCalendar, rated: datetime, known: datetime, rules: Sequence[CallBackRules]) -> Dues:
    """By the rules of the day of the rating; the day from which it counts does not count."""
    found = rules_of(rules, calendar.day_of(rated))
    return Dues(due_in(calendar, max(rated, known), found.days), due_in(calendar, rated, found.days), found)


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
    lifted = update(CallBack).where(col(CallBack.state) == CallBackState.OPEN, col(CallBack.rating_id).in_(is_good))
    values = {"state": CallBackState.LIFTED, "ended_at": now}
    result = session.execute(lifted.values(**values).execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount


def _bad_again(session: Session) -> list[tuple[CallBack, Rating]]:
    """That were lifted, and whose rating was corrected back."""
    wanted = select(CallBack, Rating).join(Rating, col(Rating.id) == col(CallBack.rating_id))
    is_bad = col(Rating.level).in_(WORST_LEVELS)
    return list(session.exec(wanted.where(CallBack.state == CallBackState.LIFTED, is_bad)).all())
