"""The limits of a case with their days, and its cards, as its page shows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, select

from correlation.deadlines.card_log import words_of
from correlation.deadlines.cards import RaisedCard
from correlation.deadlines.clocks import Basis
from correlation.deadlines.derivation import DayRun, Derivation, runs
from correlation.deadlines.explaining import explain
from correlation.deadlines.known import CardKey
from correlation.rulebook import rule_book
from storage.models import Card, CardCause, CardKind, CardState, ClockName, LimitUnit, Standing, StepKind
from web.pages.card_words import WordRow, word_rows

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class LimitRow:
    clock: ClockName
    link: StepKind | None
    basis: Basis
    started_at: datetime
    amount: int | None
    """With extensions; None where the platform reckons the limit itself."""
    unit: LimitUnit
    last_at: datetime | None
    """The last moment in time; None while it is suspended."""
    days_left: int | None
    seconds_left: float | None
    """While it is suspended."""
    provisional: bool
    ended_at: datetime | None
    ended_late: bool
    days: tuple[DayRun, ...]
    law: str
    calendar: str
    is_joint: bool
    """Several departments handle the case."""


@dataclass(frozen=True)
class CardRow:
    id: int | None
    """None for one that the clerk has not written down yet: it has no page."""
    kind: CardKind
    cause: CardCause
    clock: ClockName
    link: StepKind | None
    late_from: datetime
    raised_at: datetime
    correct_by: datetime | None
    """The last moment for the correction."""
    withdrawn_at: datetime | None
    state: CardState
    log: tuple[WordRow, ...]
    """What was said about it."""


@dataclass(frozen=True)
class CaseLimits:
    standing: Standing
    limits: tuple[LimitRow, ...]
    cards: tuple[CardRow, ...]
    next_at: datetime | None
    stamps_contradict: bool = False
    """Where it stands is in doubt: its steps are stamped in an order that cannot be."""


def case_limits(session: Session, case_id: int, now: datetime) -> CaseLimits | None:
    """None while nothing has been told of the case."""
    explained = explain(session, case_id, rule_book(session).rules, now)
    if explained is None:
        return None
    written = _written(session, case_id)
    cards = (_card(card, written.get(card.key, _UNWRITTEN)) for card in explained.cards)
    return CaseLimits(
        explained.standing,
        tuple(map(_limit, explained.limits)),
        tuple(cards),
        explained.next_at,
        explained.stamps_contradict,
    )


class _Written(NamedTuple):
    """What people know of a card: nobody can answer one before the clerk has written it down."""

    id: int | None
    state: CardState
    log: tuple[WordRow, ...]


_UNWRITTEN = _Written(None, CardState.RAISED, ())


def _written(session: Session, case_id: int) -> dict[CardKey, _Written]:
    stored = {card.id: card for card in session.exec(select(Card).where(Card.case_id == case_id)) if card.id}
    logs = word_rows(session, words_of(session, stored.keys()))
    return {
        CardKey(card.kind, card.clock, StepKind(card.link) if card.link else None, card.raised_at, card.about): (
            _Written(card_id, card.state, logs.get(card_id, ()))
        )
        for card_id, card in stored.items()
    }


def _card(card: RaisedCard, written: _Written) -> CardRow:
    return CardRow(
        id=written.id,
        kind=card.kind,
        cause=card.cause,
        clock=card.clock,
        link=card.link,
        late_from=card.late_from,
        raised_at=card.raised_at,
        correct_by=card.correct_by - _MOMENT if card.correct_by else None,
        withdrawn_at=card.withdrawn_at,
        state=written.state,
        log=written.log,
    )


def _limit(limit: Derivation) -> LimitRow:
    clock, out = limit.clock, limit.clock.out
    return LimitRow(
        clock=clock.name,
        link=clock.link,
        basis=clock.start.basis,
        started_at=clock.start.moment,
        amount=clock.limit.amount if clock.limit else None,
        unit=clock.limit.unit if clock.limit else LimitUnit.DAYS,
        last_at=out.late_from - _MOMENT if out.late_from else None,
        days_left=out.remaining if isinstance(out.remaining, int) else None,
        seconds_left=out.remaining.total_seconds() if isinstance(out.remaining, timedelta) else None,
        provisional=out.provisional,
        ended_at=clock.ended_at,
        ended_late=clock.ended_late,
        days=runs(limit.days),
        law=limit.law,
        calendar=limit.calendar,
        is_joint=limit.facts.is_joint,
    )
