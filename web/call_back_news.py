"""Messages about calls back: one is to be made, or nobody has made it in time."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from storage.database import Database
from storage.models import (
    Audience,
    CallBack,
    CallBackState,
    Case,
    Counter,
    Delivery,
    Hall,
    Matter,
    News,
    Rating,
    Told,
)
from web.call_back_notice import CallBackSubject, call_back_notice
from web.channels import Channel
from web.news import Step
from web.notice import Notice
from web.telling import Fact
from web.told import enrol, next_step, told_by

_ZONE = "Asia/Shanghai"


class CallBackDesk:
    def enrol(self, database: Database, channels: Sequence[Channel], now: datetime) -> None:
        enrol(database, channels, _happened, now)

    def step(self, session: Session, delivery: Delivery, now: datetime) -> Step:
        return next_step(session, delivery, _still_so, now)

    def notice(self, session: Session, delivery: Delivery, public_url: str, now: datetime) -> Notice:
        return call_back_notice(_subjects(session, _still_so(session, told_by(session, delivery))), public_url)


def _happened(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """The department of the case and the supervisor of the hall hear of each; of one that is late its head, too."""
    is_open = CallBack.state == CallBackState.OPEN
    opened = select(CallBack).where(is_open, CallBack.opened_at > since, CallBack.opened_at <= now)
    for one in session.exec(opened.order_by(col(CallBack.id))):
        yield from _facts(one, News.OPENED, 0, one.opened_at, (Audience.CONTACT, Audience.SUPERVISOR))
    has_passed = CallBack.due_by > since, CallBack.due_by <= now, col(CallBack.provisional).is_(False)
    late = select(CallBack).where(is_open, *has_passed)
    for one in session.exec(late.order_by(col(CallBack.id))):
        audiences = (Audience.CONTACT, Audience.HEAD, Audience.SUPERVISOR)
        yield from _facts(one, News.OVERDUE, one.due_by.toordinal(), one.due_by, audiences)


def _facts(one: CallBack, news: News, number: int, at: datetime, audiences: Sequence[Audience]) -> Iterator[Fact]:
    """Of no case, no department has to be told."""
    for audience in audiences:
        place = one.hall_id if audience is Audience.SUPERVISOR else one.department_id
        if audience is Audience.SUPERVISOR or place is not None:
            yield Fact(Matter.CALL_BACK, one.id or 0, news, number, at, audience, place)


def _still_so(session: Session, facts: Sequence[Told]) -> list[Told]:
    """Nobody has to hear of one that is made by now, or whose rating was corrected."""
    wanted = col(CallBack.id).in_({fact.matter_id for fact in facts})
    open_ones = set(session.exec(select(CallBack.id).where(wanted, CallBack.state == CallBackState.OPEN)))
    return [fact for fact in facts if fact.matter_id in open_ones]


def _subjects(session: Session, facts: Sequence[Told]) -> tuple[CallBackSubject, ...]:
    query = (
        rows_of(CallBack, Rating, col(Case.number), col(Counter.number), Hall)
        .join(Rating, col(Rating.id) == col(CallBack.rating_id))
        .outerjoin(Case, col(Case.id) == col(CallBack.case_id))
        .outerjoin(Counter, col(Counter.id) == col(CallBack.counter_id))
        .outerjoin(Hall, col(Hall.id) == col(CallBack.hall_id))
        .where(col(CallBack.id).in_({fact.matter_id for fact in facts}))
    )
    found = {row[0].id: tuple(row) for row in session.execute(query)}
    return tuple(_subject(fact.news, *found[fact.matter_id]) for fact in facts)


def _subject(
    news: News, one: CallBack, rating: Rating, case: str | None, counter: str | None, hall: Hall | None
) -> CallBackSubject:
    return CallBackSubject(
        call_back_id=one.id or 0,
        news=news,
        level=rating.level,
        rated=rating.rated,
        known=one.known_at if one.rated_due_by < one.due_by else None,
        case_number=case or "",
        counter=counter or "",
        hall=(hall.name, hall.name_en or hall.name) if hall else ("", ""),
        due_by=one.due_by,
        timezone=hall.timezone if hall else _ZONE,
    )
