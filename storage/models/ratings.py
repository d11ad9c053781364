"""Ratings at our own counter pages, and the calls back that bad ratings ask for."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import SQLModel

from storage.models.columns import column, enum_column


class CallBackState(StrEnum):
    """open -> done, or open -> lifted when the platform corrects the rating to a good one"""

    OPEN = "open"
    DONE = "done"
    LIFTED = "lifted"


class RatingDevice(SQLModel, table=True):
    """A tablet at a counter, on which customers rate. It is known by its link alone."""

    __tablename__ = "rating_device"
    id: int | None = column("", default=None, primary_key=True)
    counter_id: str = column("", foreign_key="counter.id", index=True)
    token_hash: str = column("SHA-256 of the token in its link, hex", unique=True)
    made_at: datetime = column("")
    made_by: int = column("", foreign_key="user_account.id")
    last_seen_at: datetime | None = column("when it last showed its page", default=None)
    revoked_at: datetime | None = column("its link leads nowhere since then", default=None)


class CallBack(SQLModel, table=True):
    """A customer who gave a bad rating is to be called back, and what went wrong to be put right."""

    __tablename__ = "call_back"
    __table_args__ = (Index("call_back_state_due", "state", "due_by"),)
    id: int | None = column("", default=None, primary_key=True)
    rating_id: int = column("", foreign_key="rating.id", unique=True)
    hall_id: str | None = column("of the counter, else of the case", default=None, foreign_key="hall.id", index=True)
    counter_id: str | None = column("", default=None, foreign_key="counter.id")
    case_id: int | None = column("", default=None, foreign_key="case_file.id", ondelete="SET NULL")
    department_id: str | None = column("of the case", default=None, foreign_key="department.id", index=True)
    opened_at: datetime = column("")
    known_at: datetime = column("since when people here could know that the rating is a bad one")
    due_by: datetime = column("first moment that is too late: counted from when it could be known")
    rated_due_by: datetime = column("the same, counted from the rating itself, as the rule says")
    provisional: bool = column("a year on the way is not announced: it may still move", default=False)
    rules: str = column("version of the rule that it is due by", default="")
    state: CallBackState = enum_column(CallBackState, "", default=CallBackState.OPEN)
    ended_at: datetime | None = column("when it was done or lifted", default=None)
    ended_by: int | None = column("empty: lifted by a correction", default=None, foreign_key="user_account.id")
    note: str = column("what was said and put right", default="")
