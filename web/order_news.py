"""Messages about supervision orders: what has happened to them, and who has to be told of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from correlation.supervision.workflow import AWAITED, OVER
from storage.database import Database
from storage.models import (
    Audience,
    Case,
    Delivery,
    Hall,
    Matter,
    News,
    OrderAct,
    OrderWord,
    SupervisionOrder,
    Told,
)
from web.channels import Channel
from web.item_names import ItemRef, in_both, items_of
from web.news import Step
from web.notice import Notice
from web.order_notice import OrderSubject, order_notice
from web.telling import Fact
from web.told import enrol, next_step, told_by

_ZONE = "Asia/Shanghai"
_SAID = {
    OrderAct.ANSWER: News.ANSWER,
    OrderAct.RETURN: News.RETURN,
    OrderAct.CLOSE: News.CLOSE,
    OrderAct.WITHDRAW: News.WITHDRAW,
}


class OrderDesk:
    def enrol(self, database: Database, channels: Sequence[Channel], now: datetime) -> None:
        enrol(database, channels, _happened, now)

    def step(self, session: Session, delivery: Delivery, now: datetime) -> Step:
        return next_step(session, delivery, _still_so, now)

    def notice(self, session: Session, delivery: Delivery, public_url: str, now: datetime) -> Notice:
        return order_notice(_subjects(session, _still_so(session, told_by(session, delivery))), public_url)


def _happened(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    for look in (_issued, _said, _overdue):
        yield from look(session, since, now)


def _orders(*more: Any) -> Any:  # noqa: ANN401
    order = SupervisionOrder
    columns = col(order.id), col(order.department_id), col(Case.hall_id), *more
    joined = rows_of(*columns).select_from(order).join(Case, col(Case.id) == col(order.case_id))
    return joined.order_by(col(order.id))


def _issued(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    at = col(SupervisionOrder.issued_at)
    for row in session.execute(_orders(at).where(at > since, at <= now)):
        yield Fact(Matter.ORDER, row.id, News.ISSUED, 0, row.issued_at, Audience.CONTACT, row.department_id)


def _said(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """The unit hears what supervisors have said, and the supervisor of the hall what the unit has answered."""
    found = _orders(col(OrderWord.act), col(OrderWord.number), col(OrderWord.at))
    words = found.join(OrderWord, col(OrderWord.order_id) == col(SupervisionOrder.id))
    for row in session.execute(words.where(col(OrderWord.at) > since, col(OrderWord.at) <= now)):
        answered = row.act is OrderAct.ANSWER
        to, place = (Audience.SUPERVISOR, row.hall_id) if answered else (Audience.CONTACT, row.department_id)
        yield Fact(Matter.ORDER, row.id, _SAID[row.act], row.number, row.at, to, place)


def _overdue(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """Told to the unit, to its head and to the supervisor; once for each deadline, which is told by its day."""
    due_by = col(SupervisionOrder.due_by)
    is_certain = col(SupervisionOrder.provisional).is_(False)
    is_awaited = col(SupervisionOrder.state).in_(AWAITED)
    late = _orders(due_by).where(due_by > since, due_by <= now, is_awaited, is_certain)
    for row in session.execute(late):
        for to, place in (
            (Audience.CONTACT, row.department_id),
            (Audience.HEAD, row.department_id),
            (Audience.SUPERVISOR, row.hall_id),
        ):
            yield Fact(Matter.ORDER, row.id, News.OVERDUE, row.due_by.toordinal(), row.due_by, to, place)


def _still_so(session: Session, facts: Sequence[Told]) -> list[Told]:
    """Nobody has to hear of an order that is over by now, but that it is; nor that it was late, once it is answered."""
    wanted = select(SupervisionOrder).where(col(SupervisionOrder.id).in_({fact.matter_id for fact in facts}))
    states = {order.id: order.state for order in session.exec(wanted)}
    return [
        fact
        for fact in facts
        if fact.news in (News.CLOSE, News.WITHDRAW)
        or (states[fact.matter_id] in AWAITED if fact.news is News.OVERDUE else states[fact.matter_id] not in OVER)
    ]


def _subjects(session: Session, facts: Sequence[Told]) -> tuple[OrderSubject, ...]:
    query = (
        select(SupervisionOrder, Case, Hall)
        .join(Case, col(Case.id) == col(SupervisionOrder.case_id))
        .outerjoin(Hall, col(Hall.id) == col(Case.hall_id))
        .where(col(SupervisionOrder.id).in_({fact.matter_id for fact in facts}))
    )
    found = {order.id: (order, case, hall) for order, case, hall in session.exec(query)}
    items = items_of(session, [case for _, case, _ in found.values()])
    return tuple(
        _subject(fact.news, order, case, items[case.id or 0], hall)
        for fact in facts
        for order, case, hall in [found[fact.matter_id]]
    )


def _subject(news: News, order: SupervisionOrder, case: Case, item: ItemRef | None, hall: Hall | None) -> OrderSubject:
    return OrderSubject(
        order_id=order.id or 0,
        news=news,
        case_number=case.number,
        item=in_both(item),
        due_by=order.due_by,
        timezone=hall.timezone if hall else _ZONE,
    )
