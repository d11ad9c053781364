"""Cases whose limits are working hours: in time to the minute, or late by one."""

import random
from datetime import date, datetime, timedelta

from ingest.simulator.city.catalogue import Item, Place
from ingest.simulator.city.courses import CORRECTION_DAYS, DELIVER_DAYS, Course, Moments, Pause
from ingest.simulator.city.days import ONE_DAY, at, nth, when_worked
from ingest.simulator.city.faults import Fault

PAUSED_FROM, PAUSED_TO = 11.5, 10
"""Hours of the first and the last day of a pause after acceptance."""
_MINUTE = timedelta(minutes=1)
_PAUSED_SHARE = 0.4
_LATER = (timedelta(0), _MINUTE, 2 * ONE_DAY)


def plan_in_hours(chance: random.Random, place: Place, item: Item, received: date, fault: Fault | None) -> Course:
    """Accepted and reviewed on the day of receipt; perhaps paused since the next one."""
    assert item.in_hours
    assert item.legal is not None
    accepted = at(received, 10) + chance.randint(31, 59) * _MINUTE
    pause, stop = None, (accepted, accepted)
    if chance.random() < _PAUSED_SHARE:
        first = nth(received, 1, place.closed)
        pause = Pause("inspection", first, nth(first, chance.randint(2, 9), place.closed))
        stop = at(pause.first, PAUSED_FROM), at(pause.last, PAUSED_TO)
    promised, legal = (when_worked(accepted, hours, place.closed, stop) for hours in (item.promised, item.legal))
    if fault is Fault.HOURS_OVERDUE:
        decided = chance.choice([*(promised + later for later in _LATER), legal, legal + _MINUTE])
    else:
        decided = chance.choice([promised - _MINUTE, promised - _MINUTE, stop[1] + timedelta(hours=5)])
    day = decided.date()
    delivered = nth(day, chance.choice([0, 1, DELIVER_DAYS]), place.closed)
    moments = Moments(accepted, decided, promised, legal)
    return Course(item, place, received, received, received, day, delivered, pause=pause, moments=moments)


def late_in_hours(course: Course) -> list[tuple[str, date]]:
    """Cause and day of the cards; the days in which it is to be corrected are whole ones."""
    moments = course.moments
    assert moments is not None
    if moments.decided < moments.promised:
        return []
    yellow = moments.promised.date()
    corrected = at(nth(yellow, CORRECTION_DAYS, course.place.closed) + ONE_DAY, 0)
    red: list[tuple[datetime, str]] = [(moments.legal, "past_legal"), (corrected, "not_corrected")]
    passed = sorted((moment, cause) for moment, cause in red if moment <= moments.decided)
    return [("past_promised", yellow), *((cause, moment.date()) for moment, cause in passed[:1])]
