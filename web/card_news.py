"""Messages about cards: what has happened to them, who has to be told of it, and what the messages say."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook
from storage.database import Database, lock_for_adding
from storage.models import (
    Card,
    CardAct,
    CardKind,
    CardState,
    CardWord,
    Case,
    Delivery,
    DeliveryState,
    Matter,
    News,
    Told,
)
from web.card_notice import card_notice
from web.card_subjects import card_subjects
from web.channels import Channel
from web.news import Step
from web.notice import Notice
from web.routes import card_routes
from web.telling import NEWS_FOR, OLD_AFTER, Fact, Key, Parcel, Route, Summaries, parcels

_DECISIONS = (CardAct.UPHOLD, CardAct.WITHDRAW, CardAct.REJECT_APPEAL, CardAct.GRANT_APPEAL, CardAct.CLOSE)


class CardDesk:
    def __init__(self) -> None:
        self._calendars = CalendarBook()

    def enrol(self, database: Database, channels: Sequence[Channel], now: datetime) -> None:
        """Looks first, and takes its turn only if there is something: two clerks would tell it twice."""
        with database.transaction() as session:
            routes = card_routes(session, channels, now)
            if not routes or not _due(session, routes, now):
                return
        with database.transaction() as session:
            lock_for_adding(session, Told)
            for parcel in _due(session, routes, now):
                _put(session, parcel, now)

    def step(self, session: Session, delivery: Delivery, now: datetime) -> Step:
        facts = _told_by(session, delivery)
        if max(fact.at for fact in facts) < now - NEWS_FOR:
            return Step.TOO_LATE
        return Step.SEND if _still_so(session, facts) else Step.WITHDRAWN

    def notice(self, session: Session, delivery: Delivery, public_url: str, now: datetime) -> Notice:
        facts = _still_so(session, _told_by(session, delivery))
        self._calendars.refresh(session)
        subjects = card_subjects(session, facts, self._calendars, now)
        return card_notice(subjects, public_url, is_summary=delivery.summed_up is not None)


def _due(session: Session, routes: Sequence[Route], now: datetime) -> list[Parcel]:
    since = max(now - NEWS_FOR, min(route.since for route in routes))
    facts = [*_raised(session, since, now), *_lifted(session, since, now), *_decided(session, since, now)]
    if not facts:
        return []
    told = _told(session, {fact.matter_id for fact in facts})
    return list(parcels(facts, routes, told, _summaries(session, now.date()), now))


def _raised(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """A reminder only until its limit passes."""
    columns = col(Card.id), col(Card.kind), col(Card.raised_at), col(Card.late_from), col(Case.department_id)
    found = rows_of(*columns).join(Case, col(Case.id) == col(Card.case_id))
    in_force = found.where(col(Card.raised_at) > since, col(Card.raised_at) <= now, col(Card.withdrawn_at).is_(None))
    for card_id, kind, raised_at, late_from, department_id in session.execute(in_force.order_by(col(Card.id))):
        if kind is not CardKind.REMINDER or late_from > now:
            is_old = raised_at - late_from > OLD_AFTER
            yield Fact(Matter.CARD, card_id, News.RAISED, 0, raised_at, department_id, is_old)


def _lifted(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    columns = col(Card.id), col(Card.withdrawn_at), col(Case.department_id)
    found = rows_of(*columns).join(Case, col(Case.id) == col(Card.case_id))
    lifted = found.where(col(Card.withdrawn_at) > since, col(Card.withdrawn_at) <= now)
    for card_id, at, department_id in session.execute(lifted.where(col(Card.state) != CardState.WITHDRAWN)):
        yield Fact(Matter.CARD, card_id, News.LIFTED, 0, at, department_id)


def _decided(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    columns = col(CardWord.card_id), col(CardWord.act), col(CardWord.number), col(CardWord.at), col(Case.department_id)
    said = rows_of(*columns).join(Card, col(Card.id) == col(CardWord.card_id))
    said = said.join(Case, col(Case.id) == col(Card.case_id)).where(col(CardWord.at) > since, col(CardWord.at) <= now)
    decided = said.where(col(CardWord.act).in_(_DECISIONS)).order_by(col(CardWord.id))
    for card_id, act, number, at, department_id in session.execute(decided):
        yield Fact(Matter.CARD, card_id, News(act.value), number, at, department_id)


def _told(session: Session, card_ids: Iterable[int]) -> dict[Key, bool]:
    found = select(Told, Delivery.state).join(Delivery, col(Delivery.id) == col(Told.delivery_id))
    of_cards = found.where(Told.matter == Matter.CARD, col(Told.matter_id).in_(card_ids))
    return {
        Key(one.matter, one.matter_id, one.news, one.number, one.channel, one.contact): state is DeliveryState.SENT
        for one, state in session.exec(of_cards)
    }


def _summaries(session: Session, today: date) -> Summaries:
    found = session.exec(select(Delivery.channel, Delivery.contact).where(Delivery.summed_up == today))
    return {(channel, contact, today) for channel, contact in found}


def _put(session: Session, parcel: Parcel, now: datetime) -> None:
    route = parcel.route
    delivery = Delivery(
        channel=route.channel,
        contact=route.contact,
        recipient=route.recipient,
        summed_up=parcel.summed_up,
        next_try=now,
    )
    session.add(delivery)
    session.flush()
    assert delivery.id is not None
    for fact in parcel.facts:
        session.add(
            Told(
                matter=fact.matter,
                matter_id=fact.matter_id,
                news=fact.news,
                number=fact.number,
                channel=route.channel,
                contact=route.contact,
                delivery_id=delivery.id,
                at=fact.at,
            )
        )


def _told_by(session: Session, delivery: Delivery) -> Sequence[Told]:
    return session.exec(select(Told).where(Told.delivery_id == delivery.id).order_by(col(Told.at))).all()


def _still_so(session: Session, facts: Sequence[Told]) -> list[Told]:
    """Without the cards that were raised and are withdrawn by now: nobody has to hear of them."""
    raised = {fact.matter_id for fact in facts if fact.news is News.RAISED}
    gone = select(Card.id).where(col(Card.id).in_(raised), col(Card.withdrawn_at).is_not(None))
    withdrawn = set(session.exec(gone))
    return [fact for fact in facts if fact.news is not News.RAISED or fact.matter_id not in withdrawn]
