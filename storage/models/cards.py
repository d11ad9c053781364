"""The limits of cases, and the cards that are raised when they pass."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.models.columns import JsonObject, column, enum_column, json_column


class ClockName(StrEnum):
    """What a limit is of."""

    LEGAL = "legal"
    PROMISED = "promised"
    DELIVERY = "delivery"
    LINK = "link"
    CONDUCT = "conduct"  # of none: how the case was handled


class Standing(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"  # not accepted yet, or for its applicant
    OPEN = "open"
    DUE_SOON = "due_soon"
    STOPPED = "stopped"  # suspended: its days stand still
    YELLOW = "yellow"  # past its promised limit
    RED = "red"  # past its legal limit, or past the correction deadline
    DONE = "done"
    DONE_LATE = "done_late"


class CardKind(StrEnum):
    REMINDER = "reminder"
    YELLOW = "yellow"
    RED = "red"


class CardCause(StrEnum):
    DUE_SOON = "due_soon"
    PAST_PROMISED = "past_promised"
    PAST_LEGAL = "past_legal"
    NOT_CORRECTED = "not_corrected"  # its correction deadline has passed
    LINK_LATE = "link_late"  # a single link, though the whole may be in time
    HANDED_OVER_LATE = "handed_over_late"
    LINK_SKIPPED = "link_skipped"
    LINK_REORDERED = "link_reordered"
    FEE_UNLISTED = "fee_unlisted"  # charged, and not in the catalogue
    REFUSED_WITHOUT_REASON = "refused_without_reason"
    DATA_MISSING = "data_missing"  # what has to be told of it was never told
    PAUSED_AT_LIMIT = "paused_at_limit"  # just before the limit would have passed
    ENTERED_IN_BATCH = "entered_in_batch"  # steps of many cases at once, long after
    BACK_DATED = "back_dated"  # told long after it is said to have happened


class CardState(StrEnum):
    """How far people have come with a card. `correlation.deadlines.workflow` knows the ways."""

    RAISED = "raised"
    EXPLAINED = "explained"  # by the department
    UPHELD = "upheld"
    APPEALED = "appealed"  # counts nothing until it is decided
    CONFIRMED = "confirmed"  # the appeal was rejected
    CORRECTED = "corrected"  # as the department says
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"  # by a supervisor


class CardAct(StrEnum):
    """What somebody says about a card."""

    EXPLAIN = "explain"
    UPHOLD = "uphold"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"
    REJECT_APPEAL = "reject_appeal"
    GRANT_APPEAL = "grant_appeal"
    CORRECT = "correct"
    CLOSE = "close"


class Closure(SQLModel, table=True):
    """A day on which a hall is closed by itself, so that it counts as no working day there."""

    __table_args__ = (Index("closure_hall_day", "hall_id", "day"),)
    id: int | None = column("", default=None, primary_key=True)
    hall_id: str = column("", foreign_key="hall.id")
    day: date = column("in the hall's zone")
    reason: str = column("")
    noted_at: datetime = column("since when it is known here")
    noted_by: str = column("sign-in name; of a command the machine's user", default="")
    withdrawn_at: datetime | None = column("since when it is known to have been a mistake", default=None)
    withdrawn_by: str = column("", default="")
    withdrawn_reason: str = column("", default="")


class Deadline(SQLModel, table=True):
    """The limits of one case, as they were reckoned last; `correlation.deadlines` can always say them anew."""

    case_id: int = column("", primary_key=True, foreign_key="case_file.id", ondelete="CASCADE")
    standing: Standing = enum_column(Standing, "", index=True)
    started_at: datetime | None = column(
        "the acceptance from which the limits count; empty: not accepted", default=None
    )
    deemed_at: datetime | None = column(
        "when the case came to count as accepted because nobody had answered it; empty: it does not", default=None
    )
    legal_late_from: datetime | None = column("first moment past it; empty: none, or stopped", default=None)
    promised_late_from: datetime | None = column("the same of the promised limit", default=None)
    provisional: bool = column("a year on the way is not announced: the dates may still move", default=False)
    law: str = column("version of the law")
    rules: str = column("version of the rules for cards; empty: none are raised for a case of that time", default="")
    calendar: str = column("version of the calendar")
    reckoned_at: datetime = column("")
    next_at: datetime | None = column("when it has to be reckoned again by the clock alone", default=None, index=True)


class Course(SQLModel, table=True):
    """What was known of an open case and when; `correlation.deadlines` can always read it anew from all that was told.

    Held by the case: who reckons it writes it, and what changes it otherwise takes it away.
    """

    case_id: int = column("", primary_key=True, foreign_key="case_file.id", ondelete="CASCADE")
    edition: str = column("of the program that read it: another one reads it anew")
    known: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"comment": "packed, see correlation.deadlines.courses"})


class Card(SQLModel, table=True):
    """A reminder, a yellow or a red card, as the rules raised it. Never deleted, but withdrawn."""

    __table_args__ = (
        UniqueConstraint("case_id", "kind", "clock", "link", "raised_at", "about"),
        Index("card_state_kind", "state", "kind", "withdrawn_at", "case_id"),  # cases by their open cards
    )
    id: int | None = column("", default=None, primary_key=True)
    case_id: int = column("", foreign_key="case_file.id", ondelete="CASCADE")
    kind: CardKind = enum_column(CardKind, "")
    cause: CardCause = enum_column(CardCause, "")
    clock: ClockName = enum_column(ClockName, "whose limit it is about")
    link: str = column("kind of the link, for the limit of a link", default="")
    about: str = column("of conduct: what of the case, e.g. fee:7", default="")
    late_from: datetime = column("when the limit passed; of a reminder: when it will; of conduct: when it happened")
    raised_at: datetime = column("when it had passed and could be known", index=True)
    correct_by: datetime | None = column("past the promise: first moment past the correction deadline", default=None)
    announced_at: datetime | None = column("since when people can see it, and answer it", default=None, index=True)
    explain_by: datetime | None = column("first moment that is too late for an explanation", default=None)
    escalation: list[JsonObject] = json_column(
        "{to, at}: who is told when, if nobody answers before", default_factory=list
    )
    escalates_until: datetime | None = column("when the last of these steps is", default=None, index=True)
    withdrawn_at: datetime | None = column("by what was told later, or by a supervisor", default=None, index=True)
    state: CardState = enum_column(CardState, "where its log has led", default=CardState.RAISED)
    derivation: JsonObject = json_column("days counted and skipped, versions of the rules, and the data it rests on")


class CardWord(SQLModel, table=True):
    """Append-only: what somebody said about a card."""

    __tablename__ = "card_word"
    __table_args__ = (UniqueConstraint("card_id", "number"),)
    id: int | None = column("", default=None, primary_key=True)
    card_id: int = column("", foreign_key="card.id", ondelete="CASCADE")
    number: int = column("1, 2, ... for each card")
    act: CardAct = enum_column(CardAct, "")
    text: str = column("why")
    user_id: int = column("who", foreign_key="user_account.id", index=True)
    at: datetime = column("", index=True)
