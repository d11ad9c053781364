"""Who is told of alerts and of cards, and what was told."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from storage.models.columns import column, enum_column, json_column


class Audience(StrEnum):
    """Who reads what a channel sends."""

    ALERTS = "alerts"  # whoever watches over counters and cameras
    CONTACT = "contact"  # the contact person of a department: told of the cards of its cases
    HEAD = "head"  # of a department: told of cards that its people leave unanswered
    SUPERVISOR = "supervisor"  # of a hall
    DISTRICT = "district"  # the supervision centre of a district


class Matter(StrEnum):
    """What people are told about, beside alerts."""

    CARD = "card"
    ORDER = "order"
    ABSENCE = "absence"  # its dispute
    CALL_BACK = "call_back"


class News(StrEnum):
    """What has happened to it."""

    RAISED = "raised"
    LIFTED = "lifted"  # by what the platform told later
    ESCALATED = "escalated"  # nobody has answered it in time
    UPHOLD = "uphold"
    WITHDRAW = "withdraw"
    REJECT_APPEAL = "reject_appeal"
    GRANT_APPEAL = "grant_appeal"
    CLOSE = "close"
    ISSUED = "issued"  # an order
    OPENED = "opened"  # a call back
    OVERDUE = "overdue"  # its deadline has passed
    ANSWER = "answer"
    RETURN = "return"
    DISPUTED = "disputed"  # an absence
    UNDECIDED = "undecided"  # nobody has decided on the dispute in time


class NotifyChannel(SQLModel, table=True):
    __tablename__ = "notify_channel"
    name: str = column("as logs and deliveries call it", primary_key=True)
    url: str = column("address as Apprise reads it, sealed by storage.secrets: it holds passwords and tokens")
    kinds: list[str] = json_column("kinds of alerts that it gets")
    audience: Audience = enum_column(Audience, "", default=Audience.ALERTS)
    department_id: str | None = column(
        "whose cards it is told of, or at whose counters alerts are; empty: of every department",
        default=None,
        foreign_key="department.id",
    )
    hall_id: str | None = column(
        "whose cards a supervisor is told of, or whose alerts it gets; empty: of every hall",
        default=None,
        foreign_key="hall.id",
    )
    district_id: str | None = column("the same of a district", default=None, foreign_key="district.id")
    user_id: int | None = column(
        "whose it is: it gets the alerts that this user may see; empty: every alert",
        default=None,
        foreign_key="user_account.id",
    )
    after_minutes: int = column(
        "it gets alerts that last and that nobody has acknowledged for so long; 0: all at once", default=0
    )
    quiet_from: str = column("HH:MM, from when on messages wait; empty: none does", default="")
    quiet_to: str = column("HH:MM, when they are sent; of the next day where it is not later", default="")
    urgent: list[str] = json_column("kinds of alerts that do not wait", default_factory=list)
    since: datetime = column("it is told of what is raised from then on")


class KeptContact(SQLModel, table=True):
    """A contact person that is kept here, of a counter or of a department. Personal data."""

    __tablename__ = "kept_contact"
    __table_args__ = (CheckConstraint("(counter_id IS NULL) <> (department_id IS NULL)", name="of_one"),)
    id: int | None = column("messages name it as minus this", default=None, primary_key=True)
    counter_id: str | None = column("whose it is", default=None, foreign_key="counter.id", index=True)
    department_id: str | None = column("or of which department", default=None, foreign_key="department.id", index=True)
    name: str = column("personal data")
    phone: str = column("personal data", default="")
    mail: str = column("personal data", default="")
    valid_from: datetime = column("")
    valid_to: datetime | None = column("exclusive; empty: until further notice", default=None)


class Told(SQLModel, table=True):
    """What somebody is told. The key lets nothing be told twice, however often a clerk looks."""

    matter: Matter = enum_column(Matter, "", primary_key=True)
    matter_id: int = column("id of the card, the order, the absence or the call back", primary_key=True)
    news: News = enum_column(News, "", primary_key=True)
    number: int = column(
        "of the word in its log, of the step of the escalation, or of the deadline; else 0", primary_key=True
    )
    channel: str = column("name of the channel, never its URL", primary_key=True)
    contact: int = column(
        "id of the contact person, minus that of one kept here; 0: whoever reads the channel", primary_key=True
    )
    delivery_id: int = column("the message that says it", foreign_key="delivery.id", index=True)
    at: datetime = column("when it happened")
