"""What a version of the rules says, one by one: each number or list with the article that it rests on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import time
from operator import attrgetter

from correlation.deadlines.observing import Telling
from correlation.deadlines.rules import CardRules, Law
from correlation.disputes.rules import DisputeRules
from correlation.rulebook import AnyRules
from correlation.supervision.rules import CallBackRules
from storage.models import Audience, CardCause, CardKind, SuspensionReason

Code = SuspensionReason | CardKind | Audience | Telling
_OF_CARD: Mapping[CardCause, tuple[str, ...]] = {
    CardCause.DUE_SOON: ("ahead.days", "ahead.at", "ahead.hours"),
    CardCause.PAST_PROMISED: ("correction_days",),
    CardCause.LINK_SKIPPED: ("conduct.grace_days",),
    CardCause.LINK_REORDERED: ("conduct.grace_days",),
    CardCause.FEE_UNLISTED: ("conduct.grace_days",),
    CardCause.REFUSED_WITHOUT_REASON: ("conduct.grace_days",),
    CardCause.DATA_MISSING: ("conduct.grace_days",),
    CardCause.PAUSED_AT_LIMIT: ("conduct.pause_days",),
    CardCause.ENTERED_IN_BATCH: ("conduct.batch_cases", "conduct.back_dated_days"),
    CardCause.BACK_DATED: ("conduct.back_dated_days",),
}
"""The numbers by which a card is raised or corrected; those of the catalogue and of the law stand there."""


@dataclass(frozen=True)
class RuleSaid:
    cause: CardCause | None
    """Of the card that it is about."""
    key: str
    """As in the file of the rules; empty where the version says nothing but what the card rests on."""
    value: int | str
    """A number, a time of day; empty where `codes` say it."""
    codes: tuple[Code, ...]
    """What does not count; of an escalation the card and who is told; of what has to be told that, and the card."""
    items: tuple[str, ...]
    """Of which alone something has to be told; empty: of all."""
    sources: tuple[str, ...]
    """By which alone."""
    rests_on: str

    @property
    def name(self) -> str:
        """past_promised.correction_days"""
        return ".".join(filter(None, (self.cause, self.key)))

    @property
    def plain_value(self) -> str:
        """As a file has it: after more than one thing what it holds for alone."""
        only = [f"{what}={','.join(of)}" for what, of in (("items", self.items), ("sources", self.sources)) if of]
        return " ".join([*filter(None, [str(self.value)]), *self.codes, *only])


def said(rules: AnyRules) -> tuple[RuleSaid, ...]:
    """In the order in which one reads it."""
    match rules:
        case Law():
            return tuple(_of_law(rules))
        case CardRules():
            return (*_of_cards(rules), *_around_cards(rules))
        case DisputeRules() | CallBackRules():
            return tuple(_numbers(rules))


def _of_law(law: Law) -> Iterator[RuleSaid]:
    for each in _numbers(law):
        yield _said(each.key, each.value, rests_on=law.sources.get(each.key, law.source))
    suspends = tuple(reason for reason in SuspensionReason if reason in law.suspends)
    yield _said("suspends", codes=suspends, rests_on=law.sources.get("suspends", law.source))


def _of_cards(cards: CardRules) -> Iterator[RuleSaid]:
    for cause in CardCause:
        rests_on = cards.sources.get(cause, cards.source)
        for path in _OF_CARD.get(cause, ("",)):
            value = attrgetter(path)(cards) if path else ""
            plain = f"{value:%H:%M}" if isinstance(value, time) else value
            yield _said(path.rpartition(".")[2], plain, cause=cause, rests_on=rests_on)


def _around_cards(cards: CardRules) -> Iterator[RuleSaid]:
    yield _said("explain_days", cards.explain_days, rests_on=cards.source)
    for step in cards.escalation:
        yield _said("escalation", step.after_hours, codes=(step.kind, step.to), rests_on=cards.source)
    for each in cards.required:
        yield _said(
            "required",
            cause=CardCause.DATA_MISSING,
            codes=(each.what, each.kind),
            items=tuple(sorted(each.items)),
            sources=tuple(sorted(each.sources)),
            rests_on=cards.sources.get(CardCause.DATA_MISSING, cards.source),
        )


def _numbers(rules: AnyRules) -> Iterator[RuleSaid]:
    for each in fields(rules):
        value = getattr(rules, each.name)
        if isinstance(value, int):
            yield _said(each.name, value, rests_on=rules.source)


def _said(
    key: str,
    value: int | str = "",
    *,
    rests_on: str,
    cause: CardCause | None = None,
    codes: tuple[Code, ...] = (),
    items: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
) -> RuleSaid:
    return RuleSaid(cause, key, value, codes, items, sources, rests_on)
