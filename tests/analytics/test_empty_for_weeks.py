"""A counter that nobody works at for weeks, with customers passing by, is remembered no longer than it can matter."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from analytics.absence import find_all, find_events
from analytics.counters import WatchedCounter, needed_since
from analytics.onlookers import Shows
from analytics.plan import CounterPlan
from analytics.presence import Transition
from analytics.recording import resumed_presence, write_transitions
from analytics.rule import MoreThan, Rule
from analytics.runs import PresenceSpan
from analytics.shortening import shortened
from storage.database import Database
from storage.hours import HallHours
from storage.models import CustomerState, EventKind, OpeningHours, StaffState
from tests.analytics.scenes import START, at, seen
from tests.sample import HALL, a_hall

MINUTE, ZONE = timedelta(minutes=1), ZoneInfo("Asia/Shanghai")
HOURS = tuple(
    OpeningHours(hall_id=HALL, weekday=day, opens=opens, closes=closes)
    for day in range(5)
    for opens, closes in (("09:00", "12:00"), ("13:30", "17:00"))
)
RULE = Rule(unattended=MINUTE, never_staffed=5 * MINUTE, left_early=5 * MINUTE, queue=MoreThan(2, 2 * MINUTE))
PLAN = CounterPlan("cc-1", HALL, {"cam": Shows.WHOLE}, RULE, HallHours(ZONE, HOURS))
SAMPLES = 120
"""Seconds from one to the next."""
DAY = 86400
Event = tuple[object, datetime, datetime | None, str]


def test_what_is_forgotten_of_it_changes_nothing_that_is_found() -> None:
    """From Monday 09:00, a whole week; every hour customers wait for twenty minutes."""
    counter, changes, told = WatchedCounter(PLAN), list[Transition](), dict[tuple[object, datetime], Event]()
    longest = timedelta(0)
    for second in range(0, 8 * DAY, SAMPLES):
        waiting = 3 if second % 3600 < 1200 else 0
        changes += counter.observe(seen(second, 0, waiting), timedelta(minutes=10))
        if second % 600 == 0:
            told |= {(e.kind, e.start): (e.kind, e.start, e.end, e.ended_by) for e in counter.absences()}
            counter.forget_settled()
            longest = max(longest, at(second) - (counter.since or at(second)))
    states = [
        PresenceSpan(
            c.at,
            d.at if d else None,
            c.staff,
            c.customer,
            c.confidence,
            "",
            c.staff_count,
            c.staff_most,
            c.customer_count,
        )
        for c, d in pairwise([*changes, None])
        if c is not None
    ]
    now = at(8 * DAY - SAMPLES)
    openings = PLAN.hours.judged(START - timedelta(days=1), now + timedelta(days=2))
    expected = {(e.kind, e.start): (e.kind, e.start, e.end, e.ended_by) for e in find_all(states, openings, RULE, now)}
    assert {kind for kind, _ in expected} > {"absence", "never_staffed"}
    assert told == expected
    assert longest <= timedelta(days=3), "no longer than over a weekend"


def test_nor_is_more_of_it_read_after_a_restart(sqlite_database: Database) -> None:
    tuesday = at(DAY + 3600)
    changes = [
        Transition(
            "cc-1", at(second), StaffState.UNSTAFFED, CustomerState.WAITING if second % 7200 else CustomerState.NONE
        )
        for second in range(-DAY, DAY + 3600, 3600)
    ]
    since = needed_since(PLAN, tuesday)
    assert since == at(4.5 * 3600), "the afternoon of the day before"
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_transitions(session, [replace(change, staff_count=0) for change in changes], "marker")
        resumed = resumed_presence(session, "cc-1", RULE, since)
        assert resumed is not None
        first = resumed.history[0]
        assert (first.start, first.end) == (at(4 * 3600), at(5 * 3600)), "what reaches into it"


def test_what_lasts_in_a_hall_that_never_closes_is_remembered_by_its_beginning_and_its_last_day() -> None:
    """For nine days; customers come and go all the time, and once there are eight of them."""
    plan = replace(PLAN, hours=HallHours(ZONE))
    forgets, remembers = WatchedCounter(plan), WatchedCounter(plan)
    longest = 0
    for second in range(0, 9 * DAY, 300):
        waiting = 8 if second == 3 * DAY else 1 + second % 2 if second % 900 else 0
        for counter in (forgets, remembers):
            counter.observe(seen(second, 0, waiting), timedelta(minutes=10))
        if second % DAY == DAY - 300:
            assert _told(forgets) == _told(remembers)
            forgets.forget_settled()
            longest = max(longest, *(len(history) for history in forgets._history.values()))
    assert {kind for kind, *_ in _told(remembers)} >= {"absence"}
    assert longest < 700, "200 at the ends, and those of a day"


def _told(counter: WatchedCounter) -> list[tuple[object, ...]]:
    return [(e.kind, e.start, e.due, e.end, e.ended_by, e.people_seen, e.threshold) for e in counter.absences()]


def test_a_queue_that_never_ends_keeps_how_many_there_were_at_most() -> None:
    spans = [_queue(minute, 8 if minute == 500 else 3 + minute % 2) for minute in range(3000)]
    short = shortened(EventKind.QUEUE, spans, at(60 * 3000))
    rule = Rule(queue=MoreThan(2, 2 * MINUTE))
    openings = HallHours(ZONE).judged(START - timedelta(days=1), START + timedelta(days=9))
    (before,), (after,) = (find_events(EventKind.QUEUE, s, openings, rule, at(60 * 3000)) for s in (spans, short))
    assert replace(before, spans=()) == replace(after, spans=())
    assert (before.people_seen, len(before.spans), len(after.spans)) == (8, 3000, 100 + 1 + 1440)


def _queue(minute: int, people: int) -> PresenceSpan:
    end = at(60 * minute + 60) if minute < 2999 else None
    state = (StaffState.UNSTAFFED, CustomerState.WAITING, 0.9, "", 0, 0, people)
    return PresenceSpan(at(60 * minute), end, *state)


def test_a_hall_that_never_closes_forgets_nothing() -> None:
    assert needed_since(replace(PLAN, hours=HallHours(ZONE)), START) is None
