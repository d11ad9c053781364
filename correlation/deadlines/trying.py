"""What a change of a catalogue, a calendar or the rules would do to cases under way, before anybody decides on it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from correlation.deadlines.calendars import in_turn
from correlation.deadlines.cards import RaisedCard, Watched, watch
from correlation.deadlines.known import CardKey, Known, with_rulings
from correlation.deadlines.loading import CaseTold, Catalogues
from correlation.deadlines.rules import Rules
from correlation.deadlines.told import history
from correlation.deadlines.work_calendar import DatedCalendars
from storage.models import CardKind, Case, ClockName

MOST_TRIED = 2_000
"""Cases that are reckoned for a page: about a second."""
_PORTION = 500


@dataclass(frozen=True)
class World:
    """What limits rest on beside what was told of a case."""

    catalogues: Catalogues
    calendars: Callable[[str | None], DatedCalendars]


@dataclass(frozen=True)
class Outlook:
    """How a case stands."""

    promised_late_from: datetime | None
    legal_late_from: datetime | None
    yellow: int
    """Cards that stand."""
    red: int
    provisional: bool

    @property
    def late_from(self) -> datetime | None:
        return self.promised_late_from or self.legal_late_from


@dataclass(frozen=True)
class Moved:
    case_id: int
    source_id: str
    number: str
    before: Outlook
    after: Outlook


def moved(cases: Iterable[CaseTold], before: World, after: World, rules: Rules, now: datetime) -> list[Moved]:
    """The cases that stand otherwise, by their due date."""
    found = []
    for case in cases:
        was, becomes = (_outlook(case, world, rules, now) for world in (before, after))
        if was is not None and becomes is not None and was != becomes:
            found.append(Moved(case.id, case.source_id, case.number, was, becomes))
    return sorted(found, key=lambda one: (one.after.late_from is None, one.after.late_from or now, one.case_id))


def _outlook(case: CaseTold, world: World, rules: Rules, now: datetime) -> Outlook | None:
    watched = watch(_known(case, world), rules, now)
    return None if watched is None else _seen(watched)


def _known(case: CaseTold, world: World) -> tuple[Known, ...]:
    calendars = in_turn(case.halls, world.calendars)
    known = history(case.told, world.catalogues.of(case.source_id), calendars, case.asked)
    return with_rulings(known, case.rulings)


def _seen(watched: Watched) -> Outlook:
    legal, promised = watched.now.named(ClockName.LEGAL), watched.now.named(ClockName.PROMISED)
    standing = [card.kind for card in watched.cards if card.withdrawn_at is None]
    return Outlook(
        promised_late_from=promised.out.late_from if promised else None,
        legal_late_from=legal.out.late_from if legal else None,
        yellow=standing.count(CardKind.YELLOW),
        red=standing.count(CardKind.RED),
        provisional=any(clock.out.provisional for clock in (legal, promised) if clock),
    )


@dataclass(frozen=True)
class Recarded:
    """A case whose cards would be others."""

    number: str
    source_id: str
    gone: tuple[RaisedCard, ...]
    new: tuple[RaisedCard, ...]


def recarded(cases: Iterable[CaseTold], world: World, before: Rules, after: Rules, now: datetime) -> Iterator[Recarded]:
    """By other rules; a yellow card with another correction deadline is another one."""
    for case in cases:
        known = _known(case, world)
        was, becomes = (_standing_cards(watch(known, rules, now)) for rules in (before, after))
        gone, new = ([one[key] for key in one if key not in other] for one, other in ((was, becomes), (becomes, was)))
        if gone or new:
            yield Recarded(case.number, case.source_id, tuple(gone), tuple(new))


def _standing_cards(watched: Watched | None) -> dict[tuple[CardKey, datetime | None], RaisedCard]:
    cards = watched.cards if watched else ()
    return {(card.key, card.correct_by): card for card in cards if card.withdrawn_at is None}


def under_way(session: Session, since: datetime) -> Iterator[list[int]]:
    """Cases that began since then, in portions, the oldest first."""
    wanted = select(Case.id).where(col(Case.closed_at).is_(None), Case.opened_at >= since)
    ids = [found for found in session.exec(wanted.order_by(col(Case.id))) if found is not None]
    yield from (ids[first : first + _PORTION] for first in range(0, len(ids), _PORTION))


@dataclass(frozen=True)
class Chosen:
    ids: tuple[int, ...]
    left_out: int
    """More than can be reckoned for a page."""


def open_cases(session: Session, *conditions: object) -> Chosen:
    """Under way, the newest first, since a change that lies ahead concerns those that came last."""
    wanted = (col(Case.closed_at).is_(None), *conditions)
    query = select(Case.id).where(*wanted).order_by(col(Case.opened_at).desc(), col(Case.id).desc())  # type: ignore[arg-type]
    ids: Sequence[int | None] = session.exec(query.limit(MOST_TRIED)).all()
    count = session.exec(select(func.count()).select_from(Case).where(*wanted)).one()  # type: ignore[arg-type]
    return Chosen(tuple(found for found in ids if found is not None), count - len(ids))
