"""What a rule would have found in presence that is stored; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from analytics.absence import FoundAbsence, find_all
from analytics.covers import excuses
from analytics.rule import Rule
from analytics.runs import Excuse, PresenceSpan
from analytics.seen import presence_in
from storage.hours import HallHours
from storage.intervals import Span

AROUND = timedelta(days=1)
"""So much earlier it is looked, so that an absence has its true beginning."""


@dataclass(frozen=True, slots=True)
class Tried:
    """All that the rule is tried on."""

    presence: Sequence[PresenceSpan]
    openings: Sequence[Span]
    excuses: Sequence[Excuse]


def tried_on(session: Session, counter_id: str, hours: HallHours, window: Span, now: datetime) -> Tried:
    """The presence of a counter as pages show it, by the hours, leave and cover that hold today for that time."""
    around = Span(window.start - AROUND, min(window.end, now))
    openings = hours.judged(around.start, window.end + AROUND)
    excused = excuses(session, {counter_id: around})[counter_id]
    return Tried(presence_in(session, counter_id, around, now), openings, excused)


def would_alert(tried: Tried, rule: Rule, window: Span, now: datetime) -> list[FoundAbsence]:
    """Events whose threshold was reached within the window, for each of which there would have been one alert."""
    until = min(window.end, now)
    found = find_all(tried.presence, tried.openings, rule, until, tried.excuses)
    return [absence for absence in found if window.start <= absence.due < window.end]
