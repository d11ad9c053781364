"""Which halls are open, and when counters had to be staffed: the rules are those by which absences are found."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from storage.hours import hall_hours, off_duty, opening
from storage.intervals import Span, subtract
from web.pages.places import CounterRef, HallRef


def open_halls(session: Session, halls: Iterable[HallRef], now: datetime) -> frozenset[str]:
    """Ids of those that are open."""
    hours = hall_hours(session, {hall.id: ZoneInfo(hall.timezone) for hall in halls})
    return frozenset(hall for hall, of_hall in hours.items() if of_hall.is_open(now))


def closed_spans(session: Session, hall: HallRef, start: datetime, end: datetime) -> list[Span]:
    """Of start..end; empty where that is upside down."""
    asked = Span(start, max(start, end))
    return subtract([asked], open_spans(session, hall, start, asked.end))


def open_spans(session: Session, hall: HallRef, start: datetime, end: datetime) -> tuple[Span, ...]:
    return hall_hours(session, {hall.id: ZoneInfo(hall.timezone)})[hall.id].judged(start, end)


def on_duty(session: Session, counters: Iterable[CounterRef], now: datetime) -> frozenset[str]:
    """Ids of the counters that are to be staffed: their hall is open, and their roster, if they have one, says so."""
    asked = list(counters)
    is_open = open_halls(session, {counter.hall for counter in asked}, now)
    moment = Span(now, now + timedelta(microseconds=1))
    off = off_duty(session, {counter.id: moment for counter in asked}, opening)
    return frozenset(counter.id for counter in asked if counter.hall.id in is_open and not off.get(counter.id))


def duty_spans(session: Session, counter: CounterRef, start: datetime, end: datetime) -> list[Span]:
    """When it was to be staffed."""
    off = off_duty(session, {counter.id: Span(start, max(start, end))})
    return subtract(open_spans(session, counter.hall, start, end), off.get(counter.id, ()))


def free_spans(session: Session, counter: CounterRef, start: datetime, end: datetime) -> list[Span]:
    """When it was not."""
    asked = Span(start, max(start, end))
    return subtract([asked], duty_spans(session, counter, start, asked.end))
