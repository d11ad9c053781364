"""When a hall is open, or a counter is to be staffed: weekly rows, statutory holidays, make-up days, closures."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from storage.intervals import Span, intersect, merge, subtract
from storage.models import Closure, Counter, Hall, OpeningHours, Roster
from storage.statutory import may_be_holiday, worked_as

Weekly = OpeningHours | Roster
Hours = Callable[[Sequence[Weekly], ZoneInfo, datetime, datetime], tuple[Span, ...]]


@dataclass(frozen=True, slots=True)
class HallHours:
    """When a hall is open, and when that is sure enough to judge somebody by it."""

    zone: ZoneInfo
    rows: tuple[OpeningHours, ...] = ()
    closures: frozenset[date] = frozenset()
    """Days in its zone on which it is closed by itself, as is known today."""

    def is_open(self, at: datetime) -> bool:
        return bool(self._but_closures(opening, Span(at, at + timedelta(microseconds=1))))

    def judged(self, start: datetime, end: datetime) -> tuple[Span, ...]:
        """Where it is open in [start, end), and certainly so."""
        return tuple(self._but_closures(certain, Span(start, end))) if start < end else ()

    def _but_closures(self, hours: Hours, asked: Span) -> list[Span]:
        days = _days_of(asked, self.zone)
        closed = [day_span(day, self.zone) for day in days if day in self.closures]
        return subtract(hours(self.rows, self.zone, asked.start, asked.end), closed)


def hall_hours(session: Session, zones: Mapping[str, ZoneInfo]) -> dict[str, HallHours]:
    """Of each hall, by its zone."""
    rows, closures = hours_of(session, zones), _closures(session, zones)
    return {
        hall_id: HallHours(zone, tuple(rows.get(hall_id, ())), frozenset(closures[hall_id]))
        for hall_id, zone in zones.items()
    }


def day_span(day: date, zone: ZoneInfo) -> Span:
    """From midnight to midnight."""
    return Span(_moment(day, "00:00", zone), _moment(day, "24:00", zone))


def opening(rows: Sequence[Weekly], zone: ZoneInfo, start: datetime, end: datetime) -> tuple[Span, ...]:
    """Where these rows say open in [start, end), plain weekdays standing in for holidays that are not announced.

    While no row is in force, all of it is.
    """
    if end <= start:
        return ()
    asked = Span(start, end)
    ruled = ruled_in(rows, asked)
    if not ruled:
        return (asked,)
    spans = [span for day in _days_of(asked, zone) for span in _open_on(day, rows, zone)]
    return tuple(intersect(merge([*spans, *subtract([asked], ruled)]), [asked]))


def certain(rows: Sequence[Weekly], zone: ZoneInfo, start: datetime, end: datetime) -> tuple[Span, ...]:
    """The same without the days that may turn out to be holidays, as far as rows are in force: they alone have any."""
    if end <= start:
        return ()
    asked = Span(start, end)
    doubtful = [day_span(day, zone) for day in _days_of(asked, zone) if may_be_holiday(day)]
    return tuple(subtract(opening(rows, zone, start, end), intersect(doubtful, ruled_in(rows, asked))))


def ruled_in(rows: Sequence[Weekly], span: Span) -> list[Span]:
    """Where in the span some row is in force."""
    return merge(found for row in rows if (found := _in_force(row, span)) is not None)


def hours_of(session: Session, hall_ids: Iterable[str]) -> dict[str, list[OpeningHours]]:
    """Every row of these halls, also those that are no longer or not yet in force; nothing for a hall without any."""
    rows: dict[str, list[OpeningHours]] = defaultdict(list)
    for row in session.exec(select(OpeningHours).where(col(OpeningHours.hall_id).in_(list(hall_ids)))):
        rows[row.hall_id].append(row)
    return dict(rows)


def off_duty(session: Session, spans: Mapping[str, Span], hours: Hours = certain) -> dict[str, list[Span]]:
    """Of each counter that has a roster, the parts of its span in which nobody is to be there."""
    rows: dict[str, list[Roster]] = defaultdict(list)
    zones: dict[str, ZoneInfo] = {}
    found = select(Roster, Hall.timezone).join(Counter, col(Counter.id) == col(Roster.counter_id))
    found = found.join(Hall, col(Hall.id) == col(Counter.hall_id)).where(col(Roster.counter_id).in_(spans))
    for row, timezone in session.exec(found):
        rows[row.counter_id].append(row)
        zones[row.counter_id] = ZoneInfo(timezone)
    return {
        counter_id: subtract([whole], hours(rows[counter_id], zones[counter_id], whole.start, whole.end))
        for counter_id, whole in spans.items()
        if counter_id in rows
    }


def _closures(session: Session, hall_ids: Collection[str]) -> Mapping[str, set[date]]:
    found: dict[str, set[date]] = defaultdict(set)
    standing = select(Closure.hall_id, col(Closure.day)).where(col(Closure.withdrawn_at).is_(None))
    for hall_id, day in session.exec(standing.where(col(Closure.hall_id).in_(hall_ids))):
        found[hall_id].add(day)
    return found


def _days_of(span: Span, zone: ZoneInfo) -> Iterator[date]:
    """Those that it touches."""
    day, last = span.start.astimezone(zone).date(), span.end.astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _open_on(day: date, rows: Sequence[Weekly], zone: ZoneInfo) -> Iterator[Span]:
    weekday = worked_as(day)
    for row in rows:
        opens, closes = _moment(day, row.opens, zone), _moment(day, row.closes, zone)
        if row.weekday == weekday and opens < closes and (span := _in_force(row, Span(opens, closes))):
            yield span


def _in_force(row: Weekly, within: Span) -> Span | None:
    """The part of the span in which the row holds."""
    start = max(within.start, row.valid_from) if row.valid_from else within.start
    end = min(within.end, row.valid_to) if row.valid_to else within.end
    return Span(start, end) if start < end else None


def _moment(day: date, text: str, zone: ZoneInfo) -> datetime:
    """`HH:MM` of that day in UTC; 24:00 is the next midnight."""
    hours, minutes = (int(part) for part in text.split(":"))
    if hours == 24:
        day, hours = day + timedelta(days=1), 0
    return datetime.combine(day, time(hours, minutes), zone).astimezone(UTC)
