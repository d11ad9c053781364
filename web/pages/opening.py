"""Which halls are open, and when they were: the rule is the one by which absences are found."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from storage.hours import hours_of, is_open, opening
from storage.intervals import Span, subtract
from web.pages.places import HallRef


def open_halls(session: Session, halls: Iterable[HallRef], now: datetime) -> frozenset[str]:
    """Ids of those that are open."""
    zones = {hall.id: hall.timezone for hall in halls}
    hours = hours_of(session, zones)
    return frozenset(hall for hall, zone in zones.items() if is_open(hours.get(hall, ()), ZoneInfo(zone), now))


def closed_spans(session: Session, hall: HallRef, start: datetime, end: datetime) -> list[Span]:
    """Of start..end; empty where that is upside down."""
    asked = Span(start, max(start, end))
    return subtract([asked], open_spans(session, hall, start, asked.end))


def open_spans(session: Session, hall: HallRef, start: datetime, end: datetime) -> tuple[Span, ...]:
    hours = hours_of(session, [hall.id]).get(hall.id, ())
    return opening(hours, ZoneInfo(hall.timezone), start, end).spans
