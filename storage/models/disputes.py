"""Disputes: what people say about an absence, and what it counts for."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.models.columns import column, enum_column


class DisputeState(StrEnum):
    """How far a dispute has come. `correlation.disputes.workflow` knows the ways."""

    DISPUTED = "disputed"  # counts nothing until it is decided
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"  # by a supervisor: it never counts
    SETTLED = "settled"  # it was taken back before anybody decided; goes on as disputed if it turns out to be one again


class DisputeAct(StrEnum):
    """What somebody says about an absence."""

    DISPUTE = "dispute"
    UPHOLD = "uphold"
    WITHDRAW = "withdraw"


class DisputeGround(StrEnum):
    """Why an absence is said to be none."""

    WAS_THERE = "was_there"
    COVERED = "covered"  # a colleague was there instead, or leave was granted
    ON_DUTY = "on_duty"  # at work elsewhere, e.g. fetching files
    NOT_OPEN = "not_open"  # the counter was not to be staffed then
    CAMERA_WRONG = "camera_wrong"  # it shows another place or another time
    OTHER = "other"


class AbsenceStanding(StrEnum):
    """What an absence counts for at a moment."""

    OPEN = "open"  # whom it concerns may still dispute it
    STANDS = "stands"  # nobody has disputed it in time
    DISPUTED = "disputed"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"  # it was disputed, and was none as is known by now: nobody has to decide


class AbsenceWord(SQLModel, table=True):
    """Append-only but for `due_by`: what somebody said about an absence."""

    __tablename__ = "absence_word"
    __table_args__ = (
        UniqueConstraint("absence_id", "number"),
        Index("absence_word_act_due_by", "act", "due_by"),
    )
    id: int | None = column("", default=None, primary_key=True)
    absence_id: int = column("", foreign_key="absence.id")
    number: int = column("1, 2, ... for each absence")
    act: DisputeAct = enum_column(DisputeAct, "")
    ground: DisputeGround | None = enum_column(DisputeGround, "of a dispute", default=None)
    text: str = column("why")
    user_id: int = column("who", foreign_key="user_account.id", index=True)
    at: datetime = column("", index=True)
    start: datetime | None = column("of the absence as it was said to be then", default=None)
    end: datetime | None = column("the same; empty while it lasted", default=None)
    due_by: datetime | None = column("of a dispute: first moment at which a decision is late", default=None)
    rules: str = column("of a dispute: version of the rules by which that is so", default="")
