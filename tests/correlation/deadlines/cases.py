"""Days and cases in few words, in the zone of Foshan."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from correlation.deadlines.clocks import Clock, clocks
from correlation.deadlines.facts import CaseFacts, Limit
from correlation.deadlines.rules import shipped_rules
from correlation.deadlines.told import ItemLimits
from correlation.deadlines.work_calendar import FOSHAN, WorkCalendar, always
from storage.models import ClockName

RULES = shipped_rules()
CALENDAR = WorkCalendar()
CALENDARS = always(CALENDAR)


class Declared:
    """A catalogue that says the same of every item at any time."""

    def __init__(self, limits: ItemLimits | None) -> None:
        self._limits = limits

    def limits(self, _code: str, _received: datetime, _moment: datetime) -> ItemLimits | None:
        return self._limits

    def turns(self, _code: str) -> list[datetime]:
        return []


def at(day: str, clock: str = "10:00") -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), FOSHAN).astimezone(UTC)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), FOSHAN).astimezone(UTC)


def accepted(day: str, **more: Any) -> CaseFacts:
    """Received and accepted on the same day, with the limits 20 and 5."""
    said = {"legal": Limit(20), "promised": Limit(5), **more}
    return CaseFacts(received_at=at(day, "09:30"), accepted_at=at(day), **said)


def clock(facts: CaseFacts, name: ClockName = ClockName.LEGAL, calendar: WorkCalendar = CALENDAR) -> Clock:
    found = clocks(facts, RULES, calendar).named(name)
    assert found is not None
    return found


def last_day(counted: Clock) -> date | None:
    """The last day in time."""
    late_from = counted.out.late_from
    return None if late_from is None else (late_from - timedelta(microseconds=1)).astimezone(FOSHAN).date()
