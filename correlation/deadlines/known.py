"""What was known of a case and when: what its platform told, and what a supervisor decided of its cards. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from correlation.deadlines.facts import CaseFacts
from correlation.deadlines.work_calendar import WorkCalendar
from storage.models import CardKind, ClockName, StepKind


class CardKey(NamedTuple):
    """Tells the cards of a case apart."""

    kind: CardKind
    clock: ClockName
    link: StepKind | None
    raised_at: datetime
    about: str = ""
    """Of conduct: what of the case."""


class Ruling(NamedTuple):
    """A supervisor has withdrawn a card, by itself or because an appeal was granted."""

    at: datetime
    card: CardKey


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a case from a moment on, until the next of these."""

    since: datetime
    facts: CaseFacts
    calendar: WorkCalendar
    rulings: tuple[Ruling, ...] = ()
    """Those of that moment; they hold from then on."""


def with_rulings(history: Sequence[Known], rulings: Sequence[Ruling]) -> tuple[Known, ...]:
    """The same succession with what was decided at its moment; one from before anything was known has no card."""
    found = list(history)
    for ruling in sorted(rulings, key=lambda ruling: ruling.at):
        place = bisect_right(found, ruling.at, key=lambda known: known.since) - 1
        if place < 0:
            continue
        before = found[place]
        if before.since == ruling.at:
            found[place] = replace(before, rulings=(*before.rulings, ruling))
        else:
            found.insert(place + 1, replace(before, since=ruling.at, rulings=(ruling,)))
    return tuple(found)
