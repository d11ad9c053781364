"""A server's clock that is set back, or leaps: what was seen last bears a time that is still to come."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import delete

from analytics.clock_twice import CLOCK_SET_BACK, TimeSaidTwice
from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.presence import Transition
from analytics.rhythm import is_due
from analytics.rule import Rule
from analytics.watch import Watch
from storage.database import Database
from storage.hours import HallHours
from storage.intervals import Span
from storage.models import Absence, Alert, AlertState, Counter, Node, Presence, StaffState, View
from tests.analytics.scenes import START, at
from tests.analytics.test_watcher import THRESHOLD, a_world, edges, presence, rows, running, states
from tests.analytics.world import MarkerDetector, World, drawn
from tests.sample import CAMERA, HALL

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def a_watch() -> Watch:
    watch = Watch(Looker(MarkerDetector()))
    view = WatchedView("cam", "c-1", LEFT_HALF)
    watch.follow(
        WatchPlan(
            {"cam": CameraPlan("cam", "h", (view,))},
            {"c-1": CounterPlan("c-1", "h", {"cam": Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC")))},
        ),
        START,
    )
    return watch


def shown(watch: Watch, seconds: float, what: str) -> list[Transition]:
    watch.changes.transitions = []
    watch.take_live([Picture("cam", at(seconds), drawn(what, seconds))], at(seconds))
    watch.settle(at(seconds))
    return watch.changes.transitions


def test_after_the_clock_was_set_back_nothing_is_known_until_it_says_as_much_again() -> None:
    watch = a_watch()
    said = [change for second in range(100, 106) for change in shown(watch, second, "nobody")]
    said += [change for second in range(40, 120) for change in shown(watch, second, "staff")]
    assert [(change.at, change.staff, change.reason) for change in said] == [
        (at(100), UNSTAFFED, ""),
        (at(105), UNKNOWN, CLOCK_SET_BACK),
        (at(106), STAFFED, ""),
    ]


def test_a_clock_that_is_corrected_by_some_seconds_changes_nothing() -> None:
    watch = a_watch()
    seconds = [*range(100, 110), *range(106, 120)]
    said = [change for second in seconds for change in shown(watch, second, "staff")]
    assert [change.staff for change in said] == [STAFFED]


leaps = st.one_of(st.integers(-4000, -7), st.integers(6, 4000))
"""A second passes besides, and five seconds back are none."""


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(leaps, st.booleans(), st.integers(3, 12)), min_size=1, max_size=6))
def test_however_the_clock_leaps_nothing_is_claimed_but_what_was_shown_since(
    parts: list[tuple[int, bool, int]],
) -> None:
    watch, clock, said = a_watch(), 30_000, []  # more than all leaps back
    for leap, is_staffed, samples in parts:
        clock += leap
        for _ in range(samples):
            clock += 1
            said += shown(watch, clock, "staff" if is_staffed else "nobody")
        state = watch.counters["c-1"].state
        assert state is None or state.staff in (UNKNOWN, STAFFED if is_staffed else UNSTAFFED)
    assert all(before.at <= after.at for before, after in pairwise(said))


def test_what_is_done_every_few_seconds_does_not_wait_for_a_clock_that_was_set_back() -> None:
    every = timedelta(seconds=3)
    assert [is_due(at(second), at(100), every) for second in (0, 96, 97, 99, 100, 500)] == [
        True, True, False, False, True, True,
    ]  # fmt: skip


def test_the_watcher_goes_on_writing_and_following_its_plan(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "nobody" if t >= 1000 else "staff")
    world.set_back(-1000)
    with running(world):
        world.wait_until(lambda: bool(rows(world, Absence)), within=THRESHOLD + 20)
        world.set_back(900)
        world.wait_until(lambda: states(world)[-1] is UNKNOWN, within=10)
        assert presence(world)[-1].reason == CLOCK_SET_BACK
        assert rows(world, Absence)[0].ended_by == "unknown"
        assert rows(world, Node)[0].heartbeat < at(1000)
        with sqlite_database.transaction() as session:
            session.exec(delete(View))
        world.wait_until(lambda: rows(world, Node)[0].detail["counters"] == 0, within=20)


def test_a_watcher_that_starts_after_the_clock_was_set_back_knows_nothing_either(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "nobody" if t >= 1000 else "staff")
    world.set_back(-1000)
    with running(world):
        world.wait_until(lambda: states(world) == [UNSTAFFED], within=20)
    world.set_back(900)
    with running(world):
        world.wait_until(lambda: states(world)[-1] is UNKNOWN, within=30)
    assert edges(world)[-1][1] > at(1000)


def known(world: World, start: float, end: float) -> list[Presence]:
    """What is said of the span that is not unknown."""
    every = [row for row in presence(world) if row.start < at(end) and (row.end is None or row.end > at(start))]
    return [row for row in every if row.staff is not UNKNOWN]


def test_of_time_that_the_clock_says_twice_nothing_is_known_and_nobody_was_absent(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "nobody" if t >= 1000 else "staff")
    world.set_back(-960)
    with running(world):
        world.wait_until(lambda: bool(rows(world, Absence)), within=40 + THRESHOLD + 20)
        ahead = world.seconds()
        world.set_back(ahead - 900)
        world.wait_until(lambda: world.seconds() >= ahead + 10, within=200)
    assert known(world, 904, ahead) == []
    twice = [row for row in presence(world) if row.reason == CLOCK_SET_BACK]
    assert len(twice) <= 3
    assert [row.ended_by for row in rows(world, Absence) if row.start < at(ahead)] == ["withdrawn"]
    assert [row.state for row in rows(world, Alert)][:1] == [AlertState.WITHDRAWN]


def test_a_watcher_that_starts_in_time_that_is_said_twice_goes_on_forgetting_it(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "nobody" if t >= 1000 else "staff")
    world.set_back(-1000)
    with running(world):
        world.wait_until(lambda: world.seconds() >= 1060, within=80)
    world.set_back(60)
    with running(world):
        world.wait_until(lambda: world.seconds() >= 1020, within=40)
    with running(world):
        world.wait_until(lambda: world.seconds() >= 1050, within=60)
    assert known(world, 1004, 1045) == []


def test_time_over_which_the_clock_leaps_is_not_said_again() -> None:
    clock = TimeSaidTwice()
    said = [clock.says(at(second)) for second in (100, 101, 102, 40, 41, 42)]
    assert said == [False, False, False, True, False, False]
    assert clock.spans(at(42)) == [Span(at(40), at(42))]
    clock.written(at(41))
    assert clock.spans(at(42)) == [Span(at(41), at(42))]
    assert not clock.says(at(500))
    assert clock.spans(at(500)) == [Span(at(41), at(42))]
    clock.written(at(500))
    assert not clock.says(at(501))
    assert clock.spans(at(501)) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(leaps, st.integers(1, 12)), max_size=6), st.sets(st.integers(0, 80)))
def test_nothing_that_is_said_twice_is_left_out(parts: list[tuple[int, int]], written: set[int]) -> None:
    clock, now, said, twice, told = TimeSaidTwice(), 10_000, set[int](), set[int](), list[Span]()
    count = 0
    for leap, ticks in [(0, 3), *parts]:
        now += leap
        for tick in range(ticks):
            now += 1
            clock.says(at(now))
            if tick and now in said:
                twice.add(now)
            said.add(now)
            if count in written:
                told += clock.spans(at(now))
                clock.written(at(now))
            count += 1
    told += clock.spans(at(now))
    covered = {second for second in said if any(span.start < at(second) <= span.end for span in told)}
    assert twice <= covered


def test_a_counter_that_is_watched_since_the_clock_was_set_back_is_not_forgotten(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff")
    world.set_back(-1000)
    with running(world):
        world.wait_until(lambda: states(world) == [STAFFED], within=20)
        world.set_back(500)
        world.wait_until(lambda: states(world)[-1] is UNKNOWN, within=10)
        with sqlite_database.transaction() as session:
            session.add(Counter(id="cc-new", hall_id=HALL, number="9", name="9"))
            session.add(View(camera_id=CAMERA, counter_id="cc-new", staff_zone=[list(corner) for corner in LEFT_HALF]))
        begun = world.seconds()
        world.wait_until(lambda: world.seconds() >= begun + 40, within=60)
    (new,) = (row for row in presence(world) if row.counter_id == "cc-new")
    assert (new.staff, new.end) == (STAFFED, None)
