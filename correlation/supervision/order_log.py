"""Orders in the database: an append-only log of what was said, with the state that it leads to beside the order."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook
from correlation.supervision.workflow import MOVES, Due, Order, Refusal, Word, due, due_in, refusal
from storage.models import Case, OrderAct, OrderWord, SupervisionOrder
from storage.turns import take_turns


class SayingRefused(Exception):
    """This may not be said about the order now."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


def due_on(session: Session, case_id: int, now: datetime, days: int) -> Due:
    """The deadline of so many working days, by the calendar of the case's hall."""
    calendars = CalendarBook()
    calendars.refresh(session)
    return due_in(calendars.of(session.get_one(Case, case_id).hall_id)[-1][1], now, days)


def say(
    session: Session, order_id: int, act: OrderAct, text: str, by: int, now: datetime, days: int | None = None
) -> SupervisionOrder:
    """Appends it to the log; `days` until the new deadline of what is returned. Raises SayingRefused."""
    take_turns(session, SupervisionOrder, order_id)
    wanted = select(SupervisionOrder).where(SupervisionOrder.id == order_id)
    order = session.exec(wanted.execution_options(populate_existing=True)).one()
    said = words_of(session, [order_id])[order_id]
    new_due = due_on(session, order.case_id, now, days) if days and act is OrderAct.RETURN else None
    word = Word(act, by, now, new_due)
    why = refusal(subject(order), spoken(said), word)
    if why is not None:
        raise SayingRefused(why)
    number = len(said) + 1
    added = OrderWord(order_id=order_id, number=number, act=act, text=text, user_id=by, at=now)
    if new_due is not None:
        added.days, added.due_by, added.provisional = days, *new_due
    session.add(added)
    order.state = MOVES[act].after
    order.due_by, order.provisional = due(subject(order), [*spoken(said), word])
    session.add(order)
    session.flush()
    return order


def words_of(session: Session, order_ids: Collection[int]) -> defaultdict[int, list[OrderWord]]:
    """By order, in their order."""
    found: defaultdict[int, list[OrderWord]] = defaultdict(list)
    words = select(OrderWord).where(col(OrderWord.order_id).in_(order_ids)).order_by(col(OrderWord.number))
    for word in session.exec(words):
        found[word.order_id].append(word)
    return found


def spoken(words: Sequence[OrderWord]) -> tuple[Word, ...]:
    return tuple(Word(word.act, word.user_id, word.at, due_of_word(word)) for word in words)


def due_of_word(word: OrderWord) -> Due | None:
    return Due(word.due_by, word.provisional) if word.due_by else None


def subject(order: SupervisionOrder) -> Order:
    return Order(order.issued_at, Due(order.first_due_by, order.first_provisional))
