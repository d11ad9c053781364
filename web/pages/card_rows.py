"""Cards as the inbox lists them: a handful of queries for any number of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from correlation.deadlines.card_log import spoken, subject, words_of
from correlation.deadlines.escalation import steps_of, taken
from correlation.deadlines.rules import Conduct
from correlation.deadlines.workflow import Subject, Word, counts, is_unexplained, possible
from correlation.rulebook import rule_book
from storage.models import Audience, Card, CardAct, CardCause, CardKind, CardState, Case, ClockName, StepKind
from web.api.cards import parties_of
from web.item_names import ItemRef
from web.pages.card_derivations import CardDerivation, derivation_of
from web.pages.card_words import WordRow, word_rows
from web.pages.case_rows import DepartmentRef, case_rows
from web.pages.places import HallRef
from web.viewer import Viewer

_MOMENT = timedelta(microseconds=1)
_SOMEBODY_ELSE = 0
"""No user's id."""


@dataclass(frozen=True)
class EscalationRow:
    """Who above was told because nobody had answered, or is told if nobody answers before."""

    to: Audience
    at: datetime
    taken: bool
    """It has come to that."""


@dataclass(frozen=True)
class InboxCard:
    id: int
    kind: CardKind
    cause: CardCause
    link: StepKind | None
    state: CardState
    counts: bool
    """In an evaluation, now."""
    case_id: int
    case_number: str
    source: str
    """The id of the platform that sent the case."""
    item: ItemRef | None
    department: DepartmentRef | None
    hall: HallRef | None
    late_from: datetime
    raised_at: datetime
    correct_by: datetime | None
    """The last moment for the correction."""
    explain_by: datetime | None
    """The last moment for an explanation."""
    is_unexplained: bool
    """Nobody had explained it by then."""
    escalation: tuple[EscalationRow, ...]
    withdrawn_at: datetime | None
    derivation: CardDerivation
    log: tuple[WordRow, ...]
    possible: tuple[CardAct, ...]
    """What the viewer can say now."""
    is_for_another: bool
    """The viewer could say something now, had they not said something of it before: somebody else has to."""


def inbox_cards(
    session: Session, viewer: Viewer, found: Sequence[tuple[Card, Case]], now: datetime
) -> tuple[InboxCard, ...]:
    cases = {row.id: row for row in case_rows(session, [case for _, case in found], show_applicant=False)}
    words = words_of(session, [card.id for card, _ in found if card.id is not None])
    logs = word_rows(session, words)
    numbers = _numbers(session) if any(card.clock is ClockName.CONDUCT for card, _ in found) else {}
    parties = parties_of(viewer)
    rows = []
    for card, _case in found:
        assert card.id is not None
        case, said, about = cases[card.case_id], spoken(words[card.id]), subject(card)
        acts = possible(about, said, parties, viewer.user_id, now)
        row = InboxCard(
            id=card.id,
            kind=card.kind,
            cause=card.cause,
            link=StepKind(card.link) if card.link else None,
            state=card.state,
            counts=counts(about, said, now),
            case_id=case.id,
            case_number=case.number,
            source=case.source,
            item=case.item,
            department=case.department,
            hall=case.hall,
            late_from=card.late_from,
            raised_at=card.raised_at,
            correct_by=card.correct_by - _MOMENT if card.correct_by else None,
            explain_by=card.explain_by - _MOMENT if card.explain_by else None,
            is_unexplained=is_unexplained(about, said, now),
            escalation=_escalation(card, about, said, now),
            withdrawn_at=card.withdrawn_at,
            derivation=derivation_of(card.derivation, numbers),
            log=logs.get(card.id, ()),
            possible=acts,
            is_for_another=not acts and bool(possible(about, said, parties, _SOMEBODY_ELSE, now)),
        )
        rows.append(row)
    return tuple(rows)


def _numbers(session: Session) -> dict[str, Conduct]:
    """By which conduct is carded, by the version of the rules."""
    return {version.version: version.conduct for version in rule_book(session).rules.cards}


def _escalation(card: Card, about: Subject, said: Sequence[Word], now: datetime) -> tuple[EscalationRow, ...]:
    steps = steps_of(card)
    past = taken(steps, about, said, now)
    to_come = () if said or about.withdrawn_at else [step for step in steps if step not in past]
    return tuple(EscalationRow(step.to, step.at, step in past) for step in (*past, *to_come))
