from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.contesting import CONTESTED, OF_LAST
from analytics.looking import PERHAPS_SOMEBODY, Observation
from analytics.onlookers import STARTING, Shows
from analytics.presence import CounterPresence, Debounce, Transition
from storage.models import CustomerState, StaffState
from tests.analytics.scenes import START, at, seen

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN

NOBODY_THERE = Transition("c-1", at(0), UNSTAFFED, CustomerState.NONE, staff_count=0, staff_most=0)

counts = st.sampled_from([None, 0, 1, 2])
histories = st.lists(
    st.builds(
        seen,
        st.integers(0, 60).map(float),
        counts,
        counts,
        st.sampled_from(["cam", "other"]),
        st.sampled_from(["", "dark"]),
    ),
    max_size=60,
)


def a_counter(*cameras: str, whole: str = "") -> CounterPresence:
    """Each camera shows a part of the staff zone; those in `whole` (names of one letter) all of it."""
    shows = {camera: Shows.WHOLE if camera in whole else Shows.PART for camera in cameras or ("cam",)}
    return CounterPresence("c-1", shows)


def fed(counter: CounterPresence, observations: list[Observation]) -> list[Transition]:
    return [change for observation in observations for change in counter.observe(observation)]


def staff_edges(changes: list[Transition]) -> list[tuple[float, StaffState]]:
    edges: list[tuple[float, StaffState]] = []
    for change in changes:
        if not edges or edges[-1][1] is not change.staff:
            edges.append(((change.at - START).total_seconds(), change.staff))
    return edges


def test_nothing_is_claimed_before_several_samples_agree() -> None:
    counter = a_counter()
    assert counter.observe(seen(0, 1)) == []
    assert [change.staff for change in counter.observe(seen(1, 1))] == [STAFFED]


def test_an_edge_is_dated_back_to_the_first_sample_of_the_new_state() -> None:
    changes = fed(a_counter(), [seen(t, 1) for t in range(5)] + [seen(t, 0) for t in range(5, 9)])
    assert staff_edges(changes) == [(0, STAFFED), (5, UNSTAFFED)]


def test_a_change_names_the_pictures_that_made_it_certain() -> None:
    def taken(change: Transition) -> list[tuple[str, float]]:
        return [(camera, (datetime.fromisoformat(at) - START).total_seconds()) for camera, at in change.frames]

    samples = [1, 1, 0, 1, 0, None, 0, 0, None, None, None]
    came, left, unknown = fed(a_counter(), [seen(t, staff, None) for t, staff in enumerate(samples)])
    assert taken(came) == [("cam", 0), ("cam", 1)]
    assert taken(left) == [("cam", 4), ("cam", 6), ("cam", 7)], "neither the missed look nor the blind one"
    assert taken(unknown) == [("cam", 8), ("cam", 9), ("cam", 10)]
    both = [seen(t, 0, None, camera=camera) for t in range(3) for camera in ("a", "b")]
    assert taken(fed(a_counter("a", "b"), both)[-1]) == [(camera, t) for t in range(3) for camera in ("a", "b")]


def test_one_missed_look_does_not_make_a_counter_unstaffed() -> None:
    changes = fed(a_counter(), [seen(t, staff) for t, staff in enumerate([1, 1, 1, 0, 0, 1, 0, 0, 1, 1])])
    assert staff_edges(changes) == [(0, STAFFED)]


def test_a_passer_by_does_not_make_a_counter_staffed() -> None:
    changes = fed(a_counter(), [seen(t, staff) for t, staff in enumerate([0, 0, 0, 1, 0, 0])])
    assert staff_edges(changes) == [(0, UNSTAFFED)]


def test_blind_pictures_make_it_unknown_with_their_reason() -> None:
    blind = [seen(t, None, None, reason="dark") for t in range(3, 7)]
    changes = fed(a_counter(), [seen(t, 1) for t in range(3)] + blind)
    assert staff_edges(changes) == [(0, STAFFED), (3, UNKNOWN)]
    assert changes[-1].reason == "dark"
    assert changes[-1].customer is CustomerState.UNKNOWN


def test_single_blind_pictures_do_not_hide_that_somebody_left() -> None:
    samples = [seen(0, 1), seen(1, 1)] + [seen(t, None if t % 2 else 0) for t in range(2, 8)]
    assert staff_edges(fed(a_counter(), samples)) == [(0, STAFFED), (2, UNSTAFFED)]


