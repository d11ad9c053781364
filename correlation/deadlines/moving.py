"""Who has to explain a card has longer as closures of the hall are noted, and a date once the year is announced.

Who is told next of one that nobody answers is told later by as much.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update
from sqlmodel import Session, col

from correlation.deadlines.calendars import CalendarBook, HallDays
from correlation.deadlines.escalation import answering, escalation_values, explain_by, put_off, steps_of
from correlation.deadlines.rules import Rules
from correlation.rulebook import rule_book
from storage.bulk import Values
from storage.database import Database
from storage.models import Card, CardKind, CardState, Case, Deadline

_STILL_MOVES = timedelta(days=60)
"""Five working days, the longest holidays, and a closure that is noted weeks afterwards."""

_JUST_NOW = timedelta(minutes=10)


class MovingExplanations:
    """`run_once` looks at what is still to be explained; safe to repeat, and for several clerks at once."""

    def __init__(self, database: Database, rules: Rules | None = None) -> None:
        """`rules`: others than those of the site."""
        self._database = database
        self._given = rules
        self._calendars = CalendarBook()
        self._counted_by: Mapping[str, HallDays] | None = None

    def run_once(self, now: datetime) -> int:
        """The number of cards whose time moved, in halls whose days have changed. Raises SQLAlchemyError."""
        with self._database.transaction() as session:
            days = self._calendars.refresh(session)
            moved = list(self._moved(session, days, now))
            for card_id, values in moved:
                awaited = (col(Card.id) == card_id, col(Card.state) == CardState.RAISED)
                session.execute(update(Card).where(*awaited).values(**values))
        self._counted_by = days
        return len(moved)

    def _moved(self, session: Session, days: Mapping[str, HallDays], now: datetime) -> Iterator[tuple[int, Values]]:
        """What was told stands or comes later; where nothing could be told yet the days count from now."""
        before = self._counted_by
        rules_of = {each.version: each for each in (self._given or rule_book(session).rules).cards}
        wanted = _awaited(now)
        if before is not None:
            changed = col(Case.hall_id).in_([hall for hall in days if days[hall] != before.get(hall)])
            # Who wrote a card down may have read the calendar just before it changed.
            wanted = wanted.where(or_(changed, col(Card.announced_at) > now - _JUST_NOW))
        for card, hall_id, version in session.execute(wanted).all():
            if (rules := rules_of.get(version)) is None:
                continue
            calendar, since, told = self._calendars.of(hall_id)[-1][1], card.announced_at, card.explain_by
            values: Values = {}
            until = explain_by(since if told else now, rules, calendar)
            if until is not None and (told is None or until > told):
                values["explain_by"] = until
            steps = steps_of(card)
            later = put_off(steps, answering(card.kind, since, rules, calendar).escalation, now)
            if later != steps:
                values |= escalation_values(later)
            if values:
                yield card.id, values


def _awaited(now: datetime) -> Select[Card, str | None, str]:
    return (
        select(Card, col(Case.hall_id), col(Deadline.rules))
        .join(Case, col(Case.id) == col(Card.case_id))
        .join(Deadline, col(Deadline.case_id) == col(Card.case_id))
        .where(col(Card.state) == CardState.RAISED, col(Card.kind) != CardKind.REMINDER)
        .where(col(Card.withdrawn_at).is_(None), col(Card.announced_at).is_not(None))
        .where(or_(col(Card.explain_by).is_(None), col(Card.announced_at) > now - _STILL_MOVES))
    )
