"""What somebody still has to deal with: cards, orders and calls back, as their lists show it first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, literal, or_, select
from sqlmodel import Session, col

from correlation.supervision.workflow import OVER
from storage.models import CallBack, CallBackState, Card, CardKind, CardState, Case, ClockName, SupervisionOrder
from web.pages.scoping import call_backs_in_scope, cases_in_scope, orders_in_scope
from web.permissions import Permission
from web.viewer import Viewer

MOST_COUNTED = 100
"""Of each: whoever has as many does not go by the number, and to count on costs every page."""
_UNSETTLED = tuple(state for state in CardState if state not in (CardState.CLOSED, CardState.WITHDRAWN))


@dataclass(frozen=True)
class OpenWork:
    """How many there are, up to 100."""

    cards: int
    orders: int
    call_backs: int


def is_unsettled() -> ColumnElement[bool]:
    """Of a card: neither withdrawn nor closed."""
    return and_(col(Card.withdrawn_at).is_(None), col(Card.state).in_(_UNSETTLED))


def is_open_card(now: datetime) -> ColumnElement[bool]:
    """A reminder of a limit only until that passes."""
    is_of_limit = (col(Card.kind) == CardKind.REMINDER) & (col(Card.clock) != ClockName.CONDUCT)
    return and_(is_unsettled(), or_(~is_of_limit, col(Card.late_from) > now))


def is_open_order() -> ColumnElement[bool]:
    return col(SupervisionOrder.state).not_in(OVER)


def is_open_call_back() -> ColumnElement[bool]:
    return col(CallBack.state) == CallBackState.OPEN


def open_work(session: Session, viewer: Viewer, now: datetime) -> OpenWork:
    """In the viewer's scope; none of what they may not see."""
    cards = select(col(Card.id)).join(Case, col(Case.id) == col(Card.case_id))
    orders = select(col(SupervisionOrder.id)).join(Case, col(Case.id) == col(SupervisionOrder.case_id))
    may_see_cases, may_call_back = viewer.may(Permission.CASES), viewer.may(Permission.CALL_BACKS)
    counts = select(
        _count(cards.where(cases_in_scope(viewer), is_open_card(now)), may_see_cases),
        _count(orders.where(orders_in_scope(viewer), is_open_order()), may_see_cases),
        _count(select(col(CallBack.id)).where(call_backs_in_scope(viewer), is_open_call_back()), may_call_back),
    )
    return OpenWork(*session.execute(counts).one())


def _count(wanted: Select[Any], may_see: bool) -> ScalarSelect[Any]:
    if not may_see:
        return select(literal(0)).scalar_subquery()
    some = wanted.limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
