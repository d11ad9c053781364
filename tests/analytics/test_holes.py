"""Time that nobody looked at, whatever was seen before and after it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics.again import Again, Look
from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.presence import Debounce
from analytics.rule import Rule
from analytics.watch import Watch
from storage.hours import HallHours
from storage.intervals import Span
from storage.models import FaultKind, StaffState
from tests.analytics.scenes import at
from tests.analytics.world import MarkerDetector, drawn

UNSTAFFED, UNKNOWN = StaffState.UNSTAFFED, StaffState.UNKNOWN
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


PLAN = WatchPlan(
    {"cam": CameraPlan("cam", "h", (WatchedView("cam", "c-1", LEFT_HALF),))},
    {"c-1": CounterPlan("c-1", "h", {"cam": Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC")))},
)
SECOND = timedelta(seconds=1)


def shown(second: float, what: str = "nobody") -> Picture:
    return Picture("cam", at(second), drawn(what, second))


def watched(seconds: Iterable[float], *, recorded: bool = False) -> Watch:
    """A counter at which nobody is, looked at then, or in what was recorded then."""
    watch = Watch(Looker(MarkerDetector()))
    watch.follow(PLAN, at(0))
    for second in seconds:
        if recorded:
            watch.take_recorded([shown(second)], SECOND)
        else:
            watch.take_live([shown(second)], at(second))
            watch.settle(at(second))
    return watch


def told(watch: Watch) -> list[tuple[float, StaffState, str]]:
    return [((change.at - at(0)).total_seconds(), change.staff, change.reason) for change in watch.changes.transitions]


@pytest.mark.parametrize("length", [6, 12, 18, 25])
def test_a_hole_that_nobody_looked_into_is_unknown_and_makes_no_other_one_usual(length: int) -> None:
    watch = watched([*range(10), *range(9 + length, 20 + length), *range(19 + 2 * length, 40 + 2 * length)])
    assert told(watch) == [
        (0, UNSTAFFED, ""),
        (9, UNKNOWN, "gap"),
        (9 + length, UNSTAFFED, ""),
        (19 + length, UNKNOWN, "gap"),
        (19 + 2 * length, UNSTAFFED, ""),
    ]


def test_pictures_that_always_come_seldom_leave_no_hole() -> None:
    watch = watched(range(0, 100, 10))
    assert told(watch) == [(0, UNKNOWN, "gap"), (10, UNSTAFFED, "")]
    assert watch.cameras["cam"].patience == timedelta(seconds=25)


@pytest.mark.parametrize("apart", [6, 10, 15])
def test_recorded_ones_that_come_seldom_leave_none_either(apart: int) -> None:
    watch = watched(range(0, 10 * apart, apart), recorded=True)
    assert told(watch) == [(0, UNKNOWN, "gap"), (apart, UNSTAFFED, "")]


def test_a_hole_in_what_was_recorded_seldom_is_unknown_all_the_same() -> None:
    watch = watched([*range(0, 60, 6), *range(74, 100, 6)], recorded=True)
    assert told(watch) == [(0, UNKNOWN, "gap"), (6, UNSTAFFED, ""), (54, UNKNOWN, "gap"), (74, UNSTAFFED, "")]


@dataclass(frozen=True)
class SeldomRecorded:
    """A keyframe so many seconds apart."""

    apart: int

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]:
        return (shown(second) for second in range(3, 2000, self.apart) if start <= at(second) < end)


@pytest.mark.parametrize("apart", [10, 13, 17, 20])
def test_a_piece_of_footage_with_few_keyframes_is_known_from_its_beginning_on(apart: int) -> None:
    look = Look(Looker(MarkerDetector()), SeldomRecorded(apart), SECOND, Debounce())
    piece = Again(PLAN, "c-1", Span(at(600), at(1200)), look)
    while not piece.go_on(50):
        pass
    assert [(state.at, state.staff) for state in piece.states()] == [(at(600), UNSTAFFED)]
    assert piece.unseen() == []


def test_what_a_camera_showed_while_nobody_watched_is_no_fault_of_now() -> None:
    assert watched_meanwhile("nobody", was="dark").changes.faults == []


def test_a_fault_of_now_is_not_ended_by_what_was_recorded_before_it() -> None:
    watch = watched_meanwhile("dark", was="nobody")
    assert [(change.kind, change.at) for change in watch.changes.faults] == [(FaultKind.DARK, at(3600))]


def test_frozen_footage_is_noticed_while_live_pictures_come_in_between() -> None:
    watch = Watch(Looker(MarkerDetector()))
    watch.follow(PLAN, at(3600))
    watch.hold_live(PLAN.counters)
    for second in range(10):
        watch.take_live([shown(3600 + second)], at(3600 + second))
        watch.take_recorded([replace(shown(0), wall=at(second))], SECOND)
    assert told(watch)[-1] == (2, UNKNOWN, "frozen")


def watched_meanwhile(now: str, was: str) -> Watch:
    """What was recorded is caught up with for half a minute while live pictures come."""
    watch = Watch(Looker(MarkerDetector()))
    watch.follow(PLAN, at(3600))
    watch.hold_live(PLAN.counters)
    for second in range(30):
        watch.take_live([shown(3600 + second, now)], at(3600 + second))
        watch.take_recorded([shown(second, was)], SECOND)
        watch.settle(at(3600 + second))
    return watch


def resumed(first: int, live: Iterable[int], *, recorded: Iterable[int], step: timedelta) -> Watch:
    """Nobody was there up to `first`; then footage was looked at some `step` apart while live pictures came."""
    watch = watched(range(first - 10, first))
    watch.hold_live(PLAN.counters)
    for second in live:
        watch.take_live([shown(second)], at(second))
    for second in recorded:
        watch.take_recorded([shown(second)], step)
    watch.release_live(watch.held, step)
    return watch


def test_live_pictures_follow_the_last_that_was_recorded_as_that_follows_the_one_before() -> None:
    ten = 10 * SECOND
    assert told(resumed(60, range(98, 105), recorded=(69, 79, 89), step=ten)) == [(50, UNSTAFFED, "")]
    watch = resumed(60, [*range(98, 105), *range(114, 120)], recorded=(69, 79, 89), step=ten)
    assert (104, UNKNOWN, "gap") in told(watch), "only the first"


def test_what_is_held_of_one_counter_keeps_no_other_back() -> None:
    plan = replace(
        PLAN,
        cameras={**PLAN.cameras, "other": CameraPlan("other", "h", (WatchedView("other", "c-2", LEFT_HALF),))},
        counters={
            **PLAN.counters,
            "c-2": replace(PLAN.counters["c-1"], counter_id="c-2", cameras={"other": Shows.WHOLE}),
        },
    )
    watch = Watch(Looker(MarkerDetector()))
    watch.follow(plan, at(0))
    watch.hold_live(["c-2"])
    for second in range(5):
        watch.take_live([shown(second), replace(shown(second), camera_id="other")], at(second))
    assert {change.counter_id for change in watch.changes.transitions} == {"c-1"}
    watch.release_live(["c-2"], SECOND)
    assert {change.counter_id for change in watch.changes.transitions} == {"c-1", "c-2"}