def test_a_hole_between_samples_is_unknown_from_the_last_one_on() -> None:
    changes = fed(a_counter(), [seen(t, 1) for t in (0, 1, 2, 30, 31)])
    assert staff_edges(changes) == [(0, STAFFED), (2, UNKNOWN), (30, STAFFED)]
    assert [change.reason for change in changes if change.staff is UNKNOWN] == ["gap"]


def test_silence_is_unknown_without_waiting_for_a_sample() -> None:
    counter = a_counter()
    fed(counter, [seen(t, 1) for t in range(3)])
    assert counter.silence(at(6), "no_signal") == []
    changes = counter.silence(at(8), "no_signal")
    assert staff_edges(changes) == [(2, UNKNOWN)]
    assert counter.silence(at(9), "no_signal") == []


def test_customers_are_debounced_beside_staff() -> None:
    changes = fed(a_counter(), [seen(t, 0, customer=t >= 4) for t in range(8)])
    assert [(change.staff, change.customer) for change in changes][-1] == (UNSTAFFED, CustomerState.WAITING)
    assert changes[-1].at == at(4)


def test_a_zone_that_is_not_seen_stays_unknown() -> None:
    changes = fed(a_counter(), [seen(t, 1, None) for t in range(6)])
    assert [(change.staff, change.customer) for change in changes] == [(STAFFED, CustomerState.UNKNOWN)]


def test_any_camera_that_sees_somebody_decides() -> None:
    samples = [seen(t + shift, int(cam == "b"), camera=cam) for t in range(4) for shift, cam in ((0, "a"), (0.5, "b"))]
    assert staff_edges(fed(a_counter("a", "b"), samples)) == [(0.5, STAFFED)]


def test_more_cameras_do_not_make_the_state_jumpier() -> None:
    cameras = ("a", "b", "c")
    missed = [seen(5 + index / 4, 0, camera=camera) for index, camera in enumerate(cameras)]
    samples = [seen(t, 1, camera=camera) for t in range(3) for camera in cameras]
    assert staff_edges(fed(a_counter(*cameras), samples + missed)) == [(0, STAFFED)]


def test_a_camera_that_stopped_does_not_hold_up_the_other() -> None:
    samples = [seen(t, 1, camera="a") for t in range(6)]
    assert staff_edges(fed(a_counter("a", "b"), samples)) == [(0, STAFFED)]


def a_and_b(start: int, end: int, a: int | None, b: int | None) -> list[Observation]:
    """One sample a second of each camera; a blind one is dark."""
    return [
        seen(t, count, camera=camera, reason="" if count is not None else "dark")
        for t in range(start, end)
        for camera, count in (("a", a), ("b", b))
    ]


def b_alone(start: int, end: int, b: int) -> list[Observation]:
    return [seen(t, b, camera="b") for t in range(start, end)]


def test_a_camera_that_shows_a_part_does_not_speak_for_one_that_goes_blind() -> None:
    counter = a_counter("a", "b")
    changes = fed(counter, a_and_b(0, 5, 1, 0) + a_and_b(5, 60, None, 0))
    assert staff_edges(changes) == [(0, STAFFED), (5, UNKNOWN)]
    assert changes[-1].reason == "dark"
    assert staff_edges(fed(counter, a_and_b(60, 70, 0, 0))) == [(60, UNSTAFFED)], "it sees again"


def test_a_counter_that_was_unstaffed_when_one_of_its_cameras_went_blind_is_unknown() -> None:
    changes = fed(a_counter("a", "b"), a_and_b(0, 10, 0, 0) + a_and_b(10, 60, None, 0))
    assert staff_edges(changes) == [(0, UNSTAFFED), (10, UNKNOWN)]


def test_having_seen_the_clerk_once_does_not_prove_that_a_camera_shows_every_place() -> None:
    samples = a_and_b(0, 3, 0, 1) + a_and_b(3, 6, 1, 0) + a_and_b(6, 20, None, 0)
    assert staff_edges(fed(a_counter("a", "b"), samples)) == [(0, STAFFED), (6, UNKNOWN)]


