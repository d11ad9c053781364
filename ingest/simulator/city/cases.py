"""One case as rows of the exchange standard, each with the moment since which its platform could tell it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from ingest.simulator.city.catalogue import APPLICANTS, COUNTERS, REVIEWERS, WINDOW_STAFF, Row
from ingest.simulator.city.courses import Course, Pause
from ingest.simulator.city.days import at
from ingest.simulator.city.hours import PAUSED_FROM, PAUSED_TO

_MINUTE = timedelta(minutes=1)
_ACCEPTING, _WRITING = 10 * _MINUTE, 15 * _MINUTE
"""How long it takes to accept a case, and to write its result."""


@dataclass(frozen=True)
class Event:
    """Something that happened, as it is told."""

    happened: datetime
    row: Row
    entered_on: date | None = None
    """When it was entered, if not at once."""


@dataclass(frozen=True)
class ExpectedCard:
    cause: str
    on: date
    link: str = ""


@dataclass(frozen=True)
class CityCase:
    number: str
    course: Course
    events: tuple[Event, ...]
    fault: str = ""
    cards: tuple[ExpectedCard, ...] = field(default=())
    """That have to stand when the year is over; no others may."""

    def event(self, name: str) -> Event:
        """Of a step by its kind, else of a kind of record."""
        return next(event for event in self.events if name in (event.row.get("kind"), event.row["record"]))

    def without(self, *names: str) -> "CityCase":
        kept = (e for e in self.events if e.row.get("kind") not in names and e.row["record"] not in names)
        return replace(self, events=tuple(kept))

    def with_event(self, name: str, event: Event) -> "CityCase":
        old = self.event(name)
        return replace(self, events=tuple(event if each is old else each for each in self.events))


def tell_case(chance: random.Random, number: str, course: Course) -> CityCase:
    return CityCase(number, course, tuple(_Telling(chance, number, course).events()))


class _Telling:
    def __init__(self, chance: random.Random, number: str, course: Course) -> None:
        self._chance = chance
        self._number = number
        self._course = course
        self._window = chance.choice(WINDOW_STAFF)
        self._reviewer = chance.choice(REVIEWERS)
        self._counter = course.place.counter(chance.randint(1, COUNTERS))
        self._applicant = chance.choice(APPLICANTS)

    def events(self) -> Iterator[Event]:
        course, chance = self._course, self._chance
        received = at(course.received, chance.uniform(9, 10))
        resupplied = course.supplement and course.supplement.last == course.accepted
        accepted = at(course.accepted, chance.uniform(10.3, 11) if not resupplied else 11.5)
        reviewed = at(course.reviewed, chance.uniform(13.5, 14.5))
        decided = at(course.decided, chance.uniform(15, 17))
        if course.moments is not None:
            accepted = course.moments.accepted - _ACCEPTING
            decided = course.moments.decided - _WRITING
        yield self._step("receive", received, 10)
        if course.supplement is not None:
            yield from self._suspended("N", course.supplement)
        yield self._step("accept", accepted, _ACCEPTING // _MINUTE)
        yield self._record("fee", "F", accepted + timedelta(minutes=5), "charged", **self._fee())
        if course.pause is not None:
            yield from self._suspended("P", course.pause)
        if course.extended_on is not None:
            yield self._record("extension", "E", at(course.extended_on, 10), "approved", days=course.more_days)
        yield self._step("review", reviewed, 25)
        yield self._step("decide", decided, _WRITING // _MINUTE)
        yield self._step("close", decided + timedelta(minutes=20), 2)
        yield self._record("result", "R", decided + _WRITING, "decided", **self._result())
        delivered = max(at(course.delivered, chance.uniform(9, 16)), decided + timedelta(minutes=25))
        yield self._record("delivery", "D", delivered, "delivered", way="post")
        if chance.random() < 0.4:
            level = chance.choices([5, 4, 3, 2, 1], [70, 20, 6, 3, 1])[0]
            yield self._record("rating", "G", delivered + timedelta(minutes=10), "rated", level=level)

    def _step(self, kind: str, start: datetime, minutes: int) -> Event:
        course = self._course
        in_sight = kind in ("receive", "accept")
        end = start + timedelta(minutes=minutes)
        row: Row = {
            "record": "step",
            "case": self._number,
            "step": f"{self._number}-{kind}",
            "kind": kind,
            "operator": self._window if in_sight else self._reviewer,
            "counter": self._counter if in_sight else "",
            "start": start.isoformat(),
            "end": end.isoformat(),
            "item": course.item.code,
            "department": f"{course.place.district}-{course.item.department}",
            "applicant": self._applicant,
            "channel": "counter",
        }
        return Event(end, row)

    def _suspended(self, mark: str, pause: Pause) -> Iterator[Event]:
        """Told when it begins, and corrected when its end is known."""
        hours = 10.2 if mark == "N" else PAUSED_FROM
        start, end = at(pause.first, hours), at(pause.last, PAUSED_TO)
        row: Row = {"reason": pause.reason, "notice_number": f"通知〔{self._number}〕{mark}"}
        yield self._record("suspension", mark, start, "start", **row)
        told = self._record("suspension", mark, start, "start", **row, end=end.isoformat())
        yield replace(told, happened=end)

    def _record(self, record: str, mark: str, moment: datetime, stamp: str, **said: object) -> Event:
        row = {"record": record, "id": f"{self._number}-{mark}", "case": self._number, stamp: moment.isoformat()}
        return Event(moment, row | said)

    def _fee(self) -> Row:
        code, name, amount = self._course.item.fee
        return {"code": code, "name": name, "amount": amount}

    def _result(self) -> Row:
        if self._chance.random() < 0.08:
            return {"decision": "refused", "reason": "不符合规定的条件"}
        return {"decision": "granted", "document": f"许〔{self._number}〕"}
