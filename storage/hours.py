"""When a hall is open, or a counter is to be staffed: weekly rows, statutory holidays, make-up working days."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from storage.intervals import Span, intersect, merge, subtract
from storage.models import Counter, Hall, OpeningHours, Roster
from storage.statutory import is_announced, worked_as

Weekly = OpeningHours | Roster


@dataclass(frozen=True, slots=True)
class Opening:
    """The open spans inside the asked one."""

    spans: tuple[Span, ...]
    provisional: bool = False
    """Some day lies in a year whose holidays are not announced: its weekday was taken as it is."""


def opening(rows: Sequence[Weekly], zone: ZoneInfo, start: datetime, end: datetime) -> Opening:
    """Where the hall is open in [start, end); while no row is in force, it always is."""
    if end <= start:
        return Opening(())
    asked = Span(start, end)
    ruled = ruled_in(rows, asked)
    if not ruled:
        return Opening((asked,))
    days = list(_days(start.astimezone(zone).date(), end.astimezone(zone).date()))
    spans = [span for day in days for span in _open_on(day, rows, zone)]
    inside = intersect(merge([*spans, *subtract([asked], ruled)]), [asked])
    return Opening(tuple(inside), provisional=any(not is_announced(day.year) for day in days))


def ruled_in(rows: Sequence[Weekly], span: Span) -> list[Span]:
    """Where in the span some row is in force."""
    return merge(found for row in rows if (found := _in_force(row, span)) is not None)


def is_open(rows: Sequence[Weekly], zone: ZoneInfo, at: datetime) -> bool:
    return bool(opening(rows, zone, at, at + timedelta(microseconds=1)).spans)


def hours_of(session: Session, hall_ids: Iterable[str]) -> dict[str, list[OpeningHours]]:
    """Every row of these halls, also those that are no longer or not yet in force; nothing for a hall without any."""
    rows: dict[str, list[OpeningHours]] = defaultdict(list)
    for row in session.exec(select(OpeningHours).where(col(OpeningHours.hall_id).in_(list(hall_ids)))):
        rows[row.hall_id].append(row)
    return dict(rows)


def off_duty(session: Session, spans: Mapping[str, Span]) -> dict[str, list[Span]]:
    """Of each counter that has a roster, the parts of its span in which nobody is to be there."""
    rows: dict[str, list[Roster]] = defaultdict(list)
    zones: dict[str, ZoneInfo] = {}
    found = select(Roster, Hall.timezone).join(Counter, col(Counter.id) == col(Roster.counter_id))
    found = found.join(Hall, col(Hall.id) == col(Counter.hall_id)).where(col(Roster.counter_id).in_(spans))
    for row, timezone in session.exec(found):
        rows[row.counter_id].append(row)
        zones[row.counter_id] = ZoneInfo(timezone)
    return {
        counter_id: subtract([whole], opening(rows[counter_id], zones[counter_id], whole.start, whole.end).spans)
        for counter_id, whole in spans.items()
        if counter_id in rows
    }


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


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
