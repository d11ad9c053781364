"""Who was told what of a card, and when; and who could not be told, and why."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import Delivery, DeliveryState, Matter, News, Told


@dataclass(frozen=True)
class ToldRow:
    news: News
    channel: str
    recipient: str
    """Name of the contact person; empty: whoever reads the channel."""
    at: datetime
    """When it happened."""
    state: DeliveryState
    sent_at: datetime | None
    last_error: str


def told_rows(session: Session, matter: Matter, matter_id: int) -> tuple[ToldRow, ...]:
    """The first first."""
    found = select(Told, Delivery).join(Delivery, col(Delivery.id) == col(Told.delivery_id))
    of_it = found.where(Told.matter == matter, Told.matter_id == matter_id).order_by(col(Told.at), col(Delivery.id))
    return tuple(
        ToldRow(one.news, sent.channel, sent.recipient, one.at, sent.state, sent.sent_at, sent.last_error)
        for one, sent in session.exec(of_it)
    )
