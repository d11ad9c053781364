"""The calendars of halls as the tables say: their zones, hours and closures."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from correlation.deadlines.work_calendar import (
    FOSHAN,
    LONG_AGO,
    USUAL_HOURS,
    Closure,
    DatedCalendars,
    HoursOfDay,
    WorkCalendar,
    always,
    usual_hours,
)
from storage import models
from storage.hours import hours_of, opening, ruled_in
from storage.intervals import Span, intersect, merge, subtract
from storage.models import Hall, OpeningHours
from storage.statutory import VERSION

_Rows = tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class HallDays:
    """What a hall's calendars are made of; equal as long as nothing of it changes."""

    zone: str
    hours: _Rows
    closures: _Rows


class CalendarBook:
    """The calendars of all halls. Making one takes a while, so it keeps those whose hall has not changed."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[HallDays, DatedCalendars]] = {}
        self._elsewhere = always(WorkCalendar(FOSHAN))

    def refresh(self, session: Session) -> Mapping[str, HallDays]:
        """Returns what they are made of, by hall."""
        halls = {hall.id: hall.timezone for hall in session.exec(select(Hall))}
        hours, closures = hours_of(session, halls), _closures(session)
        for hall_id, zone in halls.items():
            days = HallDays(zone, _plain_hours(hours.get(hall_id, ())), _plain_closures(closures[hall_id]))
            if hall_id not in self._made or self._made[hall_id][0] != days:
                self._made[hall_id] = days, _calendars(hall_id, zone, hours.get(hall_id, ()), closures[hall_id])
        return {hall_id: days for hall_id, (days, _) in self._made.items()}

    def tried(self, session: Session, closures: Sequence[models.Closure]) -> Callable[[str | None], DatedCalendars]:
        """The calendars after a refresh, as if these closures, and these withdrawals of closures, had been noted."""
        zones = {hall.id: hall.timezone for hall in session.exec(select(Hall))}
        hours, noted = hours_of(session, zones), _closures(session)
        changed: dict[str, DatedCalendars] = {}
        for hall_id in {closure.hall_id for closure in closures}:
            own = [closure for closure in closures if closure.hall_id == hall_id]
            rest = [closure for closure in noted[hall_id] if closure.id not in {one.id for one in own}]
            changed[hall_id] = _calendars(hall_id, zones[hall_id], hours.get(hall_id, ()), [*rest, *own])
        return lambda hall_id: changed[hall_id] if hall_id in changed else self.of(hall_id)

    def of(self, hall_id: str | None) -> DatedCalendars:
        """Of the hall; of a case that belongs to none, the plain one."""
        return self._made[hall_id][1] if hall_id in self._made else self._elsewhere


def in_turn(halls: Sequence[tuple[datetime, str | None]], of: Callable[[str | None], DatedCalendars]) -> DatedCalendars:
    """The calendars of a case that was in these halls one after the other; the first since ever."""
    if len(halls) == 1:
        return of(halls[0][1])
    found: list[tuple[datetime, WorkCalendar]] = []
    for (since, hall_id), following in zip_longest(halls, halls[1:]):
        dated = of(hall_id)
        known = [calendar for at, calendar in dated if at <= since]
        found.append((since, known[-1] if known else dated[0][1]))
        found += [(at, each) for at, each in dated if at > since and (following is None or at < following[0])]
    return found


def _closures(session: Session) -> dict[str, list[models.Closure]]:
    found: dict[str, list[models.Closure]] = defaultdict(list)
    for closure in session.exec(select(models.Closure).order_by(col(models.Closure.id))):
        found[closure.hall_id].append(closure)
    return found


def _plain_hours(rows: Sequence[OpeningHours]) -> _Rows:
    return tuple(sorted((row.weekday, row.opens, row.closes, str(row.valid_from), str(row.valid_to)) for row in rows))


def _plain_closures(rows: Sequence[models.Closure]) -> _Rows:
    return tuple((row.id, row.day, row.reason, row.noted_at, row.withdrawn_at) for row in rows)


def _calendars(
    hall_id: str, zone: str, hours: Sequence[OpeningHours], closures: Sequence[models.Closure]
) -> DatedCalendars:
    """One for each moment at which a closure was noted, or noted to be a mistake."""
    moments = {moment for row in closures for moment in (row.noted_at, row.withdrawn_at) if moment}
    opened = _hours(hours, ZoneInfo(zone))
    found = []
    for since in (LONG_AGO, *sorted(moments)):
        known = [Closure(row.day, row.reason) for row in closures if _is_known(row, since)]
        version = f"{VERSION}; {hall_id}: {len(known)} closures" if known else VERSION
        found.append((since, WorkCalendar(ZoneInfo(zone), tuple(known), opened, version)))
    return tuple(found)


def _is_known(closure: models.Closure, at: datetime) -> bool:
    return closure.noted_at <= at and (closure.withdrawn_at is None or at < closure.withdrawn_at)


def _hours(rows: Sequence[OpeningHours], zone: ZoneInfo) -> HoursOfDay:
    """Those of the hall; the usual ones where it has told none, and before it did."""
    usual = usual_hours(zone, USUAL_HOURS)
    if not rows:
        return usual

    def hours(day: date) -> Sequence[Span]:
        midnight = datetime.combine(day, time(), zone)
        whole = Span(midnight, midnight + timedelta(days=1))
        ruled = ruled_in(rows, whole)
        told = intersect(opening(rows, zone, whole.start, whole.end), ruled)
        return merge([*told, *intersect(usual(day), subtract([whole], ruled))])

    return hours
