"""Messages about cards: what has happened to them, who has to be told of it, and what the messages say."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, exists

from correlation.deadlines.calendars import CalendarBook
from storage.bulk import is_among, table_of
from storage.database import Database
from storage.models import (
    Audience,
    Card,
    CardAct,
    CardKind,
    CardState,
    CardWord,
    Case,
    ClockName,
    Delivery,
    Hall,
    Matter,
    News,
    Told,
)
from web.card_notice import LISTED, card_notice
from web.card_subjects import card_subjects
from web.channels import Channel
from web.news import Step
from web.notice import Notice
from web.telling import OLD_AFTER, Fact
from web.told import enrol, next_step, told_by

_LONGEST = OLD_AFTER + timedelta(days=30)
"""From a limit to the last step of the escalation of its card, unless the card is of an old case."""
_DECISIONS = (CardAct.UPHOLD, CardAct.WITHDRAW, CardAct.REJECT_APPEAL, CardAct.GRANT_APPEAL, CardAct.CLOSE)


class CardDesk:
    def __init__(self) -> None:
        self._calendars = CalendarBook()

    def enrol(self, database: Database, channels: Sequence[Channel], now: datetime) -> None:
        enrol(database, channels, _happened, now)

    def step(self, session: Session, delivery: Delivery, now: datetime) -> Step:
        return next_step(session, delivery, _still_so, now)

    def notice(self, session: Session, delivery: Delivery, public_url: str, now: datetime) -> Notice:
        facts = _still_so(session, told_by(session, delivery))
        self._calendars.refresh(session)
        subjects = card_subjects(session, [fact for fact, _ in facts[:LISTED]], self._calendars, now)
        counts = Counter(kind for _, kind in facts)
        return card_notice(subjects, counts, public_url, is_summary=delivery.summed_up is not None)


def _happened(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    for look in (_raised, _lifted, _decided, _escalated):
        yield from look(session, since, now)


def _of(news: News, row: Any, number: int, at: datetime, *, is_old: bool = False) -> Fact:  # noqa: ANN401
    """For the contact person of the department whose case it is."""
    return Fact(Matter.CARD, row.id, news, number, at, Audience.CONTACT, row.department_id, is_old)


def _cards(*more: Any) -> Any:  # noqa: ANN401
    """With the department of the case."""
    columns = col(Card.id), col(Case.department_id), *more
    return rows_of(*columns).select_from(Card).join(Case, col(Case.id) == col(Card.case_id)).order_by(col(Card.id))


def _raised(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """By the moment at which it appeared. A reminder of a limit only until that passes.

    Whoever reads of a card is told at the same time: where anybody was, everybody was.
    """
    appeared = col(Card.announced_at)
    of_card = col(Told.matter) == Matter.CARD, col(Told.matter_id) == col(Card.id), col(Told.news) == News.RAISED
    told = exists().where(*of_card)
    found = _cards(col(Card.kind), col(Card.clock), appeared, col(Card.late_from)).where(
        ~told, col(Card.withdrawn_at).is_(None)
    )
    for row in session.execute(found.where(appeared > since, appeared <= now)):
        if row.kind is not CardKind.REMINDER or row.clock is ClockName.CONDUCT or row.late_from > now:
            yield _of(News.RAISED, row, 0, row.announced_at, is_old=row.announced_at - row.late_from > OLD_AFTER)


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
    found = _cards(col(Card.escalation), col(Card.announced_at), col(Card.late_from), col(Case.hall_id))
    found = found.add_columns(col(Hall.district_id)).outerjoin(Hall, col(Hall.id) == col(Case.hall_id))
    found = found.where(col(Card.late_from) > since - _LONGEST)
    silent = found.where(col(Card.state) == CardState.RAISED, col(Card.withdrawn_at).is_(None))
    for row in session.execute(silent.where(col(Card.escalates_until) > since)):
        places = {Audience.HEAD: row.department_id, Audience.SUPERVISOR: row.hall_id}
        for number, step in enumerate(row.escalation, start=1):
            at, to = datetime.fromisoformat(step["at"]), Audience(step["to"])
            if since < at <= now and row.announced_at - row.late_from <= OLD_AFTER:
                place = places.get(to, row.district_id)
                yield Fact(Matter.CARD, row.id, News.ESCALATED, number, at, to, place)


def _still_so(session: Session, facts: Sequence[Told]) -> list[tuple[Told, CardKind]]:
    """Without what nobody has to hear of: cards that are withdrawn by now, and what was passed on and is answered."""
    cards = table_of(Card).c
    columns = rows_of(cards.id, cards.kind, cards.state, cards.withdrawn_at)
    found = session.execute(columns.where(is_among(session, cards.id, {fact.matter_id for fact in facts})))
    by_id = {row.id: row for row in found}
    kept = ((fact, by_id[fact.matter_id]) for fact in facts)
    return [(fact, row.kind) for fact, row in kept if _is_so(fact.news, row.state, row.withdrawn_at)]


def _is_so(news: News, state: CardState, withdrawn_at: datetime | None) -> bool:
    if news is News.ESCALATED:
        return withdrawn_at is None and state is CardState.RAISED
    return news is not News.RAISED or withdrawn_at is None
