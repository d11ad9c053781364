"""What was told of cards and orders, in the tables: enrolling what is due, and reading back what a message says."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time

from sqlmodel import Session, col, select

from storage.bulk import Values, insert_many, is_among, table_of
from storage.database import Database, lock_for_adding
from storage.models import Delivery, DeliveryState, Matter, Told
from web.channels import Channel
from web.news import Step
from web.routes import card_routes
from web.telling import NEWS_FOR, Fact, Key, Parcel, Route, Summaries, parcels

_IN_THE_MORNING = time(1, tzinfo=UTC)
"""Nine in China."""
Look = Callable[[Session, datetime, datetime], Iterator[Fact]]
"""What has happened after the one moment, up to and with the other; what is told for good may be left out."""


def enrol(database: Database, channels: Sequence[Channel], look: Look, now: datetime) -> None:
    """Looks first, and takes its turn only if there is something: two clerks would tell it twice."""
    with database.transaction() as session:
        routes = card_routes(session, channels, now)
        if not routes or not _due(session, routes, look, now):
            return
    with database.transaction() as session:
        lock_for_adding(session, Told)
        for parcel in _due(session, routes, look, now):
            _put(session, parcel, now)


def told_by(session: Session, delivery: Delivery) -> Sequence[Told]:
    return session.exec(select(Told).where(Told.delivery_id == delivery.id).order_by(col(Told.at))).all()


def next_step(
    session: Session, delivery: Delivery, still_so: Callable[[Session, Sequence[Told]], Sequence[object]], now: datetime
) -> Step:
    """What is to be done with a message that is due; `still_so` leaves of what it tells what holds now."""
    facts = told_by(session, delivery)
    if max(fact.at for fact in facts) < now - NEWS_FOR:
        return Step.TOO_LATE
    return Step.SEND if still_so(session, facts) else Step.WITHDRAWN


def _due(session: Session, routes: Sequence[Route], look: Look, now: datetime) -> list[Parcel]:
    facts = list(look(session, max(now - NEWS_FOR, min(route.since for route in routes)), now))
    if not facts:
        return []
    told = _told(session, facts[0].matter, {fact.matter_id for fact in facts})
    return list(parcels(facts, routes, told, _summaries(session, now.date()), now))


def _told(session: Session, matter: Matter, ids: Iterable[int]) -> dict[Key, bool]:
    found = select(Told, Delivery.state).join(Delivery, col(Delivery.id) == col(Told.delivery_id))
    return {
        Key(one.matter, one.matter_id, one.news, one.number, one.channel, one.contact): state is DeliveryState.SENT
        for one, state in session.exec(
            found.where(Told.matter == matter, is_among(session, table_of(Told).c.matter_id, ids))
        )
    }


def _summaries(session: Session, today: date) -> Summaries:
    found = session.exec(select(Delivery.channel, Delivery.contact).where(Delivery.summed_up == today))
    return {(channel, contact, today) for channel, contact in found}


def _put(session: Session, parcel: Parcel, now: datetime) -> None:
    route = parcel.route
    delivery = _waiting_summary(session, parcel) or Delivery(
        channel=route.channel,
        contact=route.contact,
        recipient=route.recipient,
        summed_up=parcel.summed_up,
        next_try=max(now, datetime.combine(parcel.summed_up, _IN_THE_MORNING)) if parcel.summed_up else now,
    )
    session.add(delivery)
    session.flush()
    assert delivery.id is not None
    same: Values = {"channel": route.channel, "contact": route.contact, "delivery_id": delivery.id}
    insert_many(session, table_of(Told), [_values(fact) | same for fact in parcel.facts])


def _waiting_summary(session: Session, parcel: Parcel) -> Delivery | None:
    """That of the day, while more can still be put into it."""
    if parcel.summed_up is None:
        return None
    same = select(Delivery).where(Delivery.channel == parcel.route.channel, Delivery.contact == parcel.route.contact)
    return session.exec(same.where(Delivery.summed_up == parcel.summed_up)).first()


def _values(fact: Fact) -> Values:
    return {
        "matter": fact.matter,
        "matter_id": fact.matter_id,
        "news": fact.news,
        "number": fact.number,
        "at": fact.at,
    }
