"""The rules for cards of a site: those that come along, followed by the versions of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from sqlmodel import Session, col, select

from correlation.deadlines.counting import Ahead
from correlation.deadlines.rules import CardRules, EscalationStep, Rules, in_force, shipped_rules
from correlation.deadlines.work_calendar import FOSHAN
from storage.models import Audience, CardKind, Case, Deadline
from storage.sayings import Saying
from web.declared_rules import CardRulesDeclaration, EscalationDeclaration
from web.errors import Conflict


def rules_with(shipped: Rules, declared: Sequence[CardRulesDeclaration]) -> Rules:
    """Those that come along until the first of a site's own, then its own alone."""
    if not declared:
        return shipped
    own = sorted((_rules(shipped, each) for each in declared), key=lambda each: each.effective)
    before = (each for each in shipped.cards if each.effective < own[0].effective)
    return Rules(shipped.laws, (*before, *own))


def _rules(shipped: Rules, said: CardRulesDeclaration) -> CardRules:
    usual = in_force(shipped.cards, said.effective)
    assert usual is not None  # see check_of_later_cases
    ahead = {"days": said.remind_days, "hours": said.remind_hours, "at": _clock(said.remind_at)}
    names = ("grace_days", "pause_days", "back_dated_days", "batch_cases")
    days = {name: getattr(said, name) for name in ("correction_days", "explain_days")}
    escalation = usual.escalation if said.escalation is None else tuple(map(_step, said.escalation))
    return replace(
        usual,
        version=said.version,
        effective=said.effective,
        ahead=Ahead(**usual.ahead._asdict() | _said(ahead)),
        conduct=replace(usual.conduct, **_said({name: getattr(said, name) for name in names})),
        escalation=escalation,
        sources={cause: f"{source}; {said.source}" for cause, source in usual.sources.items()},
        **_said(days),
    )


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _clock(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _step(said: EscalationDeclaration) -> EscalationStep:
    return EscalationStep(CardKind(said.card), said.after_hours, Audience(said.to))


def check_of_later_cases(session: Session, declared: CardRulesDeclaration) -> None:
    """What cases were judged by stays as it is, and what is new judges none that there is. Raises Conflict."""
    shipped = shipped_rules().cards
    if declared.version in {known.version for known in shipped}:
        raise Conflict(Saying("A version of this name comes along. Give it another name."))
    if in_force(shipped, declared.effective) is None:
        raise Conflict(
            Saying("No cards are raised before %(day)s. Choose that day or a later one.", day=str(shipped[0].effective))
        )
    check_judged_nothing(session, declared.version)
    first = datetime.combine(declared.effective, time(), FOSHAN).astimezone(UTC)
    if session.exec(select(Case.id).where(Case.opened_at >= first).limit(1)).first() is not None:
        raise Conflict(Saying("There are cases of that day or later, which are judged already. Choose a later day."))


def check_judged_nothing(session: Session, version: str) -> None:
    """Raises Conflict."""
    if session.exec(select(Deadline.case_id).where(col(Deadline.rules) == version).limit(1)).first() is not None:
        raise Conflict(
            Saying("Cases were judged by this version: leave it as it was, and write a next one with another name.")
        )
