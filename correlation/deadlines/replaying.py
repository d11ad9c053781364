"""All cards of many cases at a moment, replayed from what was known by then, beside those that are kept."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from correlation.deadlines.calendars import CalendarBook, in_turn
from correlation.deadlines.cards import watch
from correlation.deadlines.known import CardKey, with_rulings
from correlation.deadlines.loading import Catalogues, load_told
from correlation.deadlines.rules import Rules
from correlation.deadlines.told import history
from storage.bulk import is_among, table_of
from storage.database import Database
from storage.models import Card, Case, StepKind

PORTION = 200


class Differs(StrEnum):
    LACKING = "lacking"
    """It was to be raised by then, and is not kept."""
    UNFOUNDED = "unfounded"
    """It is kept as raised by then, and was not to be."""
    WITHDRAWN = "withdrawn"
    """Kept as withdrawn by then, and was not to be."""
    STANDING = "standing"
    """Kept as not withdrawn by then, and was to be."""


@dataclass(frozen=True)
class Difference:
    at: datetime
    source_id: str
    number: str
    differs: Differs
    card: CardKey
    is_waiting: bool
    """Something of the case has been told or changed that the clerk has not reckoned with yet."""


@dataclass(frozen=True)
class Portion:
    """Of the cases."""

    cases: int
    """So many that were looked at."""
    cards: int
    """So many that they had by replay, at all moments together."""
    differences: tuple[Difference, ...]


def count_cases(session: Session, halls: Sequence[str] | None) -> int:
    return int(session.execute(select(func.count()).select_from(Case).where(*_of(halls))).scalar_one())


def replay_all(
    database: Database, rules: Rules, moments: Sequence[datetime], halls: Sequence[str] | None
) -> Iterator[Portion]:
    """Of all cases that are in these halls now, or of every case for None; each portion is read in one transaction."""
    last = 0
    while True:
        with database.transaction() as session:
            query = select(table_of(Case).c.id, table_of(Case).c.limits_reckoned).where(
                col(Case.id) > last, *_of(halls)
            )
            found = session.execute(query.order_by(col(Case.id)).limit(PORTION)).all()
            reckoned: dict[int, bool] = {row.id: row.limits_reckoned for row in found}
            if not reckoned:
                return
            portion = _replayed(session, reckoned, rules, moments)
        yield portion
        last = max(reckoned)


def _of(halls: Sequence[str] | None) -> tuple[ColumnElement[bool], ...]:
    return () if halls is None else (col(Case.hall_id).in_(halls),)


def _replayed(session: Session, reckoned: Mapping[int, bool], rules: Rules, moments: Sequence[datetime]) -> Portion:
    told = load_told(session, reckoned, rules)
    catalogues, calendars, kept = Catalogues(session, told), CalendarBook(), _kept(session, list(reckoned))
    calendars.refresh(session)
    cards, differences = 0, []
    for case in told:
        known = history(case.told, catalogues.of(case.source_id), in_turn(case.halls, calendars.of), case.asked)
        known = with_rulings(known, case.rulings)
        for at in moments:
            watched = watch(known, rules, at)
            there = _by(at, {card.key: card.withdrawn_at for card in (watched.cards if watched else ())})
            cards += len(there)
            for key, differs in _compared(there, _by(at, kept[case.id])):
                differences.append(Difference(at, case.source_id, case.number, differs, key, not reckoned[case.id]))
    return Portion(len(told), cards, tuple(differences))


_Withdrawn = Mapping[CardKey, datetime | None]


def _kept(session: Session, case_ids: Sequence[int]) -> Mapping[int, _Withdrawn]:
    found: dict[int, dict[CardKey, datetime | None]] = defaultdict(dict)
    cards = table_of(Card).c
    query: Any = select(
        cards.case_id, cards.kind, cards.clock, cards.link, cards.raised_at, cards.about, cards.withdrawn_at
    ).where(is_among(session, cards.case_id, case_ids))
    for case_id, kind, clock, link, raised_at, about, withdrawn_at in session.execute(query):
        key = CardKey(kind, clock, StepKind(link) if link else None, raised_at, about)
        found[case_id][key] = withdrawn_at
    return found


_Cards = Mapping[CardKey, bool]
"""Those there were at a moment, and whether each had been withdrawn by then."""


def _by(at: datetime, cards: _Withdrawn) -> _Cards:
    return {key: gone is not None and gone <= at for key, gone in cards.items() if key.raised_at <= at}


def _compared(there: _Cards, kept: _Cards) -> Iterator[tuple[CardKey, Differs]]:
    for key in sorted(there.keys() | kept.keys(), key=lambda key: (key.raised_at, key.kind, key.clock, key.about)):
        if key not in kept:
            yield key, Differs.LACKING
        elif key not in there:
            yield key, Differs.UNFOUNDED
        elif kept[key] != there[key]:
            yield key, Differs.WITHDRAWN if kept[key] else Differs.STANDING
