"""The days on which a case comes to its stations, planned from the outcome: in time to the day, or late by as much."""

import random
from dataclasses import dataclass, replace
from datetime import date, datetime

from ingest.simulator.city.catalogue import REASONS, Item, Place
from ingest.simulator.city.days import ONE_DAY, between, nth
from ingest.simulator.city.faults import Fault

LAW_DAYS, JOINT_DAYS, TELL_DAYS, DELIVER_DAYS, CORRECTION_DAYS = 20, 45, 5, 10, 3
_MORE_DAYS = 5


@dataclass(frozen=True)
class Pause:
    reason: str
    first: date
    last: date
    """Of each some part is left out, so that neither counts."""


@dataclass(frozen=True)
class Moments:
    """Of a case whose limits are hours."""

    accepted: datetime
    decided: datetime
    promised: datetime
    """The first at which it is late, as with the next."""
    legal: datetime


@dataclass(frozen=True)
class Course:
    item: Item
    place: Place
    received: date
    accepted: date
    reviewed: date
    decided: date
    delivered: date
    supplement: Pause | None = None
    """Before acceptance."""
    pause: Pause | None = None
    """After it."""
    extended_on: date | None = None
    """By `_MORE_DAYS`."""
    counts_from: date | None = None
    """Where that is not the day of acceptance."""
    moments: Moments | None = None
    """Where its limits are hours."""

    @property
    def more_days(self) -> int:
        return _MORE_DAYS if self.extended_on else 0

    @property
    def last_promised(self) -> date:
        """The last day in time."""
        return self.counted(self.counts_from or self.accepted, self.item.promised + self.more_days)

    @property
    def last_legal(self) -> date:
        return self.counted(self.counts_from or self.accepted, legal_days(self.item) + self.more_days)

    def counted(self, start: date, number: int) -> date:
        """The so-many-th day that counts after `start`."""
        left_out = set(self.place.closed)
        for pause in (self.supplement, self.pause):
            if pause is not None:
                left_out |= between(pause.first, pause.last)
        return nth(start, number, left_out)


def legal_days(item: Item) -> int:
    return item.legal or (JOINT_DAYS if item.joint else LAW_DAYS)


def plan_course(chance: random.Random, place: Place, item: Item, received: date, fault: Fault | None) -> Course:
    course = _begun(chance, place, item, received, fault)
    if fault is None and chance.random() < 0.1:
        approved = nth(course.accepted, max(1, item.promised - 2), place.closed)
        course = replace(course, extended_on=approved)
    elif _may_pause(item, fault) and chance.random() < 0.25:
        course = replace(course, pause=_pause(chance, course, chance.randint(1, item.promised - 3)))
    if fault is Fault.PAUSED_AT_LIMIT:
        course = replace(course, pause=_pause(chance, course, item.promised - chance.choice([0, 1])))
    elif fault is Fault.NOTICE_MISSING and course.pause is None:
        course = replace(course, pause=_pause(chance, course, chance.randint(1, item.promised - 3)))
    return _ended(chance, course, fault)


def _begun(chance: random.Random, place: Place, item: Item, received: date, fault: Fault | None) -> Course:
    """Received and accepted."""
    days, supplement, counts_from = chance.choice([0, 0, 1]), None, None
    if fault is Fault.DEEMED_OVERDUE:
        days, counts_from = TELL_DAYS + chance.choice([1, 2]), received
    if fault is Fault.ENTERED_IN_BATCH:
        days = 0
    elif fault in (None, Fault.OVERDUE, Fault.LINK_LATE) and chance.random() < 0.15:
        first = nth(received, 1, place.closed)
        supplement = Pause("supplement", first, nth(first, chance.randint(1, 12), place.closed))
    start = supplement.last if supplement else received
    accepted = nth(start, days, place.closed)
    return Course(item, place, received, accepted, accepted, accepted, accepted, supplement, counts_from=counts_from)


def _may_pause(item: Item, fault: Fault | None) -> bool:
    return item.promised > 4 and fault in (None, Fault.OVERDUE, Fault.LINK_LATE, Fault.FEE_UNLISTED)


def _pause(chance: random.Random, course: Course, after: int) -> Pause:
    """From the so-many-th working day after acceptance on."""
    first = nth(course.accepted, after, course.place.closed)
    return Pause(chance.choice(REASONS), first, nth(first, chance.randint(2, 9), course.place.closed))


def _ended(chance: random.Random, course: Course, fault: Fault | None) -> Course:
    """Reviewed, decided and delivered."""
    review, decide = _days(chance, course, fault)
    reviewed, decided = course.counted(course.accepted, review), course.counted(course.accepted, decide)
    if fault is Fault.OVERDUE:
        decided = nth(course.last_promised, chance.randint(1, 9), course.place.closed)
    elif fault is Fault.LAST_RESULT_OVERDUE:
        decided = nth(course.last_promised, chance.randint(1, CORRECTION_DAYS), course.place.closed)
    elif fault is Fault.DEEMED_OVERDUE:
        decided = nth(course.last_promised, chance.randint(1, TELL_DAYS), course.place.closed)
    reviewed = min(reviewed, decided)
    course = _as_far_as(course, decided)
    if fault is Fault.HANDED_OVER_LATE:
        days = DELIVER_DAYS + chance.randint(1, 5)
    else:
        days = chance.choice([0, 1, 2, 5, DELIVER_DAYS])
    return replace(course, reviewed=reviewed, decided=decided, delivered=nth(decided, days, course.place.closed))


def _as_far_as(course: Course, decided: date) -> Course:
    """Nothing is suspended or extended any more once it is decided."""
    pause, extended_on = course.pause, course.extended_on
    return replace(
        course,
        pause=pause if pause and pause.first < decided else None,
        extended_on=extended_on if extended_on and extended_on < decided else None,
    )


def _days(chance: random.Random, course: Course, fault: Fault | None) -> tuple[int, int]:
    """Counted days from acceptance to the review and to the decision."""
    item = course.item
    in_all = item.promised + course.more_days
    if fault in (Fault.BACK_DATED, Fault.ENTERED_IN_BATCH):
        return 1, 4
    if fault in (Fault.PAUSED_AT_LIMIT, Fault.NOTICE_MISSING):
        return 1, in_all
    review, decide = item.link("review"), item.link("decide")
    if decide is None:
        last = chance.choice([in_all, in_all, chance.randint(1, in_all)])
        return chance.randint(1, last), last
    if review is None:
        done = chance.randint(1, in_all - decide - 1)
        late = chance.randint(1, in_all - done - decide)
        return done, done + (decide + late if fault is Fault.LINK_LATE else chance.randint(0, decide))
    if fault is Fault.LINK_LATE:
        late = review + chance.randint(1, in_all - review - 1)
        return late, late + 1
    done = chance.randint(1, review)
    return done, done + chance.randint(0, min(decide, in_all - done))


def late_cards(course: Course) -> list[tuple[str, date]]:
    """Cause and day of the cards for the limits of the whole. There is one red card at a time."""
    promised, legal, decided = course.last_promised, course.last_legal, course.decided
    if legal <= promised:
        return [("past_legal", legal + ONE_DAY)] if decided > legal else []
    if decided <= promised:
        return []
    correct_by = nth(promised + ONE_DAY, CORRECTION_DAYS, course.place.closed)
    red = [(legal, 0, "past_legal"), (correct_by, 1, "not_corrected")]
    passed = sorted((day, order, cause) for day, order, cause in red if decided > day)
    return [("past_promised", promised + ONE_DAY), *((cause, day + ONE_DAY) for day, _, cause in passed[:1])]
