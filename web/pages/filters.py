"""Filters that several lists share; they live in the address."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from sqlalchemy import ColumnElement, and_, false, true
from sqlalchemy.orm import Mapped

from storage.sayings import Saying
from web.error_answers import also_wrong
from web.errors import NotFound
from web.field_problems import FieldProblem
from web.pages.places import DistrictRef, HallRef

DEFAULT_ZONE = "Asia/Shanghai"
_NO_DAY = Saying("There is no such day. Choose another one.")
_BACKWARDS = Saying("“To day” lies before “From day”. Choose a later one.")
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)


@dataclass(frozen=True)
class DayRange:
    """Whole days, both inclusive, in the hall's zone; None is open."""

    first: date | None
    last: date | None
    unreadable: tuple[str, ...] = ()
    """Which of `from` and `to` were given and are no day."""

    @property
    def is_wrong(self) -> bool:
        return bool(self.unreadable) or self.is_reversed

    @property
    def is_reversed(self) -> bool:
        """No day lies in it: the last is before the first."""
        return self.first is not None and self.last is not None and self.last < self.first

    def contains(self, at: Mapped[Any], zone: str) -> ColumnElement[bool]:
        if self.unreadable:
            return false()
        bounds: list[ColumnElement[bool]] = []
        if self.first:
            bounds.append(at >= midnight(self.first, zone))
        if self.last:
            bounds.append(at < midnight(self.last + timedelta(days=1), zone))
        return and_(*bounds) if bounds else true()


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def next_midnight(now: datetime, zone: str) -> datetime:
    """When the day ends."""
    return midnight(now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), zone)


def day_range(
    request: Request, first: Annotated[str, Query(alias="from")] = "", last: Annotated[str, Query(alias="to")] = ""
) -> DayRange:
    """An empty field is sent as an empty text. What is no day is told by the page, or by that of other wrong values."""
    days = {name: read_day(text) for name, text in (("from", first), ("to", last)) if text}
    unreadable = tuple(name for name, day in days.items() if day is None)
    found = DayRange(days.get("from"), days.get("to"), unreadable)
    backwards = [FieldProblem("to", _BACKWARDS)] if found.is_reversed else []
    also_wrong(request, [*(FieldProblem(name, _NO_DAY) for name in unreadable), *backwards])
    return found


def read_day(text: str) -> date | None:
    """None for what is no day, or one whose midnight some zone cannot name."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST_DAY <= day < _LAST_DAY else None


def local_moment(text: str, zone: str) -> datetime | None:
    """A time of the hall's clock, or one with its own zone; None for an empty or mangled one."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


DayRangeDep = Annotated[DayRange, Depends(day_range)]


def chosen_hall(halls: tuple[HallRef, ...], wanted: str) -> HallRef | None:
    """None where no hall is asked for. Raises NotFound for a hall that the viewer may not see."""
    if not wanted:
        return None
    for hall in halls:
        if hall.id == wanted:
            return hall
    raise NotFound


def chosen_district(districts: tuple[DistrictRef, ...], wanted: str) -> DistrictRef | None:
    """As `chosen_hall`, of the districts that the viewer sees something of."""
    if not wanted:
        return None
    for district in districts:
        if district.id == wanted:
            return district
    raise NotFound


def zone_of(halls: tuple[HallRef, ...], hall: HallRef | None) -> str:
    """In which zone days of a list are meant: of its hall, or of the first."""
    if hall:
        return hall.timezone
    return halls[0].timezone if halls else DEFAULT_ZONE
