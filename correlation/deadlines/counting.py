"""Counts working days and working hours past the pauses of a clock. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, NamedTuple, TypeVar

from pydantic import Field

from correlation.deadlines.work_calendar import LAST, WorkCalendar
from storage.intervals import Span, subtract

FOREVER = datetime(2149, 1, 1, tzinfo=UTC)


class Ahead(NamedTuple):
    """How long before a limit passes one is reminded of it."""

    days: Annotated[int, Field(ge=0, le=100)] = 1
    hours: Annotated[int, Field(ge=0, le=100)] = 1
    at: time = time(9)
    """Of the day, for limits in days."""


class RunOut(NamedTuple):
    """When a limit passes."""

    late_from: datetime | None
    """The first moment that is too late; None while the clock is stopped."""
    remind_at: datetime | None
    provisional: bool = False
    """A year on the way is not announced: the date may still move."""
    remaining: timedelta | int | None = None
    """While the clock is stopped: the days, or the working time, that are left."""


class Pause(NamedTuple):
    """Days that are not counted, both included; LAST for one that lasts."""

    first: int
    last: int


def merged(pauses: Sequence[Pause]) -> tuple[Pause, ...]:
    """In order, and none overlapping another: a day that two of them cover is left out once."""
    if len(pauses) == 1:
        return tuple(pauses)
    found: list[Pause] = []
    for pause in sorted(pauses):
        if found and pause.first <= found[-1].last + 1:
            found[-1] = Pause(found[-1].first, max(found[-1].last, pause.last))
        else:
            found.append(pause)
    return tuple(found)


def days_run_out(calendar: WorkCalendar, start: int, days: int, ahead: Ahead, pauses: tuple[Pause, ...]) -> RunOut:
    """Working days after the day `start`. A case shares its dates with many others, those of its pauses included."""
    found: RunOut | None = calendar.known.get(key := (start, days, ahead, pauses))
    return found or remember(calendar, key, _days_run_out(calendar, start, days, ahead, pauses))


_T = TypeVar("_T")


def remember(calendar: WorkCalendar, key: object, counted: _T) -> _T:
    """Counted by this calendar; not for ever."""
    if len(calendar.known) >= MOST_KNOWN:
        calendar.known.clear()
    calendar.known[key] = counted
    return counted


def _days_run_out(calendar: WorkCalendar, start: int, days: int, ahead: Ahead, pauses: tuple[Pause, ...]) -> RunOut:
    last = nth_day(calendar, start, days, pauses)
    if last is None:
        until = max(start, next(pause.first for pause in pauses if pause.last == LAST) - 1)
        provisional = calendar.is_provisional(start, until)
        return RunOut(None, None, provisional, days - counted(calendar, start, until, pauses))
    remind = nth_day(calendar, start, days - ahead.days, pauses)
    assert remind is not None  # it comes no later than the last day
    return RunOut(calendar.midnight(last + 1), calendar.at(remind, ahead.at), calendar.is_provisional(start, last))


def hours_run_out(calendar: WorkCalendar, start: datetime, hours: int, ahead: Ahead, stops: Sequence[Span]) -> RunOut:
    """Working hours from the moment `start`; the stops are left out to the minute."""
    late_from = nth_hour(calendar, start, timedelta(hours=hours), stops)
    if late_from is None:
        stopped = max(start, min((stop.start for stop in stops if stop.end == FOREVER), default=start))
        return RunOut(None, None, False, timedelta(hours=hours) - hours_until(calendar, start, stopped, stops))
    remind = nth_hour(calendar, start, timedelta(hours=max(0, hours - ahead.hours)), stops)
    return RunOut(late_from, remind, calendar.is_provisional(calendar.day_of(start), calendar.day_of(late_from)))


def nth_day(calendar: WorkCalendar, start: int, number: int, pauses: Sequence[Pause]) -> int | None:
    """The day that counts as the so-many-th after `start`, itself for 0; None if a pause that lasts begins before it.

    `pauses` are merged.
    """
    if number <= 0:
        return start
    wanted = calendar.upto(start) + number
    day = calendar.nth(wanted)
    for pause in pauses:
        first = max(pause.first, start + 1)
        if pause.last < first:
            continue
        if first > day:
            break
        if pause.last == LAST:
            return None
        wanted += calendar.upto(pause.last) - calendar.upto(first - 1)
        day = calendar.nth(wanted)
    return day


def counted(calendar: WorkCalendar, start: int, last: int, pauses: Sequence[Pause]) -> int:
    """How many days after `start` up to and including `last` are counted."""
    total = calendar.upto(last) - calendar.upto(start)
    for pause in pauses:
        first, end = max(pause.first, start + 1), min(pause.last, last)
        if first <= end:
            total -= calendar.upto(end) - calendar.upto(first - 1)
    return total


def nth_hour(calendar: WorkCalendar, start: datetime, wanted: timedelta, stops: Sequence[Span]) -> datetime | None:
    """When so much working time has passed; None where there is none to count, as while a stop lasts."""
    day = calendar.day_of(start)
    last = min(LAST, day + _LONGEST_DAYS)
    left = wanted
    while day <= last:
        for span in subtract(calendar.open_spans(day), [*stops, Span(min(start, calendar.midnight(day)), start)]):
            if span.duration >= left:
                return span.start + left
            left -= span.duration
        day += 1
    return None


def hours_until(calendar: WorkCalendar, start: datetime, end: datetime, stops: Sequence[Span]) -> timedelta:
    """The working time from `start` to `end`."""
    days = range(calendar.day_of(start), calendar.day_of(end) + 1)
    outside = [*stops, Span(min(start, calendar.midnight(days.start)), start)]
    spans = subtract([span for day in days for span in calendar.open_spans(day)], outside)
    return sum((min(span.end, end) - span.start for span in spans if span.start < end), timedelta(0))


MOST_KNOWN = 10_000
"""Dates that a calendar keeps, some 5 MB: half a million open cases with their pauses share half as many."""
_LONGEST_DAYS = 3_660
"""A clock of hours that has not come to its end within ten years never does: its place is not open at all."""
