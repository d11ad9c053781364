"""Messages about disputes of absences: what has happened to them, and who has to be told of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from storage.database import Database
from storage.models import (
    Absence,
    AbsenceWord,
    Audience,
    Counter,
    Delivery,
    DisputeAct,
    DisputeState,
    Hall,
    Matter,
    News,
    Told,
    User,
)
from web.channels import Channel
from web.dispute_notice import DisputeSubject, dispute_notice
from web.news import Step
from web.notice import Notice
from web.telling import Fact
from web.told import enrol, next_step, told_by

_DECIDED = {DisputeAct.UPHOLD: News.UPHOLD, DisputeAct.WITHDRAW: News.WITHDRAW}


class DisputeDesk:
    def enrol(self, database: Database, channels: Sequence[Channel], now: datetime) -> None:
        enrol(database, channels, _happened, now)

    def step(self, session: Session, delivery: Delivery, now: datetime) -> Step:
        return next_step(session, delivery, _still_so, now)

    def notice(self, session: Session, delivery: Delivery, public_url: str, now: datetime) -> Notice:
        return dispute_notice(_subjects(session, _still_so(session, told_by(session, delivery))), public_url)


def _happened(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    for look in (_disputed, _decided, _undecided):
        yield from look(session, since, now)


def _words(*more: Any) -> Any:  # noqa: ANN401
    word = AbsenceWord
    columns = col(word.absence_id), col(word.number), col(word.at), col(Counter.hall_id), *more
    joined = rows_of(*columns).select_from(word).join(Absence, col(Absence.id) == col(word.absence_id))
    return joined.join(Counter, col(Counter.id) == col(Absence.counter_id)).order_by(col(word.id))


def _disputed(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """The supervisor of the hall has to decide."""
    at = col(AbsenceWord.at)
    found = _words().where(at > since, at <= now, col(AbsenceWord.act) == DisputeAct.DISPUTE)
    for row in session.execute(found):
        fact = Matter.ABSENCE, row.absence_id, News.DISPUTED, row.number, row.at
        yield Fact(*fact, Audience.SUPERVISOR, row.hall_id)


def _decided(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """The department whose user has disputed it hears of it."""
    at, disputed = col(AbsenceWord.at), rows_of(col(AbsenceWord.absence_id), col(User.department_id))
    disputed = disputed.join(User, col(User.id) == col(AbsenceWord.user_id))
    by = disputed.where(col(AbsenceWord.act) == DisputeAct.DISPUTE).subquery()
    found = _words(col(AbsenceWord.act), by.c.department_id).join(by, by.c.absence_id == col(AbsenceWord.absence_id))
    for row in session.execute(found.where(at > since, at <= now, col(AbsenceWord.act).in_(_DECIDED))):
        fact = Matter.ABSENCE, row.absence_id, _DECIDED[row.act], row.number, row.at
        yield Fact(*fact, Audience.CONTACT, row.department_id)


def _undecided(session: Session, since: datetime, now: datetime) -> Iterator[Fact]:
    """Told to the supervisor of the hall and to the district. Nothing else follows from it."""
    due_by = col(AbsenceWord.due_by)
    of_hall = _words(due_by, col(Hall.district_id)).join(Hall, col(Hall.id) == col(Counter.hall_id))
    is_open = col(Absence.dispute) == DisputeState.DISPUTED
    for row in session.execute(of_hall.where(due_by > since, due_by <= now, is_open)):
        fact = Matter.ABSENCE, row.absence_id, News.UNDECIDED, row.number, row.due_by
        yield Fact(*fact, Audience.SUPERVISOR, row.hall_id)
        yield Fact(*fact, Audience.DISTRICT, row.district_id)


def _still_so(session: Session, facts: Sequence[Told]) -> list[Told]:
    """Nobody has to hear that something is to be decided which is decided by now."""
    wanted = select(Absence).where(col(Absence.id).in_({fact.matter_id for fact in facts}))
    states = {absence.id: absence.dispute for absence in session.exec(wanted)}
    decided = frozenset(_DECIDED.values())
    return [fact for fact in facts if fact.news in decided or states[fact.matter_id] is DisputeState.DISPUTED]


def _subjects(session: Session, facts: Sequence[Told]) -> tuple[DisputeSubject, ...]:
    query = (
        select(Absence, Counter, Hall, AbsenceWord.due_by)
        .join(Counter, col(Counter.id) == col(Absence.counter_id))
        .join(Hall, col(Hall.id) == col(Counter.hall_id))
        .join(AbsenceWord, col(AbsenceWord.absence_id) == col(Absence.id))
        .where(col(AbsenceWord.act) == DisputeAct.DISPUTE)
        .where(col(Absence.id).in_({fact.matter_id for fact in facts}))
    )
    found = {absence.id: (absence, counter, hall, due_by) for absence, counter, hall, due_by in session.exec(query)}
    return tuple(_subject(fact.news, *found[fact.matter_id]) for fact in facts)


def _subject(news: News, absence: Absence, counter: Counter, hall: Hall, due_by: datetime | None) -> DisputeSubject:
    return DisputeSubject(
        absence_id=absence.id or 0,
        kind=absence.kind,
        news=news,
        hall=(hall.name, hall.name_en or hall.name),
        counter=counter.number,
        start=absence.start,
        due_by=due_by,
        timezone=hall.timezone,
    )
