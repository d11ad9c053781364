"""What people may say about a supervision order, and what becomes of it. Pure.

issued -> answered -> closed;  answered -> returned -> answered
issued, answered, returned -> withdrawn
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from correlation.deadlines.counting import nth_day
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.deadlines.workflow import Party
from storage.models import OrderAct, OrderState


class Refusal(StrEnum):
    """Why something may not be said."""

    TOO_EARLY = "too_early"  # before the order, or before the last word
    OUT_OF_TURN = "out_of_turn"
    OWN_ANSWER = "own_answer"  # nobody judges what they have answered themselves
    NO_DEADLINE = "no_deadline"  # what is returned has to be done by another day


class Move(NamedTuple):
    party: Party
    before: frozenset[OrderState]
    after: OrderState


class Due(NamedTuple):
    """A deadline."""

    by: datetime
    """First moment that is too late."""
    provisional: bool = False
    """A year on the way is not announced: it may still move, and nobody is late."""

    def has_passed(self, at: datetime) -> bool:
        return at >= self.by and not self.provisional


class Word(NamedTuple):
    act: OrderAct
    by: int
    """Id of the user."""
    at: datetime
    due: Due | None = None
    """The new deadline of what is returned."""


class Order(NamedTuple):
    issued_at: datetime
    due: Due
    """As it was issued."""


A, S = OrderAct, OrderState
MOVES: Mapping[OrderAct, Move] = {
    A.ANSWER: Move(Party.DEPARTMENT, frozenset({S.ISSUED, S.RETURNED}), S.ANSWERED),
    A.RETURN: Move(Party.SUPERVISOR, frozenset({S.ANSWERED}), S.RETURNED),
    A.CLOSE: Move(Party.SUPERVISOR, frozenset({S.ANSWERED}), S.CLOSED),
    A.WITHDRAW: Move(Party.SUPERVISOR, frozenset({S.ISSUED, S.ANSWERED, S.RETURNED}), S.WITHDRAWN),
}
AWAITED = frozenset({S.ISSUED, S.RETURNED})
"""The unit has to answer."""
OVER = frozenset({S.CLOSED, S.WITHDRAWN})


def deadline(calendar: WorkCalendar, since: datetime, days: int) -> datetime | None:
    """The first moment after so many working days; the day itself does not count."""
    last = nth_day(calendar, calendar.day_of(since), days, ())
    return None if last is None else calendar.midnight(last + 1)


def due_in(calendar: WorkCalendar, since: datetime, days: int) -> Due:
    """The end of so many working days after that day, or so by plain weekdays in a year that is not announced."""
    by = deadline(calendar, since, days)
    assert by is not None  # nothing pauses it
    first = calendar.day_of(since)
    return Due(by, calendar.is_provisional(first, calendar.day_of(by) - 1))


def put_off(told: Due, counted: Due) -> Due:
    """What was told stands or comes later, as the time to correct a card; what was provisional moves either way."""
    return counted if told.provisional or counted.by > told.by else told


def state_of(words: Sequence[Word], at: datetime | None = None) -> OrderState:
    """After what was said, or after what had been said by that moment; `words` in their order."""
    said = _said_by(words, at)
    return MOVES[said[-1].act].after if said else S.ISSUED


def due(order: Order, words: Sequence[Word], at: datetime | None = None) -> Due:
    """The deadline in force."""
    return next((word.due for word in reversed(_said_by(words, at)) if word.due), order.due)


def is_overdue(order: Order, words: Sequence[Word], at: datetime) -> bool:
    return state_of(words, at) in AWAITED and due(order, words, at).has_passed(at)


def was_late(order: Order, words: Sequence[Word]) -> bool:
    """Whether any answer came after its deadline."""
    answers = ((number, word) for number, word in enumerate(words) if word.act is A.ANSWER)
    return any(due(order, words[:number]).has_passed(word.at) for number, word in answers)


def refusal(order: Order, words: Sequence[Word], word: Word) -> Refusal | None:
    """Why this may not be said now; None if it may."""
    if word.at < order.issued_at or (words and word.at < words[-1].at):
        return Refusal.TOO_EARLY
    if state_of(words) not in MOVES[word.act].before:
        return Refusal.OUT_OF_TURN
    if word.act in (A.RETURN, A.CLOSE) and word.by in {said.by for said in words if said.act is A.ANSWER}:
        return Refusal.OWN_ANSWER
    if word.act is A.RETURN and (word.due is None or word.due.by <= word.at):
        return Refusal.NO_DEADLINE
    return None


def possible(
    order: Order, words: Sequence[Word], parties: Collection[Party], by: int, at: datetime
) -> tuple[OrderAct, ...]:
    """What somebody who may speak for these parties can say now; what is returned gets a deadline."""
    return tuple(
        act
        for act, move in MOVES.items()
        if move.party in parties and refusal(order, words, Word(act, by, at)) in (None, Refusal.NO_DEADLINE)
    )


def _said_by(words: Sequence[Word], at: datetime | None) -> list[Word]:
    return [word for word in words if at is None or word.at <= at]
