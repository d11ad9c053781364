"""What people may say about a card, and what becomes of it: explained, upheld, appealed, corrected, closed. Pure.

raised -> explained -> upheld -> corrected -> closed
raised -> upheld;  raised, explained -> withdrawn
upheld -> appealed -> confirmed -> corrected;  appealed -> withdrawn
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from storage.models import CardAct, CardKind, CardState


class Party(StrEnum):
    DEPARTMENT = "department"  # answers for the case
    SUPERVISOR = "supervisor"  # decides


class Refusal(StrEnum):
    """Why something may not be said."""

    REMINDER = "reminder"  # accuses nobody, so there is nothing to answer
    TOO_EARLY = "too_early"  # before the card was raised, or before the last word
    TOO_LATE = "too_late"  # for an explanation: it counts as not explained
    WITHDRAWN = "withdrawn"  # by what the platform told later
    OUT_OF_TURN = "out_of_turn"
    OWN_CASE = "own_case"  # nobody judges what they have said themselves


class Move(NamedTuple):
    party: Party
    before: frozenset[CardState]
    after: CardState


class Word(NamedTuple):
    act: CardAct
    by: int
    """Id of the user."""
    at: datetime


class Subject(NamedTuple):
    """The card that is spoken about, as the rules raised it."""

    kind: CardKind
    raised_at: datetime
    withdrawn_at: datetime | None = None
    explain_by: datetime | None = None
    """First moment that is too late for an explanation."""


A, S = CardAct, CardState


def _move(party: Party, before: Collection[CardState], after: CardState) -> Move:
    return Move(party, frozenset(before), after)


MOVES: Mapping[CardAct, Move] = {
    A.EXPLAIN: _move(Party.DEPARTMENT, {S.RAISED}, S.EXPLAINED),
    A.UPHOLD: _move(Party.SUPERVISOR, {S.RAISED, S.EXPLAINED}, S.UPHELD),
    A.WITHDRAW: _move(Party.SUPERVISOR, {S.RAISED, S.EXPLAINED}, S.WITHDRAWN),
    A.APPEAL: _move(Party.DEPARTMENT, {S.UPHELD}, S.APPEALED),
    A.REJECT_APPEAL: _move(Party.SUPERVISOR, {S.APPEALED}, S.CONFIRMED),
    A.GRANT_APPEAL: _move(Party.SUPERVISOR, {S.APPEALED}, S.WITHDRAWN),
    A.CORRECT: _move(Party.DEPARTMENT, {S.UPHELD, S.CONFIRMED}, S.CORRECTED),
    A.CLOSE: _move(Party.SUPERVISOR, {S.CORRECTED}, S.CLOSED),
}
LIFTING = frozenset(act for act, move in MOVES.items() if move.after is S.WITHDRAWN)
"""What enters the replay of cards."""
_ON_APPEAL = frozenset(act for act, move in MOVES.items() if S.APPEALED in move.before)
_COUNTS_NOTHING = frozenset({S.APPEALED, S.WITHDRAWN})


def state_of(words: Sequence[Word], at: datetime | None = None) -> CardState:
    """After what was said, or after what had been said by that moment; `words` in their order."""
    said = [word for word in words if at is None or word.at <= at]
    return MOVES[said[-1].act].after if said else S.RAISED


def refusal(card: Subject, words: Sequence[Word], word: Word) -> Refusal | None:
    """Why this may not be said now; None if it may."""
    move, state = MOVES[word.act], state_of(words)
    if card.kind is CardKind.REMINDER:
        return Refusal.REMINDER
    if word.at <= card.raised_at or (words and word.at < words[-1].at):
        return Refusal.TOO_EARLY
    if state is not S.WITHDRAWN and card.withdrawn_at is not None and card.withdrawn_at <= word.at:
        return Refusal.WITHDRAWN
    if state not in move.before:
        return Refusal.OUT_OF_TURN
    if word.act is A.EXPLAIN and card.explain_by is not None and word.at >= card.explain_by:
        return Refusal.TOO_LATE
    return Refusal.OWN_CASE if word.by in _partial(words, word.act) else None


def is_unexplained(card: Subject, words: Sequence[Word], at: datetime) -> bool:
    """Nobody had explained it, nor decided on it, when it was too late."""
    if card.explain_by is None or at < card.explain_by:
        return False
    if card.withdrawn_at is not None and card.withdrawn_at < card.explain_by:
        return False
    return not any(word.at < card.explain_by for word in words)


def possible(
    card: Subject, words: Sequence[Word], parties: Collection[Party], by: int, at: datetime
) -> tuple[CardAct, ...]:
    """What somebody who may speak for these parties can say now."""
    return tuple(
        act for act, move in MOVES.items() if move.party in parties and refusal(card, words, Word(act, by, at)) is None
    )


def counts(card: Subject, words: Sequence[Word], at: datetime) -> bool:
    """Whether it weighs in an evaluation at that moment: not under appeal, and not withdrawn by anybody."""
    if card.kind is CardKind.REMINDER or at < card.raised_at:
        return False
    if card.withdrawn_at is not None and card.withdrawn_at <= at:
        return False
    return state_of(words, at) not in _COUNTS_NOTHING


def _partial(words: Sequence[Word], act: CardAct) -> set[int]:
    """Who may not do this: of those who decide, whoever spoke for the department; of an appeal, whoever upheld."""
    if MOVES[act].party is not Party.SUPERVISOR:
        return set()
    spoke = {word.by for word in words if MOVES[word.act].party is Party.DEPARTMENT}
    return spoke | ({word.by for word in words if word.act is A.UPHOLD} if act in _ON_APPEAL else set())
