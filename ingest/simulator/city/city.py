"""A year of the whole city: all cases, all that is sent, and the truth about both."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from ingest.simulator.city.cases import CityCase, Event, tell_case
from ingest.simulator.city.catalogue import (
    ITEMS,
    PLACES,
    PLATFORMS,
    SUPPLEMENTERS,
    THE_YEAR,
    YEAR,
    Item,
    Period,
    Place,
    Platform,
)
from ingest.simulator.city.courses import CORRECTION_DAYS, Course, legal_days, plan_course
from ingest.simulator.city.days import at, between, is_worked, nth, nth_before
from ingest.simulator.city.faults import DataFault, Fault
from ingest.simulator.city.figures import Figures, count, count_late, day_of
from ingest.simulator.city.hours import plan_in_hours
from ingest.simulator.city.sending import Arrival, send_all
from ingest.simulator.city.spoiling import ENTRY_HOUR, enter_at_once, enter_later, spoil
from ingest.simulator.city.troubles import Troubles, plan_troubles

_FAULTY_SHARE = 0.3
_GROUP = 6
"""Cases that are entered at once."""
_LATE_SHARE, _DROPPED_SHARE, _AGAIN_SHARE = 0.05, 0.01, 0.08
_AGAIN_DAYS = 8
_LONGEST_WAY = 45
"""Working days that a case may take beyond its promised limit, whatever is wrong with it."""
_OF_LINKS = (Fault.LINK_LATE,)
_OF_ANY = (
    Fault.HANDED_OVER_LATE,
    Fault.FEE_UNLISTED,
    Fault.REFUSED_WITHOUT_REASON,
    Fault.DATA_MISSING,
    Fault.OPERATOR_MISSING,
    Fault.RESULT_MISSING,
    Fault.DELIVERY_MISSING,
    Fault.COUNTER_MISSING,
    Fault.FEE_MISSING,
)
_OF_LACK = (
    Fault.OPERATOR_MISSING,
    Fault.RESULT_MISSING,
    Fault.DELIVERY_MISSING,
    Fault.COUNTER_MISSING,
    Fault.NOTICE_MISSING,
    Fault.FEE_MISSING,
)
"""Not from the beginning: of a platform that has never told such a thing nobody can say that it left it out."""


@dataclass(frozen=True)
class Dropped:
    """Rows that a platform counts and has never sent."""

    platform: Platform
    record: str
    day: date


@dataclass(frozen=True)
class City:
    cases: tuple[CityCase, ...]
    arrivals: tuple[Arrival, ...]
    """In order of arrival."""
    lost: tuple[Arrival, ...]
    """Batches that never come."""
    figures: Mapping[str, Mapping[date, Figures]]
    """By platform and day, as the platform counts."""
    dropped: tuple[Dropped, ...]


def make_city(seed: int, cases: int, period: Period = THE_YEAR) -> City:
    """The same arguments give the same city."""
    chance = random.Random(seed)
    troubles = plan_troubles(chance, period)
    made = tuple(_Making(chance, troubles, period).cases(cases))
    arrivals: list[Arrival] = []
    true: list[CityCase] = []
    counted, dropped = {}, []
    for platform in PLATFORMS:
        own = [case for case in made if case.course.place.platform is platform]
        kept, lost_rows = _kept(chance, own)
        sent = send_all(chance, platform, kept, troubles[platform.id], period)
        counted[platform.id] = count(own)
        count_late(counted[platform.id], (arrival for arrival in sent if not arrival.is_lost))
        arrivals += sent
        dropped += lost_rows
        true += kept
    arrivals.sort(key=lambda arrival: (arrival.at, arrival.platform.id))
    lost = tuple(arrival for arrival in arrivals if arrival.is_lost)
    came = tuple(arrival for arrival in arrivals if not arrival.is_lost)
    return City(tuple(true), came, lost, counted, tuple(dropped))


def _kept(chance: random.Random, cases: Sequence[CityCase]) -> tuple[list[CityCase], list[Dropped]]:
    """As they are sent, and what of them is not: a rating or a fee of a case of which nothing is said.

    A fee that is lacking is a fault of the case, too, whyever it is.
    """
    kept, dropped = [], []
    for case in cases:
        record = chance.choice(["rating", "fee"])
        lost = [event for event in case.events if event.row["record"] == record]
        if case.fault or not lost or chance.random() >= _DROPPED_SHARE:
            kept.append(case)
            continue
        is_missed = record == "fee" and case.course.item.costs and case.event("result").row["decision"] == "granted"
        kept.append(spoil(case, Fault.FEE_MISSING) if is_missed else case.without(record))
        dropped += [Dropped(case.course.place.platform, record, day_of(event.row)) for event in lost]
    return kept, dropped


@cache
def _days_of_receipt(place: Place, item: Item, period: Period) -> list[date]:
    latest = nth_before(period.last, item.promised + _LONGEST_WAY)
    return [day for day in sorted(between(period.first, latest)) if is_worked(day, place.closed)]


class _Making:
    def __init__(self, chance: random.Random, troubles: Mapping[str, Troubles], period: Period) -> None:
        self._chance = chance
        self._period = period
        self._troubles = troubles
        self._numbers: dict[str, int] = defaultdict(int)
        self._groups = 0

    def cases(self, count: int) -> Iterator[CityCase]:
        faults = list(Fault)
        made = faulty = 0
        while made < count:
            fault = None
            if faulty < _FAULTY_SHARE * made:
                fault = faults[faulty % len(faults)]
                faulty += 1
            found = self._group() if fault is Fault.ENTERED_IN_BATCH else [self._case(fault)]
            made += len(found)
            yield from found

    def _case(self, fault: Fault | None) -> CityCase:
        place = self._chance.choice(PLACES)
        item = self._chance.choice([item for item in ITEMS if _fits(item, fault)])
        plan = plan_in_hours if item.in_hours else plan_course
        days = _days_of_receipt(place, item, self._period)
        if fault in _OF_LACK:
            days = days[len(days) // 4 :]
        course = plan(self._chance, place, item, self._chance.choice(days), fault)
        if fault is Fault.BACK_DATED and self._is_in_doubt(course):
            return self._case(fault)
        told = tell_case(self._chance, self._number(place), course)
        return spoil(told, fault) if fault else self._perhaps_again(self._perhaps_late(told))

    def _group(self) -> list[CityCase]:
        """Every other one comes by file."""
        fault = Fault.ENTERED_IN_BATCH
        place = self._chance.choice([place for place in PLACES if place.platform.sends_files == (self._groups % 2 > 0)])
        item = self._chance.choice([item for item in ITEMS if _fits(item, fault)])
        received = self._chance.choice(_days_of_receipt(place, item, self._period))
        courses = [plan_course(self._chance, place, item, received, fault) for _ in range(_GROUP)]
        if any(map(self._is_in_doubt, courses)):
            return self._group()
        self._groups += 1
        told = [tell_case(self._chance, self._number(place), course) for course in courses]
        return enter_at_once(told, self._chance.choice(SUPPLEMENTERS), even_the_last=self._chance.random() < 0.5)

    def _number(self, place: Place) -> str:
        self._numbers[place.id] += 1
        return f"{place.id.upper()}-{YEAR}-{self._numbers[place.id]:06}"

    def _is_in_doubt(self, course: Course) -> bool:
        """A batch in which it may have been in time was lost or late, so that nobody can say that it was left out.

        That is also the one of the day before: who receives batches does not know when one that never came was sent.
        """
        platform, closed = course.place.platform, course.place.closed
        in_time = between(nth_before(course.accepted, 1), nth(course.accepted, 1, closed))
        in_time |= between(course.reviewed, nth(course.reviewed, 1, closed))
        days = {platform.sends_on(day) for day in in_time}
        strayed = (DataFault.BATCH_LOST, DataFault.BATCH_LATE)
        return any(self._troubles[platform.id].get(day) in strayed for day in days)

    def _perhaps_late(self, case: CityCase) -> CityCase:
        """Told with the next batch, long before anything is due."""
        course = case.course
        if course.item.has_link_limits or course.item.in_hours or course.decided <= nth(course.reviewed, 1):
            return case
        if self._chance.random() >= _LATE_SHARE:
            return case
        return enter_later(case, "review", at(nth(course.reviewed, 1, course.place.closed), ENTRY_HOUR))

    def _perhaps_again(self, case: CityCase) -> CityCase:
        """Decided once more when all is over, as a licence is that is exchanged: nobody is late by that."""
        if self._chance.random() >= _AGAIN_SHARE:
            return case
        course, first = case.course, case.event("result")
        moment = at(nth(course.delivered, self._chance.randint(1, _AGAIN_DAYS), course.place.closed), 11)
        said = {"id": f"{case.number}-R2", "decided": moment.isoformat(), "decision": "granted", "document": "换"}
        return replace(case, events=(*case.events, Event(moment, first.row | said)))


def _fits(item: Item, fault: Fault | None) -> bool:
    if fault is None:
        return True
    if item.in_hours or fault is Fault.HOURS_OVERDUE:
        return item.in_hours and fault is Fault.HOURS_OVERDUE
    if fault is Fault.FEE_MISSING and not item.costs:
        return False
    if fault in _OF_ANY:
        return True
    if fault in _OF_LINKS or item.has_link_limits:
        return fault in _OF_LINKS and item.has_link_limits
    if fault is Fault.LAST_RESULT_OVERDUE:
        return legal_days(item) > item.promised + CORRECTION_DAYS
    return item.promised >= 8 or fault in (Fault.OVERDUE, Fault.LINK_SKIPPED, Fault.LINK_REORDERED)
