"""Supervision orders: what a supervisor has told a unit to do about a case, and by when."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.models.columns import column, enum_column


class OrderState(StrEnum):
    """How far an order has come. `correlation.supervision.workflow` knows the ways."""

    ISSUED = "issued"
    ANSWERED = "answered"  # the unit has told what it has done
    RETURNED = "returned"  # that was not enough
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"  # by a supervisor


class OrderAct(StrEnum):
    """What somebody says about an order."""

    ANSWER = "answer"
    RETURN = "return"
    CLOSE = "close"
    WITHDRAW = "withdraw"


class SupervisionOrder(SQLModel, table=True):
    __tablename__ = "supervision_order"
    __table_args__ = (Index("supervision_order_state_due", "state", "due_by"),)
    id: int | None = column("", default=None, primary_key=True)
    case_id: int = column("", foreign_key="case_file.id", ondelete="CASCADE", index=True)
    card_id: int | None = column("the card that it is about, if it is about one", default=None, foreign_key="card.id")
    department_id: str = column("the unit that has to answer", foreign_key="department.id", index=True)
    text: str = column("what has to be done")
    issued_by: int = column("", foreign_key="user_account.id")
    issued_at: datetime = column("", index=True)
    first_days: int = column("working days that were given when it was issued")
    first_due_by: datetime = column("the deadline that this gives by the calendar: first moment that is too late")
    first_provisional: bool = column("a year on the way is not announced: it may still move", default=False)
    due_by: datetime = column("the deadline in force: another one once it was returned")
    provisional: bool = column("the same of the deadline in force", default=False)
    state: OrderState = enum_column(OrderState, "where its log has led", default=OrderState.ISSUED)


class OrderWord(SQLModel, table=True):
    """Append-only: what somebody said about an order."""

    __tablename__ = "order_word"
    __table_args__ = (UniqueConstraint("order_id", "number"),)
    id: int | None = column("", default=None, primary_key=True)
    order_id: int = column("", foreign_key="supervision_order.id", ondelete="CASCADE")
    number: int = column("1, 2, ... for each order")
    act: OrderAct = enum_column(OrderAct, "")
    text: str = column("what was done, or why")
    user_id: int = column("who", foreign_key="user_account.id", index=True)
    at: datetime = column("", index=True)
    days: int | None = column("working days that were given with what was returned", default=None)
    due_by: datetime | None = column("the new deadline of one that was returned", default=None)
    provisional: bool = column("a year on the way is not announced: it may still move", default=False)
