"""Why a limit passes when it does: every day and whether it counts, the rules, and the data it rests on. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum
from functools import lru_cache
from itertools import groupby
from typing import Any

from correlation.deadlines.clocks import Clock, Clocks, days_of, suspended
from correlation.deadlines.conduct import Breach
from correlation.deadlines.facts import CaseFacts, Suspension
from correlation.deadlines.work_calendar import DayState, WorkCalendar
from storage.intervals import Span, subtract, total
from storage.models import ClockName, LimitUnit

_LONGEST = 4_000


class Skipped(StrEnum):
    """Why a day does not count."""

    FIRST_DAY = "first_day"  # of acceptance
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    CLOSED = "closed"
    SUSPENDED = "suspended"


_OFF = {
    DayState.WEEKEND: Skipped.WEEKEND,
    DayState.HOLIDAY: Skipped.HOLIDAY,
    DayState.CLOSED: Skipped.CLOSED,
}


@dataclass(frozen=True)
class Day:
    day: date
    state: DayState
    counted: int | timedelta | None
    """The days that had been counted with it; for limits in hours the working time of that day alone."""
    skipped: Skipped | None
    why: str = ""
    """The reason of a closure, or of the suspension."""
    is_announced: bool = True


@dataclass(frozen=True)
class DayRun:
    """Days one after the other of which the same is to be said."""

    first: date
    last: date
    state: DayState
    numbers: tuple[int, int] | None
    """As which day the first and the last of them count."""
    seconds: float | None
    """Working time of the day, for limits in hours."""
    skipped: Skipped | None
    why: str
    is_announced: bool


@dataclass(frozen=True)
class Derivation:
    clock: Clock
    days: tuple[Day, ...]
    """From the day it began to the last day in time, or until today while it is stopped."""
    days_told: Sequence[dict[str, Any]]
    """The same as JSON; cases share it, and nobody may change it."""
    law: str
    sources: dict[str, str]
    cards: str
    rests_on: str
    """What the version of the rules for cards rests on."""
    calendar: str
    facts: CaseFacts

    def as_json(self) -> dict[str, Any]:
        return {
            "clock": self.clock.name.value,
            "link": self.clock.link.value if self.clock.link else None,
            "basis": self.clock.start.basis.value,
            "start": self.clock.start.moment.isoformat(),
            "since": self.clock.start.since.isoformat(),
            "limit": _plain(self.clock.limit),
            **_plain(self.clock.out._asdict()),
            "ended_at": self.clock.ended_at.isoformat() if self.clock.ended_at else None,
            "days": self.days_told,
            "law": self.law,
            "sources": self.sources,
            "cards": self.cards,
            "rests_on": self.rests_on,
            "calendar": self.calendar,
            "data": _told(self.facts),
        }


def conduct_as_json(breach: Breach, then: Clocks, calendar: WorkCalendar) -> dict[str, Any]:
    """Why a card of conduct was raised."""
    assert then.cards is not None
    return {
        "clock": ClockName.CONDUCT.value,
        "link": breach.link.value if breach.link else None,
        "cause": breach.cause.value,
        "about": breach.about,
        "at": breach.at.isoformat(),
        "since": breach.since.isoformat(),
        "evidence": [[name.value, _plain(value)] for name, value in breach.evidence],
        "source": then.cards.sources.get(breach.cause, ""),
        "law": then.law.version,
        "cards": then.cards.version,
        "rests_on": then.cards.source,
        "calendar": calendar.version,
    }


def runs(days: Sequence[Day]) -> tuple[DayRun, ...]:
    return tuple(_run(tuple(same)) for _, same in groupby(days, _what_is_said))


def _what_is_said(day: Day) -> tuple[object, ...]:
    hours = day.counted if isinstance(day.counted, timedelta) else None
    return day.state, day.skipped, day.why, day.is_announced, hours


def _run(days: tuple[Day, ...]) -> DayRun:
    first, last = days[0], days[-1]
    count, to = first.counted, last.counted
    return DayRun(
        first=first.day,
        last=last.day,
        state=first.state,
        numbers=(count, to) if isinstance(count, int) and isinstance(to, int) else None,
        seconds=first.counted.total_seconds() if isinstance(first.counted, timedelta) else None,
        skipped=first.skipped,
        why=first.why,
        is_announced=first.is_announced,
    )


def derive(clock: Clock, of: Clocks, facts: CaseFacts, calendar: WorkCalendar, until: datetime) -> Derivation:
    """`until` ends the list of a clock that is stopped."""
    days, told = _days_of(clock, of, facts, calendar, until)
    return Derivation(
        clock=clock,
        days=days,
        days_told=told,
        law=of.law.version,
        sources=dict(of.law.sources),
        cards=of.cards.version if of.cards else "",
        rests_on=of.cards.source if of.cards else "",
        calendar=calendar.version,
        facts=facts,
    )


_Days = tuple[tuple[Day, ...], Sequence[dict[str, Any]]]
"""And what is told of them."""


def _days_of(clock: Clock, of: Clocks, facts: CaseFacts, calendar: WorkCalendar, until: datetime) -> _Days:
    if clock.limit is None:
        return (), ()
    end = clock.out.late_from
    last = calendar.day_of(max(until, clock.start.moment) if end is None else end - timedelta(microseconds=1))
    last = min(last, clock.start.day + _LONGEST)
    stops = suspended(facts, of.law, of.start)
    if clock.limit.unit is LimitUnit.DAYS and not stops:
        return _uninterrupted(calendar, clock.start.day, last)
    return _told_too(_days(clock, stops, calendar, last))


@lru_cache(maxsize=1 << 12)
def _uninterrupted(calendar: WorkCalendar, first: int, last: int) -> _Days:
    """Most cases share theirs with many others."""
    return _told_too(_numbered(first, last, lambda day, number: _by_days(day, number, first, (), calendar)))


def _told_too(days: Iterable[Day]) -> _Days:
    found = tuple(days)
    return found, [_day_told(day) for day in found]


def _days(clock: Clock, stops: tuple[Suspension, ...], calendar: WorkCalendar, last: int) -> Iterator[Day]:
    assert clock.limit is not None
    if clock.limit.unit is LimitUnit.HOURS:
        return _numbered(clock.start.day, last, lambda day, _: _by_hours(day, clock, stops, calendar))
    start = clock.start.day
    return _numbered(start, last, lambda day, number: _by_days(day, number, start, stops, calendar))


def _numbered(first: int, last: int, one_day: Callable[[int, int], Day]) -> Iterator[Day]:
    """Each by its ordinal and the number of those that were counted before it."""
    number = 0
    for day in range(first, last + 1):
        found = one_day(day, number)
        if found.skipped is None:
            number += 1
        yield found


def _by_days(day: int, number: int, start: int, stops: tuple[Suspension, ...], calendar: WorkCalendar) -> Day:
    if day == start:
        return _skipped(day, Skipped.FIRST_DAY, "", calendar)
    stop = next((s for s in stops if _touches(s, day, calendar)), None)
    off = _OFF.get(calendar.state(day))
    if off is not None:
        return _skipped(day, off, calendar.closed_for(day), calendar)
    if stop is not None:
        return _skipped(day, Skipped.SUSPENDED, stop.reason.value, calendar)
    return _day(day, number + 1, calendar)


def _by_hours(day: int, clock: Clock, stops: tuple[Suspension, ...], calendar: WorkCalendar) -> Day:
    off = _OFF.get(calendar.state(day))
    if off is not None:
        return _skipped(day, off, calendar.closed_for(day), calendar)
    midnight, next_midnight = calendar.midnight(day), calendar.midnight(day + 1)
    outside = [Span(midnight, max(midnight, min(clock.start.moment, next_midnight)))]
    outside += [Span(s.start, max(s.start, s.end or next_midnight)) for s in stops if s.start < next_midnight]
    if clock.out.late_from is not None and clock.out.late_from < next_midnight:
        outside.append(Span(clock.out.late_from, next_midnight))
    return _day(day, total(subtract(calendar.open_spans(day), outside)), calendar)


def _touches(suspension: Suspension, day: int, calendar: WorkCalendar) -> bool:
    first, last = days_of(suspension, calendar)
    return first <= day <= last


def _day(day: int, counted: int | timedelta, calendar: WorkCalendar) -> Day:
    return Day(date.fromordinal(day), calendar.state(day), counted, None, "", not calendar.is_provisional(day, day))


def _skipped(day: int, why: Skipped, reason: str, calendar: WorkCalendar) -> Day:
    announced = not calendar.is_provisional(day, day)
    return Day(date.fromordinal(day), calendar.state(day), None, why, reason, announced)


@lru_cache(maxsize=1 << 14)
def _day_told(day: Day) -> dict[str, Any]:
    """The same days are in the derivations of many cases; nobody may change what this returns."""
    return _told(day)


_EMPTY: tuple[object, ...] = ("", ())


def _told(values: Any) -> dict[str, Any]:  # noqa: ANN401
    """The fields of a dataclass, without what is empty."""
    said = ((name, getattr(values, name)) for name in _fields(values.__class__))
    return {name: _plain(value) for name, value in said if value is not None and value not in _EMPTY}


def _plain(value: Any) -> Any:  # noqa: ANN401
    """As JSON keeps it; times in seconds."""
    kind = value.__class__
    if kind in _AS_THEY_ARE:
        return value
    if kind is datetime or kind is date:
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if kind is timedelta:
        return value.total_seconds()
    if kind is dict:
        return {name: _plain(part) for name, part in value.items()}
    if names := _fields(kind):
        return {name: _plain(getattr(value, name)) for name in names}
    return [_plain(part) for part in value]


_AS_THEY_ARE = frozenset({type(None), str, int, float, bool})


@lru_cache
def _fields(kind: type[object]) -> tuple[str, ...]:
    """Of a dataclass; none of anything else."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