def test_a_camera_that_shows_the_whole_zone_says_alone_that_nobody_is_there() -> None:
    counter = a_counter("a", "b", whole="b")
    assert staff_edges(fed(counter, a_and_b(0, 5, 1, 0) + a_and_b(5, 20, None, 0))) == [(0, STAFFED), (5, UNSTAFFED)]
    assert staff_edges(fed(counter, a_and_b(20, 30, 0, None))) == [(20, UNKNOWN)], "the other one shows a part"


def test_a_part_is_enough_to_see_somebody() -> None:
    assert staff_edges(fed(a_counter("a", "b"), a_and_b(0, 5, None, 1))) == [(0, STAFFED)]


def test_a_camera_that_sends_nothing_any_more_is_missed_from_its_last_look_on() -> None:
    changes = fed(a_counter("a", "b"), a_and_b(0, 10, 0, 0) + b_alone(10, 60, 0))
    assert staff_edges(changes) == [(0, UNSTAFFED), (9, UNKNOWN)]
    assert changes[-1].reason == "no_signal"


def test_a_camera_that_sends_nothing_is_not_missed_where_another_shows_the_whole_zone() -> None:
    changes = fed(a_counter("a", "b", whole="b"), a_and_b(0, 10, 0, 0) + b_alone(10, 60, 0))
    assert staff_edges(changes) == [(0, UNSTAFFED)]


def test_a_camera_that_looks_more_seldom_is_waited_for() -> None:
    seldom = [seen(t, 1, camera="b") for t in range(0, 60, 4)]
    often = [seen(t + 0.1, 0, camera="a") for t in range(60)]
    together = sorted(seldom + often, key=lambda sample: sample.wall)
    for whole in ("", "a"):
        states = [state for _, state in staff_edges(fed(a_counter("a", "b", whole=whole), together))]
        assert states[states.index(STAFFED) :] == [STAFFED]


def test_after_a_restart_a_camera_that_starts_more_slowly_is_waited_for() -> None:
    counter = a_counter("a", "b")
    counter.resume(NOBODY_THERE, at(10))
    slow = STARTING.total_seconds()
    assert fed(counter, b_alone(11, 11 + int(slow), 0) + a_and_b(11 + int(slow), 40, 0, 0)) == []


def test_after_a_restart_without_one_of_its_cameras_a_counter_is_unknown() -> None:
    counter = a_counter("a", "b")
    counter.resume(NOBODY_THERE, at(10))
    assert [state for _, state in staff_edges(fed(counter, b_alone(11, 60, 0)))] == [UNKNOWN]


def test_a_camera_without_a_staff_zone_is_not_missed() -> None:
    counter = CounterPresence("c-1", {"a": Shows.NOTHING, "b": Shows.PART})
    samples = [
        sample for t in range(10) for sample in (seen(t, None, camera="a", reason="no_zone"), seen(t, 0, camera="b"))
    ]
    assert staff_edges(fed(counter, samples)) == [(0, UNSTAFFED)]


def test_a_camera_that_is_taken_out_is_not_missed() -> None:
    counter = a_counter("a", "b")
    fed(counter, a_and_b(0, 10, 0, 0))
    counter.watch_by({"b": Shows.PART})
    assert fed(counter, b_alone(10, 60, 0)) == []


@given(histories)
def test_a_counter_is_unstaffed_only_after_every_camera_has_looked(history: list[Observation]) -> None:
    counter, seeing = a_counter("cam", "other"), set()
    for observation in history:
        if observation.staff_count is not None:
            seeing.add(observation.camera_id)
        if any(change.staff is UNSTAFFED for change in counter.observe(observation)):
            assert seeing == {"cam", "other"}


def test_a_restart_goes_on_with_the_stored_state() -> None:
    counter = a_counter()
    counter.resume(NOBODY_THERE, at(10))
    assert fed(counter, [seen(t, 0) for t in (5, 11, 12, 13)]) == []
    assert counter.state is not None
    assert counter.state.at == at(0)


def test_a_restart_after_a_long_stop_leaves_unknown() -> None:
    counter = a_counter()
    counter.resume(NOBODY_THERE, at(10))
    assert staff_edges(fed(counter, [seen(t, 0) for t in (60, 61, 62)])) == [(10, UNKNOWN), (60, UNSTAFFED)]


