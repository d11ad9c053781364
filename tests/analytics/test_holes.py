"""Time that nobody looked at, whatever was seen before and after it."""

from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.rule import Rule
from analytics.watch import Watch
from storage.hours import HallHours
from storage.models import StaffState
from tests.analytics.scenes import at
from tests.analytics.world import MarkerDetector, drawn

UNSTAFFED, UNKNOWN = StaffState.UNSTAFFED, StaffState.UNKNOWN
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def watched(seconds: Iterable[float]) -> Watch:
    """A counter at which nobody is, looked at then."""
    watch = Watch(Looker(MarkerDetector()))
    camera = CameraPlan("cam", "h", (WatchedView("cam", "c-1", LEFT_HALF),))
    counter = CounterPlan("c-1", "h", {"cam": Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC")))
    watch.follow(WatchPlan({"cam": camera}, {"c-1": counter}), at(0))
    for second in seconds:
        watch.take_live([Picture("cam", at(second), drawn("nobody", second))], at(second))
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
