"""The limit that a card is about, by what is known now: a card keeps saying what was known when it was raised."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from correlation.deadlines.derivation import Derivation
from correlation.deadlines.explaining import explain
from correlation.deadlines.facts import CaseFacts, Limit
from correlation.deadlines.told import ItemLimits
from correlation.rulebook import rule_book
from storage.models import Card, ClockName, LimitUnit, StepKind
from web.pages.case_limits import LimitRow

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class AmountNow:
    amount: int
    unit: LimitUnit


@dataclass(frozen=True)
class LimitNow:
    is_other: bool
    """For this case another limit holds now than the card says, or another day."""
    of_case: AmountNow | None
    """None where none counts, or the platform reckons it itself."""
    last_at: datetime | None
    """The last moment in time; None where none counts, or while it is suspended."""
    of_new_cases: AmountNow | None
    """What the catalogue says of its item for a case received now, where that is another limit than this case has."""


def limit_now(session: Session, card: Card, told: LimitRow | None, now: datetime) -> LimitNow | None:
    """`told`: as the card says it; None where there is nothing to compare: of conduct, and of a case without steps."""
    explained = explain(session, card.case_id, rule_book(session).rules, now) if told else None
    if told is None or explained is None:
        return None
    found = next(
        (each for each in explained.limits if (each.clock.name, each.clock.link) == (told.clock, told.link)), None
    )
    if found is None:
        return LimitNow(is_other=True, of_case=None, last_at=None, of_new_cases=None)
    limit, late_from = found.clock.limit, found.clock.out.late_from
    last_at = late_from - _MOMENT if late_from else None
    before = (told.amount, told.unit, told.last_at)
    of_case = AmountNow(limit.amount, limit.unit) if limit else None
    is_other = (limit.amount if limit else None, limit.unit if limit else told.unit, last_at) != before
    return LimitNow(is_other, of_case, last_at, _of_new_cases(found, explained.item_now))


def _of_new_cases(found: Derivation, item: ItemLimits | None) -> AmountNow | None:
    clock, link = found.clock.name, found.clock.link
    said = _by_item(item, clock, link) if item else None
    if said is None or said == _by_facts(found.facts, clock, link):
        return None
    return AmountNow(said.amount, said.unit)


def _by_item(item: ItemLimits, clock: ClockName, link: StepKind | None) -> Limit | None:
    if clock is ClockName.LINK:
        return next((limit for kind, limit in item.links if kind is link), None)
    return {ClockName.LEGAL: item.legal, ClockName.PROMISED: item.promised}.get(clock)


def _by_facts(facts: CaseFacts, clock: ClockName, link: StepKind | None) -> Limit | None:
    """As its catalogue said on the day of receipt, without what was added to it since."""
    if clock is ClockName.LINK:
        return next((each.limit for each in facts.links if each.kind is link), None)
    return {ClockName.LEGAL: facts.legal, ClockName.PROMISED: facts.promised}.get(clock)
