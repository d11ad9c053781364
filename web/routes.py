"""Who reads what is told of cards: the channels of departments, halls and districts, and contact persons."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session

from storage.models import Audience
from web.channels import Channel
from web.contact_address import filled, names_a_person, reaches
from web.contact_persons import InForce, in_force, named
from web.notify_apprise import DeliveryFailed, Reason
from web.telling import Route


def card_routes(session: Session, channels: Sequence[Channel], now: datetime) -> list[Route]:
    wanted = [channel for channel in channels if channel.audience is not Audience.ALERTS and channel.url]
    if not wanted:
        return []
    persons = in_force(session, now) if any(names_a_person(channel.url) for channel in wanted) else []
    return [route for channel in wanted for route in _routes(channel, persons, now)]


def _routes(channel: Channel, persons: Sequence[InForce], now: datetime) -> Iterator[Route]:
    since = channel.since or now
    if not names_a_person(channel.url):
        yield Route(channel.name, 0, "", channel.audience, channel.place, since)
        return
    for person in persons:
        is_of_it = channel.place in ("", person.department)
        if person.department and is_of_it and reaches(channel.url, person.mail, person.phone):
            yield Route(channel.name, person.number, person.name, channel.audience, person.department, since)


def address_for(session: Session, channel: Channel, contact: int) -> str:
    """Where a message to that person goes; raises DeliveryFailed when there is no such address any more."""
    if not contact:
        return channel.url
    person = named(session, contact)
    if person is None or not reaches(channel.url, person.mail, person.phone):
        raise DeliveryFailed(Reason.NO_PERSON)
    return filled(channel.url, person.mail, person.phone)
