"""Where a case stands at a moment. Pure."""

from collections.abc import Sequence
from datetime import datetime

from correlation.deadlines.cards import RaisedCard, Watched
from correlation.deadlines.clocks import Clock, Clocks
from storage.models import CardKind, Standing


def standing(case: Watched, at: datetime) -> Standing:
    legal, promised = case.now.limits
    nearer = promised or legal
    if _has_ended(case, legal, promised):
        late = (legal is not None and legal.ended_late) or (promised is not None and promised.ended_late)
        return Standing.DONE_LATE if late else Standing.DONE
    if nearer is None or (at < nearer.start.since and (legal is None or at < legal.start.since)):
        return _without_limits(case.now, at)
    if _has_passed(legal, at) or (case.cards and _is_red(case.cards)):
        return Standing.RED
    if _has_passed(promised, at):
        return Standing.YELLOW
    out = nearer.out
    if out.late_from is None:
        return Standing.STOPPED
    return Standing.DUE_SOON if out.remind_at is not None and at >= out.remind_at else Standing.OPEN


def _has_ended(case: Watched, legal: Clock | None, promised: Clock | None) -> bool:
    """A decision ends it, unless its platform reckons the limit itself and has not closed it yet."""
    if case.facts.closed_at is not None:
        return True
    if case.facts.decided_at is None:
        return False
    return all(clock.ended_at is not None for clock in (legal, promised) if clock is not None)


def _without_limits(now: Clocks, at: datetime) -> Standing:
    """Accepted, but nobody knows by when it has to be done; or not accepted yet."""
    return Standing.OPEN if now.start is not None and at >= now.start.since else Standing.WAITING


def _has_passed(clock: Clock | None, at: datetime) -> bool:
    """A date that may still move has not."""
    if clock is None:
        return False
    late_from, _, is_provisional, _ = clock.out
    return late_from is not None and at >= late_from and not is_provisional and at >= clock.start.since


def _is_red(cards: Sequence[RaisedCard]) -> bool:
    return any(card.kind is CardKind.RED and card.withdrawn_at is None for card in cards)
