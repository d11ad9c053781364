"""Whose word counts where several cameras look at one counter, and one of them is not sure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.counters import WatchedCounter
from analytics.counting import MANY, HowMany
from analytics.looking import BEHIND_SOMEBODY, PERHAPS_SOMEBODY, Observation, WatchedView, observe, staff_unseen
from analytics.onlookers import Onlookers, Shows
from analytics.people import Box, Person
from analytics.plan import CounterPlan
from analytics.presence import CounterPresence, Transition
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


def found(sure: int, perhaps: int, camera: str = "a", seconds: float = 0) -> Observation:
    """By a camera that sees so many people in the staff zone, and perhaps so many more."""
    heads = [Box(0.11 + 0.05 * n, 0.3, 0.14 + 0.05 * n, 0.6) for n in range(sure + perhaps)]
    people = [Person(box, 0.9 if n < sure else 0.2) for n, box in enumerate(heads)]
    return observe(WatchedView(camera, "c-1", STAFF), at(seconds), [people])


Cameras = Mapping[str, tuple[Shows, int, int]]
"""What each shows of the zone, how many it sees there, and how many more perhaps."""
few = st.integers(0, 3)
kinds = st.sampled_from([Shows.PART, Shows.WHOLE])
cameras = st.dictionaries(st.sampled_from("abc"), st.tuples(kinds, few, few), min_size=1)


def watched(seen: Cameras, required: int) -> tuple[WatchedCounter, list[Transition]]:
    """Six minutes of it, by a rule of five."""
    shows = {camera: kind for camera, (kind, _, _) in seen.items()}
    rule = Rule(timedelta(minutes=5), timedelta(minutes=5), required=required)
    counter = WatchedCounter(CounterPlan("c-1", "h", shows, rule, HallHours(ZoneInfo("Asia/Shanghai"))))
    changes: list[Transition] = []
    for second in range(0, 360, 3):
        for n, (camera, (_, sure, perhaps)) in enumerate(seen.items()):
            changes += counter.observe(found(sure, perhaps, camera, second + 0.1 * n))
    return counter, changes


@pytest.mark.parametrize(("sure", "perhaps"), list(product(range(4), repeat=2)))
@pytest.mark.parametrize("required", [1, 2, 3, 4])
def test_too_few_are_only_where_the_most_that_may_be_there_are_fewer(sure: int, perhaps: int, required: int) -> None:
    counter, changes = watched({"a": (Shows.WHOLE, sure, perhaps)}, required)
    known = sure > 0 or not perhaps
    assert bool(counter.absences()) == (known and sure + perhaps < required)
    assert all(event.people_seen in (None, sure + perhaps) for event in counter.absences())
    if known:
        assert (changes[-1].staff_count, changes[-1].staff_most) == (sure, sure + perhaps)


@settings(max_examples=150, deadline=None)
@given(cameras, st.integers(1, 4))
def test_nor_are_there_too_few_by_several_cameras_while_enough_may_be_there(seen: Cameras, required: int) -> None:
    """Nobody knows whether two cameras mean the same one: there may be as many as all of them see together."""
    counter, changes = watched(seen, required)
    most_of_one = max(sure for _, sure, _ in seen.values())
    doubts = sum(perhaps for _, _, perhaps in seen.values())
    if counter.absences():
        assert most_of_one + doubts < required
        assert all(sure <= most_of_one for kind, sure, _ in seen.values() if kind is Shows.WHOLE)
    last = changes[-1] if changes else None
    if last and last.staff_count is not None and last.staff_count >= required:
        assert most_of_one >= required
    if last and last.staff_most is not None:
        assert last.staff_most >= (last.staff_count or 0)


def test_somebody_who_may_be_seen_by_another_camera_may_be_the_second_who_is_required() -> None:
    whole = {"a": (Shows.WHOLE, 1, 0), "b": (Shows.PART, 0, 1)}
    counter, changes = watched(whole, required=2)
    assert (changes[-1].staff_count, changes[-1].staff_most) == (1, 2)
    assert counter.absences() == []
    assert watched(whole | {"b": (Shows.PART, 0, 0)}, required=2)[0].absences() != []


def test_who_stands_before_the_zone_may_hide_the_second_who_is_required() -> None:
    before = [Person(BEFORE_IT, 0.9), Person(Box(0.2, 0.25, 0.25, 0.5), 0.9)]
    told = observe(WatchedView("a", "c-1", STAFF), at(0), [before])
    assert (told.staff_count, told.staff_besides) == (1, None)
    assert Onlookers({"a": Shows.WHOLE}).count([told]) == HowMany(1, MANY)
    other = found(1, 0, "b")
    both = {"a": Shows.WHOLE, "b": Shows.WHOLE}
    assert Onlookers(both).count([told, other]) == HowMany(1, 1), "another one shows the whole place"
    assert Onlookers(both | {"b": Shows.PART}).count([told, other]) == HowMany(1, MANY)
