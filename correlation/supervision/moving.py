"""Deadlines of orders and of calls back are counted again as calendars change: closures, years that are announced."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.rulebook import rule_book
from correlation.supervision.call_backs import dues_of
from correlation.supervision.order_log import due_of_word, spoken, subject, words_of
from correlation.supervision.rules import CallBackRules
from correlation.supervision.workflow import OVER, Due, due, due_in, put_off
from storage.database import Database
from storage.models import CallBack, CallBackState, Case, OrderWord, Rating, SupervisionOrder
from storage.turns import take_turns

_Order = tuple[SupervisionOrder, Sequence[OrderWord], WorkCalendar]


class Moving:
    """`run_once` looks at all that is still to be done; safe to repeat, and for several clerks at once."""

    def __init__(self, database: Database, rules: Sequence[CallBackRules] | None = None) -> None:
        """`rules`: others than those of the site."""
        self._database = database
        self._rules = rules
        self._calendars = CalendarBook()

    def run_once(self, _now: datetime) -> int:
        """The number of calls back and orders whose deadline moved. Raises SQLAlchemyError."""
        with self._database.transaction() as session:
            self._calendars.refresh(session)
            rules = self._rules or rule_book(session).call_backs
            moved = sum(self._move_call_back(each, rating, rules) for each, rating in _open_call_backs(session))
            orders = [
                order.id or 0 for order, words, calendar in self._orders(session) if _moves(order, words, calendar)
            ]
        for order_id in orders:
            with self._database.transaction() as session:
                take_turns(session, SupervisionOrder, order_id)
                for order, words, calendar in self._orders(session, col(SupervisionOrder.id) == order_id):
                    _move(order, words, calendar)
        return moved + len(orders)

    def _move_call_back(self, one: CallBack, rating: Rating, rules: Sequence[CallBackRules]) -> bool:
        before = Due(one.due_by, one.provisional), one.rated_due_by
        dues = dues_of(self._calendar(one.hall_id), rating.rated, one.known_at, rules)
        one.due_by, one.provisional = after = put_off(before[0], dues.due)
        one.rated_due_by = put_off(Due(one.rated_due_by, before[0].provisional), dues.by_rating).by
        return (after, one.rated_due_by) != before

    def _orders(self, session: Session, *conditions: ColumnElement[bool]) -> Iterator[_Order]:
        """Those that are not over, with their words and by which calendar they are counted."""
        wanted = select(SupervisionOrder, Case.hall_id).join(Case, col(Case.id) == col(SupervisionOrder.case_id))
        wanted = wanted.where(col(SupervisionOrder.state).not_in(OVER), *conditions)
        found = session.exec(wanted.execution_options(populate_existing=True)).all()
        words = words_of(session, [order.id for order, _ in found if order.id is not None])
        for order, hall_id in found:
            yield order, words[order.id or 0], self._calendar(hall_id)

    def _calendar(self, hall_id: str | None) -> WorkCalendar:
        return self._calendars.of(hall_id)[-1][1]


def _moves(order: SupervisionOrder, words: Sequence[OrderWord], calendar: WorkCalendar) -> bool:
    if _first(order, calendar) != subject(order).due:
        return True
    return any(_given_by(word, calendar) != due_of_word(word) for word in words if word.days is not None)


def _move(order: SupervisionOrder, words: Sequence[OrderWord], calendar: WorkCalendar) -> None:
    order.first_due_by, order.first_provisional = _first(order, calendar)
    for word in words:
        if (given := _given_by(word, calendar)) is not None:
            word.due_by, word.provisional = given
    order.due_by, order.provisional = due(subject(order), spoken(words))


def _first(order: SupervisionOrder, calendar: WorkCalendar) -> Due:
    return put_off(subject(order).due, due_in(calendar, order.issued_at, order.first_days))


def _given_by(word: OrderWord, calendar: WorkCalendar) -> Due | None:
    """The new deadline of what was returned."""
    told = due_of_word(word)
    return None if told is None or word.days is None else put_off(told, due_in(calendar, word.at, word.days))


def _open_call_backs(session: Session) -> list[tuple[CallBack, Rating]]:
    wanted = select(CallBack, Rating).join(Rating, col(Rating.id) == col(CallBack.rating_id))
    return list(session.exec(wanted.where(CallBack.state == CallBackState.OPEN)).all())
