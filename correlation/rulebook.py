"""Every version of the supervision rules: those that come along, and those that the site has added."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlmodel import Session, col

from correlation.deadlines.rules import CARDS, LAW, CardRules, Law, Rules, by_date, in_force, shipped_rules
from correlation.disputes.rules import DISPUTES, DisputeRules, shipped_dispute_rules
from correlation.supervision.rules import CALL_BACKS, CallBackRules, shipped_call_back_rules
from storage.models import RuleKind, RuleVersion

AnyRules = Law | CardRules | DisputeRules | CallBackRules
_READERS: Mapping[RuleKind, TypeAdapter[Any]] = {
    RuleKind.LAW: LAW,
    RuleKind.CARDS: CARDS,
    RuleKind.DISPUTES: DISPUTES,
    RuleKind.CALL_BACKS: CALL_BACKS,
}


@dataclass(frozen=True)
class RuleBook:
    """Of each kind the oldest version first."""

    rules: Rules
    """Those that cases are judged by: the law and cards."""
    disputes: tuple[DisputeRules, ...]
    call_backs: tuple[CallBackRules, ...]

    def of(self, kind: RuleKind) -> Sequence[AnyRules]:
        match kind:
            case RuleKind.LAW:
                return self.rules.laws
            case RuleKind.CARDS:
                return self.rules.cards
            case RuleKind.DISPUTES:
                return self.disputes
            case RuleKind.CALL_BACKS:
                return self.call_backs

    def on(self, kind: RuleKind, day: date) -> AnyRules | None:
        """The one in force; None before the first."""
        return in_force(self.of(kind), day)

    def plus(self, added: AnyRules) -> "RuleBook":
        """With one more, which is in force rather than those of the same day."""
        match added:
            case Law():
                return replace(self, rules=Rules(by_date((*self.rules.laws, added)), self.rules.cards))
            case CardRules():
                return replace(self, rules=Rules(self.rules.laws, by_date((*self.rules.cards, added))))
            case DisputeRules():
                return replace(self, disputes=by_date((*self.disputes, added)))
            case CallBackRules():
                return replace(self, call_backs=by_date((*self.call_backs, added)))


def rules_as(kind: RuleKind, said: Mapping[str, Any]) -> AnyRules:
    """From plain values, as `plain` gives them. Raises pydantic.ValidationError."""
    found: AnyRules = _READERS[kind].validate_python(said)
    return found


def plain(kind: RuleKind, rules: AnyRules) -> dict[str, Any]:
    """As JSON has it."""
    said: dict[str, Any] = _READERS[kind].dump_python(rules, mode="json")
    if isinstance(rules, CardRules):
        said["ahead"] = dict(zip(rules.ahead._fields, said["ahead"], strict=True))
    return said


def rule_book(session: Session) -> RuleBook:
    """As it is now."""
    added = select(col(RuleVersion.kind), col(RuleVersion.content)).order_by(
        col(RuleVersion.effective), col(RuleVersion.kind)
    )
    return _book(tuple((kind, json.dumps(content)) for kind, content in session.execute(added)))


@lru_cache(maxsize=4)
def _book(added: tuple[tuple[RuleKind, str], ...]) -> RuleBook:
    book = shipped_book()
    for kind, content in added:
        book = book.plus(rules_as(kind, json.loads(content)))
    return book


@lru_cache
def shipped_book() -> RuleBook:
    return RuleBook(shipped_rules(), shipped_dispute_rules(), shipped_call_back_rules())