@given(histories)
def test_transitions_are_in_order_and_each_changes_something(history: list[Observation]) -> None:
    changes = fed(a_counter("cam", "other"), history)
    for before, after in pairwise(changes):
        assert before.at <= after.at
        assert (before.staff, before.customer) != (after.staff, after.customer)


@given(histories, st.data())
def test_repeated_and_late_samples_change_nothing(history: list[Observation], data: st.DataObject) -> None:
    newest: dict[str, Observation] = {}
    disturbed: list[Observation] = []
    for observation in history:
        before = newest.get(observation.camera_id)
        if before is None or observation.wall > before.wall:
            newest[observation.camera_id] = observation
        disturbed += [observation, data.draw(st.sampled_from(disturbed or [observation]))]
        # A sample drawn from the past may only be one that its camera has gone beyond or reached.
    assert fed(a_counter("cam", "other"), disturbed) == fed(a_counter("cam", "other"), history)


@given(st.lists(st.sampled_from([None, 0]), max_size=80))
def test_staffed_is_never_claimed_when_nobody_was_seen(counts: list[int | None]) -> None:
    changes = fed(a_counter(), [seen(t, count) for t, count in enumerate(counts)])
    assert STAFFED not in {change.staff for change in changes}


@given(st.lists(st.sampled_from([None, 1]), max_size=80))
def test_unstaffed_is_never_claimed_when_somebody_or_nothing_was_seen(counts: list[int | None]) -> None:
    changes = fed(a_counter(), [seen(t, count) for t, count in enumerate(counts)])
    assert UNSTAFFED not in {change.staff for change in changes}


@given(histories)
def test_nothing_is_dated_before_what_was_confirmed(history: list[Observation]) -> None:
    counter = a_counter("cam", "other")
    for observation in history:
        confirmed = counter.confirmed_to
        for change in counter.observe(observation):
            assert confirmed is None or change.at >= confirmed


def test_debouncing_is_set_in_the_constructor() -> None:
    counter = CounterPresence("c-1", {"cam": Shows.PART}, Debounce(appear=1, vanish=1, max_gap=timedelta(seconds=60)))
    assert staff_edges(fed(counter, [seen(0, 1), seen(40, 0)])) == [(0, STAFFED), (40, UNSTAFFED)]


def numbers(changes: list[Transition]) -> list[tuple[float, int | None, int | None]]:
    return [((c.at - START).total_seconds(), c.staff_count, c.customer_count) for c in changes]


def staff_numbers(changes: list[Transition]) -> list[tuple[int | None, int | None]]:
    return [(change.staff_count, change.staff_most) for change in changes]


def test_presence_tells_how_many_there_are_debounced_like_the_state() -> None:
    samples = [*[seen(t, 1, 2) for t in range(5)], *[seen(t, 2, 2) for t in (5, 6, 7)], seen(8, 1, 2), seen(9, 2, 3)]
    changes = fed(a_counter(), samples)
    assert numbers(changes) == [(0, 1, 2), (5, 2, 2)]
    assert staff_edges(changes) == [(0, STAFFED)]


def test_of_what_is_unknown_there_is_no_number_and_nobody_is_none() -> None:
    blind = [seen(t, None, None, reason="dark") for t in range(3, 7)]
    changes = fed(a_counter(), [seen(t, 2, 0) for t in range(3)] + blind + [seen(t, 0, 0) for t in range(7, 10)])
    assert numbers(changes)[-2:] == [(3, None, None), (7, 0, 0)]


def test_the_most_that_a_camera_of_the_whole_zone_counts_is_the_number() -> None:
    assert numbers(fed(a_counter("a", "b", whole="ab"), a_and_b(0, 4, 2, 1)))[-1][1] == 2


def test_where_cameras_contradict_each_other_in_how_many_there_are_no_number_is_sure() -> None:
    more_than_the_whole = fed(a_counter("a", "b", whole="a"), a_and_b(0, 6, 1, 2))
    assert staff_edges(more_than_the_whole) == [(0, STAFFED)]
    assert staff_numbers(more_than_the_whole)[-1] == (1, None)
    assert staff_numbers(fed(a_counter("a", "b"), a_and_b(0, 6, 1, 1)))[-1] == (1, 2), "it may be the same one"
    assert staff_numbers(fed(a_counter("a", "b"), a_and_b(0, 6, 0, 2)))[-1] == (2, 2)


