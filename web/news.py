"""What the outbox needs to know of a kind of thing that people are told of."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlmodel import Session

from storage.database import Database
from storage.models import Delivery
from web.channels import Channel
from web.notice import Notice


class Step(StrEnum):
    """What is to be done with a delivery that is due."""

    SEND = "send"
    TOO_LATE = "too_late"
    TOO_OFTEN = "too_often"
    NO_CHANNEL = "no_channel"
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered"  # nobody needs it any more: no failure


class Desk(Protocol):
    """Writes the messages about one kind of thing."""

    def enrol(self, database: Database, channels: Sequence[Channel], now: datetime) -> None:
        """One delivery for each message that has to be sent and has none."""
        ...

    def step(self, session: Session, delivery: Delivery, now: datetime) -> Step: ...

    def notice(self, session: Session, delivery: Delivery, public_url: str, now: datetime) -> Notice: ...
