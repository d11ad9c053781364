"""By when a card has to be explained, and who is told when nobody has answered it. Pure.

Both count from the moment since which people could see the card, and by the rules and the calendar of then: what was
due on a past date is the same whenever it is asked.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from correlation.deadlines.counting import nth_day, nth_hour, remember
from correlation.deadlines.rules import CardRules
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.deadlines.workflow import Subject, Word
from storage.bulk import Values
from storage.models import Audience, Card, CardKind


class Escalation(NamedTuple):
    to: Audience
    at: datetime


class Answering(NamedTuple):
    explain_by: datetime | None
    """First moment that is too late; None where the days reach into a year whose holidays nobody knows yet."""
    escalation: tuple[Escalation, ...]
    """In the order of their moments; each takes place if nobody has answered before."""


def answering(kind: CardKind, since: datetime, rules: CardRules, calendar: WorkCalendar) -> Answering:
    """All cards that are raised at midnight share it."""
    if kind is CardKind.REMINDER:
        return Answering(None, ())
    found: tuple[CardRules, Answering] | None = calendar.known.get(key := (kind, since))
    if found is None or found[0] is not rules:
        found = remember(calendar, key, (rules, _answering(kind, since, rules, calendar)))
    return found[1]


def _answering(kind: CardKind, since: datetime, rules: CardRules, calendar: WorkCalendar) -> Answering:
    steps = []
    for step in rules.escalation:
        at = nth_hour(calendar, since, timedelta(hours=step.after_hours), ()) if step.kind is kind else None
        if at is not None:
            steps.append(Escalation(step.to, at))
    return Answering(explain_by(since, rules, calendar), tuple(sorted(steps, key=lambda step: step.at)))


def explain_by(since: datetime, rules: CardRules, calendar: WorkCalendar) -> datetime | None:
    """The first moment that is too late; None while it may still move by itself: nobody is told that they are late."""
    first = calendar.day_of(since)
    last = nth_day(calendar, first, rules.explain_days, ())
    return None if last is None or calendar.is_provisional(first, last) else calendar.midnight(last + 1)


def taken(steps: Sequence[Escalation], card: Subject, words: Sequence[Word], at: datetime) -> tuple[Escalation, ...]:
    """Those that have taken place by that moment: nobody had said anything, and the card was in force."""
    ends = [word.at for word in words[:1]] + ([card.withdrawn_at] if card.withdrawn_at else [])
    until = min(ends, default=None)
    return tuple(step for step in steps if step.at <= at and (until is None or step.at < until))


def put_off(steps: Sequence[Escalation], by_now: Sequence[Escalation], now: datetime) -> tuple[Escalation, ...]:
    """With the moments of another calendar where they are later; what has taken place by `now` stays."""
    if [step.to for step in steps] != [step.to for step in by_now]:
        return tuple(steps)
    moved = (max(step, other, key=lambda one: one.at) for step, other in zip(steps, by_now, strict=True))
    return tuple(step if step.at <= now else later for step, later in zip(steps, moved, strict=True))


def steps_of(card: Card) -> tuple[Escalation, ...]:
    """As it is kept."""
    return tuple(Escalation(Audience(step["to"]), datetime.fromisoformat(step["at"])) for step in card.escalation)


def escalation_values(steps: Sequence[Escalation]) -> Values:
    """For the columns of `Card`."""
    return {
        "escalation": [{"to": step.to.value, "at": step.at.isoformat()} for step in steps],
        "escalates_until": steps[-1].at if steps else None,
    }