def test_customers_whom_several_cameras_see_are_counted_once() -> None:
    both = [seen(t, 1, count, camera=camera) for t in range(4) for camera, count in (("a", 2), ("b", 3))]
    assert numbers(fed(a_counter("a", "b"), both))[-1][2] == 3


def customers(changes: list[Transition]) -> list[tuple[float, CustomerState]]:
    edges = list({(c.at - START).total_seconds(): c.customer for c in changes}.items())
    return [edge for number, edge in enumerate(edges) if not number or edges[number - 1][1] is not edge[1]]


def with_customers(*cameras: str) -> CounterPresence:
    return CounterPresence("c-1", {"a": Shows.WHOLE, "b": Shows.NOTHING}, with_customers=cameras)


def customers_seen(start: int, end: int, a: int | None, b: int | None) -> list[Observation]:
    """One sample a second of each camera; `a` sees the clerk all the time."""
    return [
        seen(t, 1 if camera == "a" else None, count, camera=camera)
        for t in range(start, end)
        for camera, count in (("a", a), ("b", b))
    ]


def test_that_nobody_waits_is_known_when_every_camera_with_a_customer_zone_sees_nobody() -> None:
    looks = customers_seen(0, 4, 0, 0) + customers_seen(4, 9, 0, None) + customers_seen(9, 14, 0, 0)
    assert customers(fed(with_customers("a", "b"), looks)) == [
        (0, CustomerState.NONE),
        (4, CustomerState.UNKNOWN),
        (9, CustomerState.NONE),
    ]
    assert customers(fed(with_customers("a"), looks)) == [(0, CustomerState.NONE)], "b has no such zone"


def test_who_is_seen_waiting_waits_whatever_the_other_cameras_show() -> None:
    assert customers(fed(with_customers("a", "b"), customers_seen(0, 4, None, 2)))[-1] == (0, CustomerState.WAITING)


def test_customers_of_a_camera_that_sends_nothing_any_more_are_unknown_from_its_last_look_on() -> None:
    a_alone = [seen(t, 1, 0, camera="a") for t in range(10, 60)]
    changes = fed(with_customers("a", "b"), customers_seen(0, 10, 0, 0) + a_alone)
    assert customers(changes) == [(0, CustomerState.NONE), (9, CustomerState.UNKNOWN)]
    assert staff_edges(changes) == [(0, STAFFED)]


def test_a_camera_that_looks_at_customers_more_seldom_is_waited_for() -> None:
    seldom = [seen(t, None, 1, camera="b") for t in range(0, 60, 4)]
    often = [seen(t + 0.1, 1, 0, camera="a") for t in range(60)]
    changes = fed(with_customers("a", "b"), sorted(seldom + often, key=lambda sample: sample.wall))
    assert CustomerState.UNKNOWN not in [state for _, state in customers(changes)[1:]]


@given(histories)
def test_nobody_waits_only_after_every_camera_has_looked_for_customers(history: list[Observation]) -> None:
    counter = CounterPresence("c-1", {"cam": Shows.PART, "other": Shows.PART}, with_customers=("cam", "other"))
    looked = set()
    for observation in history:
        if observation.customer_count is not None:
            looked.add(observation.camera_id)
        if any(change.customer is CustomerState.NONE for change in counter.observe(observation)):
            assert looked == {"cam", "other"}


@given(histories)
def test_the_number_is_never_at_odds_with_the_state(samples: list[Observation]) -> None:
    for change in fed(a_counter("cam", "other"), samples):
        assert change.staff_count == 0 if change.staff is UNSTAFFED else change.staff_count != 0
        assert change.staff is not UNKNOWN or (change.staff_count, change.staff_most) == (None, None)
        assert change.staff is UNKNOWN or change.staff_most is None or (change.staff_count or 0) <= change.staff_most
        assert (change.customer_count is None) == (change.customer is CustomerState.UNKNOWN)
        assert bool(change.customer_count) == (change.customer is CustomerState.WAITING)


