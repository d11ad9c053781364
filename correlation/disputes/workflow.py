"""What people may say about an absence, and what it counts for then. Pure.

open -> stands, once nobody has disputed it in time
open -> disputed -> upheld, withdrawn
disputed -> settled, when it is taken back; and disputed again if it turns out to be one after all
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from correlation.deadlines.work_calendar import WorkCalendar
from correlation.deadlines.workflow import Party
from correlation.disputes.rules import DisputeRules, rules_of
from correlation.supervision.workflow import deadline
from storage.models import AbsenceStanding, DisputeAct, DisputeState


class Refusal(StrEnum):
    """Why something may not be said."""

    NONE = "none"  # it has been no absence, as was found later
    ACCUSES_NOBODY = "accuses_nobody"  # a queue or a crowd
    TOO_EARLY = "too_early"  # before its alert, or before the last word
    TOO_LATE = "too_late"  # to dispute it
    OUT_OF_TURN = "out_of_turn"
    OWN_DISPUTE = "own_dispute"  # nobody decides on what they have disputed themselves


class Move(NamedTuple):
    party: Party
    before: DisputeState | None
    """None: nobody has said anything."""
    after: DisputeState


class Word(NamedTuple):
    act: DisputeAct
    by: int
    """Id of the user."""
    at: datetime
    due_by: datetime | None = None
    """Of a dispute: first moment at which a decision is late."""


class Judged(NamedTuple):
    """The absence that is spoken about."""

    raised_at: datetime
    dispute_by: datetime | None
    """First moment that is too late to dispute it; None while it lasts, and while nobody could."""
    is_none: bool = False
    """It was taken back by what was found later."""
    accuses: bool = True
    """It is held against somebody."""


A, S = DisputeAct, DisputeState
MOVES: Mapping[DisputeAct, Move] = {
    A.DISPUTE: Move(Party.DEPARTMENT, None, S.DISPUTED),
    A.UPHOLD: Move(Party.SUPERVISOR, S.DISPUTED, S.UPHELD),
    A.WITHDRAW: Move(Party.SUPERVISOR, S.DISPUTED, S.WITHDRAWN),
}
COUNTS = frozenset({AbsenceStanding.STANDS, AbsenceStanding.UPHELD})
"""What costs points: whoever it concerns could speak first."""


def dispute_by(calendar: WorkCalendar, versions: Sequence[DisputeRules], judged_at: datetime) -> datetime:
    """First moment that is too late to dispute what was said then."""
    return _after(calendar, judged_at, rules_of(versions, calendar.day_of(judged_at)).dispute_days)


def decide_by(calendar: WorkCalendar, rules: DisputeRules, disputed_at: datetime) -> datetime:
    """First moment at which a decision is late."""
    return _after(calendar, disputed_at, rules.decide_days)


def _after(calendar: WorkCalendar, since: datetime, days: int) -> datetime:
    found = deadline(calendar, since, days)
    assert found is not None  # nothing stops this clock
    return found


def state_of(words: Sequence[Word], at: datetime | None = None) -> DisputeState | None:
    """After what was said, or after what had been said by that moment; `words` in their order."""
    said = [word for word in words if at is None or word.at <= at]
    return MOVES[said[-1].act].after if said else None


def standing(judged: Judged, words: Sequence[Word], at: datetime) -> AbsenceStanding:
    """What it counts for at that moment. A dispute is decided by a person alone, however late."""
    state = state_of(words, at)
    if state is S.DISPUTED and judged.is_none:
        return AbsenceStanding.SETTLED
    if state is not None:
        return AbsenceStanding(state.value)
    is_over = judged.dispute_by is not None and judged.dispute_by <= at
    return AbsenceStanding.STANDS if is_over else AbsenceStanding.OPEN


def is_overdue(words: Sequence[Word], at: datetime) -> bool:
    """Nobody has decided on the dispute in time."""
    due_by = decision_due(words)
    return state_of(words, at) is S.DISPUTED and due_by is not None and due_by <= at


def was_late(words: Sequence[Word]) -> bool:
    """Whether the decision came too late."""
    due_by = decision_due(words)
    return due_by is not None and any(word.act is not A.DISPUTE and word.at >= due_by for word in words)


def decision_due(words: Sequence[Word]) -> datetime | None:
    """First moment at which a decision is late; None where nothing is disputed."""
    return next((word.due_by for word in words if word.act is A.DISPUTE), None)


def refusal(judged: Judged, words: Sequence[Word], word: Word) -> Refusal | None:
    """Why this may not be said now; None if it may."""
    if judged.is_none:
        return Refusal.NONE
    move = MOVES[word.act]
    if word.at < judged.raised_at or (words and word.at < words[-1].at):
        return Refusal.TOO_EARLY
    if state_of(words) is not move.before:
        return Refusal.OUT_OF_TURN
    if word.act is A.DISPUTE:
        return _not_disputable(judged, word.at)
    return Refusal.OWN_DISPUTE if word.by in {said.by for said in words if said.act is A.DISPUTE} else None


def _not_disputable(judged: Judged, at: datetime) -> Refusal | None:
    if not judged.accuses:
        return Refusal.ACCUSES_NOBODY
    return Refusal.TOO_LATE if judged.dispute_by is not None and judged.dispute_by <= at else None


def possible(
    judged: Judged, words: Sequence[Word], parties: Collection[Party], by: int, at: datetime
) -> tuple[DisputeAct, ...]:
    """What somebody who may speak for these parties can say now."""
    return tuple(
        act
        for act, move in MOVES.items()
        if move.party in parties and refusal(judged, words, Word(act, by, at)) is None
    )
