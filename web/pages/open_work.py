"""What somebody still has to deal with: cards, orders and calls back, as their lists show it first."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from storage.models import Card, CardKind, CardState, ClockName

_SETTLED = (CardState.CLOSED, CardState.WITHDRAWN)


def is_unsettled() -> ColumnElement[bool]:
    """Of a card: neither withdrawn nor closed."""
    return and_(col(Card.withdrawn_at).is_(None), col(Card.state).not_in(_SETTLED))


def is_open_card(now: datetime) -> ColumnElement[bool]:
    """A reminder of a limit only until that passes."""
    is_of_limit = (col(Card.kind) == CardKind.REMINDER) & (col(Card.clock) != ClockName.CONDUCT)
    return and_(is_unsettled(), or_(~is_of_limit, col(Card.late_from) > now))
