"""One case in full: where it stands at a moment, every limit with its days, and the cards there were by then."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from correlation.deadlines.calendars import CalendarBook, in_turn
from correlation.deadlines.cards import RaisedCard, watch
from correlation.deadlines.derivation import Derivation, derive
from correlation.deadlines.known import with_rulings
from correlation.deadlines.loading import CaseTold, Catalogues, load_told
from correlation.deadlines.rules import Rules
from correlation.deadlines.standing import standing
from correlation.deadlines.tellings import ToldStep
from correlation.deadlines.told import ItemLimits, history
from correlation.order import Stamp, contradictions
from storage.models import Standing


@dataclass(frozen=True)
class Explained:
    standing: Standing
    limits: tuple[Derivation, ...]
    cards: tuple[RaisedCard, ...]
    next_at: datetime | None
    """When something happens if nothing is told before."""
    stamps_contradict: bool = False
    """Steps are stamped in an order that cannot be, so where it stands is in doubt."""
    item_now: ItemLimits | None = None
    """What is said of its item for a case that is received at that moment; None: nothing."""


def explain(session: Session, case_id: int, rules: Rules, at: datetime) -> Explained | None:
    """By what was known at that moment, however long ago it was; None if nothing was known of the case."""
    (case,) = load_told(session, [case_id], rules)
    calendars = CalendarBook()
    calendars.refresh(session)
    catalogue = Catalogues(session, [case]).of(case.source_id)
    known = history(case.told, catalogue, in_turn(case.halls, calendars.of), case.asked)
    known = with_rulings(known, case.rulings)
    watched = watch(known, rules, at)
    if watched is None:
        return None
    calendar = [one for one in known if one.since <= at][-1].calendar
    limits = (derive(clock, watched.now, watched.facts, calendar, at) for clock in watched.now.each)
    steps = _steps(case, at)
    stamps = [Stamp(step_id, case.source_id, step.kind, step.start) for step_id, step in steps.items()]
    item = next((step.item for step in reversed(steps.values()) if step.item), "")
    return Explained(
        standing(watched, at),
        tuple(limits),
        watched.cards,
        watched.next_at,
        stamps_contradict=bool(contradictions(stamps)),
        item_now=catalogue.limits(item, at, at),
    )


def _steps(case: CaseTold, at: datetime) -> dict[int, ToldStep]:
    """As they had been told by then, by their numbers."""
    last = {word.record: word.said for word in case.told if word.told_at <= at}
    return {number: said for (_, number), said in last.items() if isinstance(said, ToldStep)}
