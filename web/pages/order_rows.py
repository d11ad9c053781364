"""Supervision orders as lists and pages show them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from correlation.supervision.order_log import spoken, subject, words_of
from correlation.supervision.workflow import is_overdue, possible, was_late
from storage.models import (
    Card,
    CardCause,
    CardKind,
    Case,
    Department,
    OrderAct,
    OrderState,
    OrderWord,
    StepKind,
    SupervisionOrder,
    User,
)
from web.api.orders import parties_of
from web.item_names import ItemRef
from web.pages.case_rows import DepartmentRef, case_rows
from web.pages.places import HallRef
from web.pages.scoping import orders_in_scope
from web.permissions import Permission
from web.scope import may_see_case
from web.viewer import Viewer

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class OrderWordRow:
    act: OrderAct
    text: str
    by: str
    at: datetime
    due_by: datetime | None
    """The last moment of the new deadline."""


@dataclass(frozen=True)
class OrderCard:
    """The card that an order is about."""

    id: int
    kind: CardKind
    cause: CardCause
    link: StepKind | None


@dataclass(frozen=True)
class OrderRow:
    id: int
    state: OrderState
    is_overdue: bool
    was_late: bool
    """An answer came after its deadline."""
    case_id: int
    shows_case: bool
    """Whether the viewer may see its case; a unit that answers for another may not."""
    case_number: str
    source: str
    """The id of the platform that sent the case."""
    item: ItemRef | None
    hall: HallRef | None
    card_id: int | None
    card: OrderCard | None
    """None also where the viewer may not see the case."""
    department: DepartmentRef
    text: str
    issued_by: str
    issued_at: datetime
    due_by: datetime
    """The last moment for the answer."""
    provisional: bool
    """A year on the way is not announced: it may still move."""
    log: tuple[OrderWordRow, ...]
    possible: tuple[OrderAct, ...]
    """What the viewer can say now."""


def order_rows(
    session: Session, viewer: Viewer, found: Sequence[tuple[SupervisionOrder, Case]], now: datetime
) -> tuple[OrderRow, ...]:
    cases = {row.id: row for row in case_rows(session, [case for _, case in found], show_applicant=False)}
    words = words_of(session, [order.id for order, _ in found if order.id is not None])
    people = {word.user_id for said in words.values() for word in said} | {order.issued_by for order, _ in found}
    names = _names(session, people)
    departments = _departments(session, {order.department_id for order, _ in found})
    seen = {case.id for _, case in found if may_see_case(viewer, case)}
    cards = _cards(session, {order.card_id for order, case in found if order.card_id is not None and case.id in seen})
    rows = []
    for order, _case in found:
        assert order.id is not None
        said, about, case = spoken(words[order.id]), subject(order), cases[order.case_id]
        row = OrderRow(
            id=order.id,
            state=order.state,
            is_overdue=is_overdue(about, said, now),
            was_late=was_late(about, said),
            case_id=case.id,
            shows_case=case.id in seen,
            case_number=case.number,
            source=case.source,
            item=case.item,
            hall=case.hall,
            card_id=order.card_id,
            card=cards.get(order.card_id),
            department=departments[order.department_id],
            text=order.text,
            issued_by=names[order.issued_by],
            issued_at=order.issued_at,
            due_by=order.due_by - _MOMENT,
            provisional=order.provisional,
            log=tuple(_word(word, names) for word in words[order.id]),
            possible=possible(about, said, parties_of(viewer), viewer.user_id, now),
        )
        rows.append(row)
    return tuple(rows)


def case_orders(session: Session, viewer: Viewer, case: Case, now: datetime) -> tuple[OrderRow, ...]:
    """Those on one case that the viewer may see, the newest first."""
    wanted = select(SupervisionOrder).join(Case, col(Case.id) == col(SupervisionOrder.case_id))
    wanted = wanted.where(SupervisionOrder.case_id == case.id, orders_in_scope(viewer))
    found = session.exec(wanted.order_by(col(SupervisionOrder.id).desc())).all()
    return order_rows(session, viewer, [(order, case) for order in found], now)


def to_address(session: Session, viewer: Viewer, case: Case) -> tuple[DepartmentRef, ...]:
    """The departments of which one has to be chosen for an order on the case; none where its own answers."""
    if case.department_id is not None or not viewer.may(Permission.ORDER):
        return ()
    found = session.exec(select(Department).order_by(col(Department.name), col(Department.id)))
    return tuple(DepartmentRef(each.id, each.name, each.name_en) for each in found)


def _word(word: OrderWord, names: dict[int | None, str]) -> OrderWordRow:
    due_by = word.due_by - _MOMENT if word.due_by else None
    return OrderWordRow(word.act, word.text, names[word.user_id], word.at, due_by)


def _cards(session: Session, ids: Collection[int]) -> dict[int | None, OrderCard]:
    found = session.exec(select(Card).where(col(Card.id).in_(ids))) if ids else ()
    return {
        card.id: OrderCard(card.id or 0, card.kind, card.cause, StepKind(card.link) if card.link else None)
        for card in found
    }


def _names(session: Session, user_ids: Collection[int]) -> dict[int | None, str]:
    users = session.exec(select(User).where(col(User.id).in_(user_ids)))
    return {user.id: user.display_name or user.name for user in users}


def _departments(session: Session, ids: Collection[str]) -> dict[str, DepartmentRef]:
    found = session.exec(select(Department).where(col(Department.id).in_(ids)))
    return {each.id: DepartmentRef(each.id, each.name, each.name_en) for each in found}
