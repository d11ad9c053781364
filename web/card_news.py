"""Messages about cards: what has happened to them, who has to be told of it, and what the messages say."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook
from storage.database import Database, lock_for_adding
from storage.models import (
    Audience,
    Card,
    CardAct,
    CardKind,
    CardState,
    CardWord,
    Case,
    Delivery,
    DeliveryState,
    Hall,
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

LONGEST_ESCALATION = timedelta(days=60)
"""No step of any rules comes so long after its card."""
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
    facts = [fact for look in (_raised, _lifted, _decided, _escalated) for fact in look(session, since, now)]
    if not facts:
        return []
    told = _told(session, {fact.matter_id for fact in facts})
    return list(parcels(facts, routes, told, _summaries(session, now.date()), now))


def _of(news: News, row: Any, number: int, at: datetime, *, is_old: bool = False) -> Fact:  # noqa: ANN401
    """For the contact person of the department whose case it is."""
    return Fact(Matter.CARD, row.id, news, number, at, Audience.CONTACT, row.department_id, is_old)


def _cards(*more: Any) -> Any:  # noqa: ANN401
    """With the department of the case."""
    columns = col(Card.id), col(Case.department_id), *more
    return rows_of(*columns).select_from(Card).join(Case, col(Case.id) == col(Card.case_id)).order_by(col(Card.id))


def _raised(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """A reminder only until its limit passes."""
    found = _cards(col(Card.kind), col(Card.raised_at), col(Card.late_from))
    in_force = found.where(col(Card.raised_at) > since, col(Card.raised_at) <= now, col(Card.withdrawn_at).is_(None))
    for row in session.execute(in_force):
        if row.kind is not CardKind.REMINDER or row.late_from > now:
            yield _of(News.RAISED, row, 0, row.raised_at, is_old=row.raised_at - row.late_from > OLD_AFTER)


def _lifted(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    lifted = _cards(col(Card.withdrawn_at)).where(col(Card.withdrawn_at) > since, col(Card.withdrawn_at) <= now)
    for row in session.execute(lifted.where(col(Card.state) != CardState.WITHDRAWN)):
        yield _of(News.LIFTED, row, 0, row.withdrawn_at)


def _decided(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    said = _cards(col(CardWord.act), col(CardWord.number), col(CardWord.at))
    said = said.join(CardWord, col(CardWord.card_id) == col(Card.id))
    decided = said.where(col(CardWord.at) > since, col(CardWord.at) <= now, col(CardWord.act).in_(_DECISIONS))
    for row in session.execute(decided.order_by(col(CardWord.number))):
        yield _of(News(row.act.value), row, row.number, row.at)


def _escalated(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """To whoever is above, step by step, while nobody has said anything. What is old was never urgent."""
    found = _cards(col(Card.escalation), col(Card.raised_at), col(Card.late_from), col(Case.hall_id))
    found = found.add_columns(col(Hall.district_id)).outerjoin(Hall, col(Hall.id) == col(Case.hall_id))
    silent = found.where(col(Card.state) == CardState.RAISED, col(Card.withdrawn_at).is_(None))
    for row in session.execute(silent.where(col(Card.announced_at) > since - LONGEST_ESCALATION)):
        places = {Audience.HEAD: row.department_id, Audience.SUPERVISOR: row.hall_id}
        for number, step in enumerate(row.escalation, start=1):
            at, to = datetime.fromisoformat(step["at"]), Audience(step["to"])
            if since < at <= now and row.raised_at - row.late_from <= OLD_AFTER:
                place = places.get(to, row.district_id)
                yield Fact(Matter.CARD, row.id, News.ESCALATED, number, at, to, place)


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
    """Without what nobody has to hear of: cards that are withdrawn by now, and what was passed on and is answered."""
    cards = session.exec(select(Card).where(col(Card.id).in_({fact.matter_id for fact in facts})))
    found = {card.id: card for card in cards}
    return [fact for fact in facts if _is_so(fact.news, found[fact.matter_id])]


def _is_so(news: News, card: Card) -> bool:
    if news is News.ESCALATED:
        return card.withdrawn_at is None and card.state is CardState.RAISED
    return news is not News.RAISED or card.withdrawn_at is None
