"""Complaints that people send in by the public pages, for whoever investigates them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import SQLModel

from storage.models.columns import column, enum_column


class ComplaintState(StrEnum):
    """received -> settled"""

    RECEIVED = "received"
    SETTLED = "settled"


class Complaint(SQLModel, table=True):
    """What is personal is blanked when it is no longer needed; that there was a complaint stays."""

    __table_args__ = (
        Index("complaint_hall_received", "hall_id", "received_at"),
        Index("complaint_state_received", "state", "received_at"),
    )
    id: int | None = column("", default=None, primary_key=True)
    reference: str = column("what the sender can name it by; tells nothing else", unique=True)
    received_at: datetime = column("")
    hall_id: str | None = column("as stated; empty: none", default=None, foreign_key="hall.id")
    counter_id: str | None = column("as stated; of that hall", default=None, foreign_key="counter.id")
    case_number: str = column("as stated, not checked", default="")
    happened_at: datetime | None = column("as stated, in the hall's zone; empty: not said", default=None)
    text: str = column("personal data")
    name: str = column("personal data; empty: not said", default="")
    contact: str = column("personal data: phone or mail; empty: no answer is wanted", default="")
    agreed_to: str = column("version of the words on what is kept, to which the sender agreed")
    state: ComplaintState = enum_column(ComplaintState, "", default=ComplaintState.RECEIVED)
    settled_at: datetime | None = column("", default=None, index=True)
    settled_by: int | None = column("", default=None, foreign_key="user_account.id")
    note: str = column("what came of it", default="")
    erased_at: datetime | None = column("when what is personal was blanked", default=None)
