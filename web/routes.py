"""Who reads what is told of cards: the channels of departments, halls and districts, and contact persons on record."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import Audience, Contact
from web.channels import Channel
from web.contact_address import filled, names_a_person, reaches
from web.contact_persons import is_in_force
from web.notify_apprise import DeliveryFailed, Reason
from web.telling import Route


def card_routes(session: Session, channels: Sequence[Channel], now: datetime) -> list[Route]:
    wanted = [channel for channel in channels if channel.audience is not Audience.ALERTS and channel.url]
    if not wanted:
        return []
    persons = _persons(session, now) if any(names_a_person(channel.url) for channel in wanted) else []
    return [route for channel in wanted for route in _routes(channel, persons, now)]


def _persons(session: Session, now: datetime) -> Sequence[Contact]:
    found = select(Contact).where(col(Contact.department_id).is_not(None), is_in_force(now))
    return session.exec(found.order_by(col(Contact.id))).all()


def _routes(channel: Channel, persons: Sequence[Contact], now: datetime) -> Iterator[Route]:
    since = channel.since or now
    if not names_a_person(channel.url):
        yield Route(channel.name, 0, "", channel.audience, channel.place, since)
        return
    for person in persons:
        is_of_it = channel.place in ("", person.department_id)
        if person.department_id and is_of_it and reaches(channel.url, person.mail, person.phone):
            yield Route(channel.name, person.id or 0, person.name, channel.audience, person.department_id, since)


def address_for(session: Session, channel: Channel, contact: int) -> str:
    """Where a message to that person goes; raises DeliveryFailed when there is no such address any more."""
    if not contact:
        return channel.url
    person = session.get(Contact, contact)
    if person is None or not reaches(channel.url, person.mail, person.phone):
        raise DeliveryFailed(Reason.NO_PERSON)
    return filled(channel.url, person.mail, person.phone)
