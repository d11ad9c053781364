"""Figures of a counter's time as pages, JSON and spreadsheets tell them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, func, select

from analytics.figures import Figures, Ledger, Seen
from analytics.seen import absences_in, presence_in
from storage.intervals import Span
from storage.models import Presence
from web.pages.opening import duty_spans
from web.pages.places import CounterRef
from web.pages.presence_shares import apportioned
from web.pages.tables import Cell, Moments

AROUND = timedelta(days=1)
"""So far beyond the asked time the opening hours are read, to tell what began in it."""


@dataclass(frozen=True)
class Minutes:
    """Whole minutes of the five parts, that add up to the whole span; and those that are counted beside them."""

    staffed: int
    unstaffed: int
    unknown: int
    closed: int
    to_come: int


@dataclass(frozen=True)
class TimeSpent:
    """Where the time from `start` to `end` went: the first five are all of it. The other seconds lie in open time."""

    start: datetime
    end: datetime
    staffed_s: float
    unstaffed_s: float
    unknown_s: float
    closed_s: float
    to_come_s: float
    unknown_by_s: dict[str, float]
    """By reason, the longest first."""
    waiting_s: float
    """In which a customer waited."""
    unattended_s: float
    """Of them, in which nobody was there."""
    waits: int
    """That began in the span."""
    absent_s: float
    """In absences that count: not those under dispute or withdrawn."""
    absences: int
    """That began in the span, and count."""
    disputed: int
    """That began in the span and are under dispute: they count nothing until that is decided."""

    @property
    def open_s(self) -> float:
        """That have passed."""
        return self.staffed_s + self.unstaffed_s + self.unknown_s

    @property
    def minutes(self) -> Minutes:
        parts = (self.staffed_s, self.unstaffed_s, self.unknown_s, self.closed_s, self.to_come_s)
        return Minutes(*apportioned(parts, round(sum(parts) / 60)))

    @property
    def level(self) -> str:
        """How it is shaded: closed, to_come or unknown, or 0 (nobody there) to 4 (always) by what was seen."""
        if not self.open_s:
            return "closed" if self.closed_s else "to_come"
        seen = self.staffed_s + self.unstaffed_s
        if seen < self.unknown_s:
            return "unknown"
        return str(sum(self.staffed_s / seen > limit for limit in _LEVELS))


_LEVELS = (0.0, 0.5, 0.9, 0.99)


def watched_since(session: Session, counter_id: str) -> datetime | None:
    """The first moment of which anything was ever said; None where nothing was."""
    return session.exec(select(func.min(Presence.start)).where(Presence.counter_id == counter_id)).one()


def seen_at(session: Session, counter: CounterRef, span: Span, now: datetime) -> Seen:
    """Nobody had promised to look before the counter was watched for the first time, so it is not open then."""
    openings = duty_spans(session, counter, span.start - AROUND, span.end + AROUND)
    since = watched_since(session, counter.id)
    if since is not None:
        openings = [Span(max(opening.start, since), opening.end) for opening in openings if since < opening.end]
    absences, disputed = absences_in(session, counter.id, span, now)
    return Seen(presence_in(session, counter.id, span, now), openings, absences, disputed)


def time_spent(ledger: Ledger, cells: Sequence[Span]) -> tuple[TimeSpent, ...]:
    return tuple(_told(each) for each in ledger.figures(cells))


def _told(found: Figures) -> TimeSpent:
    by = sorted(found.unknown_by.items(), key=lambda reason: (-reason[1], reason[0]))
    return TimeSpent(
        start=found.span.start,
        end=found.span.end,
        staffed_s=found.staffed.total_seconds(),
        unstaffed_s=found.unstaffed.total_seconds(),
        unknown_s=found.unknown.total_seconds(),
        closed_s=found.closed.total_seconds(),
        to_come_s=found.to_come.total_seconds(),
        unknown_by_s={reason: length.total_seconds() for reason, length in by},
        waiting_s=found.waiting.total_seconds(),
        unattended_s=found.unattended.total_seconds(),
        waits=found.waits,
        absent_s=found.absent.total_seconds(),
        absences=found.absences,
        disputed=found.disputed,
    )


COLUMNS = (
    *(Moments("from"), Moments("to"), "staffed_min", "unstaffed_min", "unknown_min", "closed_min", "to_come_min"),
    *("waiting_min", "unattended_min", "waits", "absent_min", "absences", "disputed"),
)
"""Of the table that is exported, one line for each span of time."""


def cells_of(spent: TimeSpent) -> list[Cell]:
    """Minutes to the hundredth, so that lines can be added up."""
    parts = (spent.staffed_s, spent.unstaffed_s, spent.unknown_s, spent.closed_s, spent.to_come_s)
    minutes = (_minutes(seconds) for seconds in (*parts, spent.waiting_s, spent.unattended_s))
    return [spent.start, spent.end, *minutes, spent.waits, _minutes(spent.absent_s), spent.absences, spent.disputed]


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 2)