@settings(max_examples=60)
@given(st.booleans(), st.lists(st.tuples(st.integers(1, 12), st.integers(1, 2)), max_size=8))
def test_what_is_shorter_than_the_debounce_never_flips_a_state(staffed: bool, noise: list[tuple[int, int]]) -> None:
    """People passing by and reflections are one sample of three, missed looks at most two: no tracks are needed."""
    looks = [staffed] * 3
    for calm, wrong in noise:
        looks += [not staffed] * (wrong if staffed else 1) + [staffed] * (calm if staffed else calm + 1)
    changes = fed(a_counter(), [seen(t, int(look)) for t, look in enumerate(looks)])
    assert staff_edges(changes) == [(0, STAFFED if staffed else UNSTAFFED)]


SEEN, PERHAPS, NOBODY, DARK = "seen", "perhaps", "nobody", "dark"


def looked(t: float, what: str) -> Observation:
    if what == PERHAPS:
        return replace(seen(t, None, reason=PERHAPS_SOMEBODY), staff_perhaps=True)
    return seen(t, {SEEN: 1, NOBODY: 0}.get(what), reason="dark" if what == DARK else "")


@pytest.mark.parametrize(
    "looks",
    [[PERHAPS, PERHAPS, NOBODY], [SEEN, NOBODY], [PERHAPS, NOBODY], [SEEN, PERHAPS, NOBODY], [DARK, PERHAPS, NOBODY]],
)
@pytest.mark.parametrize("before", [[], [SEEN] * 3, [NOBODY] * 9])
def test_who_is_half_seen_half_of_the_time_is_not_away(looks: list[str], before: list[str]) -> None:
    samples = [looked(t, what) for t, what in enumerate([*before, *looks * 40])]
    edges = staff_edges(fed(a_counter(), samples))
    assert edges[-1][1] is not UNSTAFFED or edges[-1][0] > len(samples) - OF_LAST
    begins = [t for t, state in edges if state is UNSTAFFED]
    ends = [next((t for t, _ in edges if t > begin), len(samples)) for begin in begins]
    assert all(end - begin <= 2 * OF_LAST for begin, end in zip(begins, ends, strict=True) if begin >= len(before))


@settings(max_examples=200)
@given(st.lists(st.sampled_from([SEEN, PERHAPS, NOBODY, NOBODY, NOBODY, DARK]), max_size=60))
def test_no_six_looks_of_unstaffed_time_show_somebody_in_three(looks: list[str]) -> None:
    edges = staff_edges(fed(a_counter(), [looked(t, what) for t, what in enumerate(looks)]))
    for number, (begin, state) in enumerate(edges):
        if state is UNSTAFFED:
            end = edges[number + 1][0] if number + 1 < len(edges) else len(looks)
            telling = [what for what in looks[int(begin) : int(end)] if what != DARK]
            windows = [telling[at : at + OF_LAST] for at in range(max(1, len(telling) - OF_LAST + 1))]
            assert all(sum(what != NOBODY for what in some) < CONTESTED for some in windows)


def test_a_passer_by_in_one_look_of_three_leaves_an_empty_counter_empty() -> None:
    looks = [NOBODY] * 3 + [SEEN, NOBODY, NOBODY, PERHAPS, NOBODY, NOBODY] * 20
    assert staff_edges(fed(a_counter(), [looked(t, what) for t, what in enumerate(looks)])) == [(0, UNSTAFFED)]


def test_who_counts_in_every_second_look_beside_another_may_be_there() -> None:
    changes = fed(a_counter(), [seen(t, 1 + t % 2) for t in range(40)])
    assert {(change.staff_count, change.staff_most) for change in changes} == {(1, 2)}
    perhaps = [replace(seen(t, 1), staff_besides=t % 2) for t in range(40)]
    assert {(change.staff_count, change.staff_most) for change in fed(a_counter(), perhaps)} == {(1, 2)}


@pytest.mark.parametrize(("crossing_s", "staffed"), [(0.9, False), (1.0, False), (2.0, True), (3.5, True)])
def test_who_walks_through_the_zone_is_staff_only_while_two_samples_show_them(crossing_s: float, staffed: bool) -> None:
    samples = [seen(t, int(10 <= t < 10 + crossing_s)) for t in range(30)]
    states = {state for _, state in staff_edges(fed(a_counter(), samples))}
    assert (STAFFED in states) is staffed
