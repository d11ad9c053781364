"""Whose word counts where several cameras look at one counter, and one of them is not sure."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from analytics.counters import WatchedCounter
from analytics.looking import BEHIND_SOMEBODY, PERHAPS_SOMEBODY, Observation, WatchedView, observe, staff_unseen
from analytics.onlookers import Onlookers, Shows
from analytics.people import Box, Person
from analytics.plan import CounterPlan
from analytics.presence import CounterPresence
from analytics.rule import Rule
from storage.hours import HallHours
from storage.models import FaultKind, StaffState
from tests.analytics.scenes import at

STAFF = ((0.1, 0.2), (0.4, 0.2), (0.4, 0.9), (0.1, 0.9))
IN_IT = Box(0.2, 0.3, 0.3, 0.8)
BEFORE_IT = Box(0.05, 0.3, 0.35, 1.6)
"""So low that its centre is not in the zone."""
PARTS = list(product((Shows.PART, Shows.WHOLE), repeat=2))


def shown(camera: str, score: float, box: Box = IN_IT, seconds: float = 0) -> Observation:
    """By a camera that sees one person with that score."""
    return observe(WatchedView(camera, "c-1", STAFF), at(seconds), [[Person(box, score)]])


def judged(cameras: Sequence[Shows], *seen: Observation) -> StaffState | None:
    return Onlookers(dict(zip("ab", cameras, strict=False))).judge(seen, at(0))


@pytest.mark.parametrize("cameras", PARTS)
def test_nobody_is_away_whom_one_camera_perhaps_sees(cameras: tuple[Shows, Shows]) -> None:
    nobody, perhaps = shown("a", 0.01), shown("b", 0.2)
    assert (nobody.staff_count, perhaps.reason) == (0, PERHAPS_SOMEBODY)
    assert judged(cameras, nobody, perhaps) is StaffState.UNKNOWN
    assert judged(cameras, nobody, shown("b", 0.01)) is StaffState.UNSTAFFED


@pytest.mark.parametrize("cameras", PARTS)
def test_who_is_seen_is_there_though_another_camera_is_unsure(cameras: tuple[Shows, Shows]) -> None:
    assert judged(cameras, shown("a", 0.9), shown("b", 0.2)) is StaffState.STAFFED


def test_who_is_perhaps_there_is_so_however_hidden_the_zone_is() -> None:
    hidden = staff_unseen(shown("b", 0.2), FaultKind.OBSTRUCTED.value)
    assert judged((Shows.WHOLE, Shows.WHOLE), shown("a", 0.01), hidden) is StaffState.UNKNOWN


def test_a_zone_that_is_hidden_alone_leaves_the_word_to_the_camera_that_shows_the_whole_place() -> None:
    behind = observe(WatchedView("b", "c-1", STAFF), at(0), [[Person(BEFORE_IT, 0.9)]])
    assert behind.reason == BEHIND_SOMEBODY
    assert judged((Shows.WHOLE, Shows.PART), shown("a", 0.01), behind) is StaffState.UNSTAFFED


def two_looks(seconds: float, b: float) -> list[Observation]:
    """Of `a`, which shows the whole place and nobody, and of `b`, which finds somebody with that score."""
    return [shown("a", 0.01, seconds=seconds), shown("b", b, seconds=seconds + 0.4)]


def test_several_such_looks_make_the_counter_unknown_and_one_among_others_does_not() -> None:
    presence = CounterPresence("c-1", {"a": Shows.WHOLE, "b": Shows.PART})
    scores = [0.9] * 5 + [0.2] + [0.9] * 5 + [0.2] * 20
    changes = [
        change for t, score in enumerate(scores) for look in two_looks(t, score) for change in presence.observe(look)
    ]
    assert [(change.staff, change.reason) for change in changes] == [
        (StaffState.STAFFED, ""),
        (StaffState.UNKNOWN, PERHAPS_SOMEBODY),
    ]
    assert timedelta(seconds=11) <= changes[-1].at - at(0) < timedelta(seconds=12)


def absences(b: float) -> int:
    """How many follow from 40 minutes in which `b` finds somebody with that score and `a` finds nobody."""
    plan = CounterPlan("c-1", "h", {"a": Shows.WHOLE, "b": Shows.PART}, Rule(), HallHours(ZoneInfo("Asia/Shanghai")))
    counter = WatchedCounter(plan)
    for second in range(0, 2400, 2):
        for look in two_looks(second, b):
            counter.observe(look)
    return len(counter.absences())


def test_who_is_perhaps_seen_by_one_of_two_cameras_is_never_absent() -> None:
    assert absences(0.2) == 0
    assert absences(0.01) == 1
