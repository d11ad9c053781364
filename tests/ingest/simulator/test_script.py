"""The story of the counters."""

from itertools import takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulator.cases import KEY_LAG_S, PlannedStep
from ingest.simulator.faults import Fault, FaultKind, parse_fault
from ingest.simulator.script import BACKDATED_S, ENTERED_LATE_S, UNSEEN_REAL_S, Act, ActKind, story

SEEDS = st.integers(0, 10_000)


def first_minutes(minutes: float, seed: int = 1, speed: float = 20.0, faults: tuple[Fault, ...] = ()) -> list[Act]:
    return list(takewhile(lambda act: act.at_s < 60 * minutes, story(seed, 4, speed, faults)))


def steps_of(acts: list[Act]) -> list[PlannedStep]:
    return [act.step for act in acts if act.step]


@given(SEEDS)
@settings(deadline=None, max_examples=20)
def test_the_same_seed_tells_the_same_story(seed: int) -> None:
    assert first_minutes(20, seed) == first_minutes(20, seed)


def test_another_seed_tells_another_story() -> None:
    assert first_minutes(5, 1) != first_minutes(5, 2)


@given(SEEDS, st.sampled_from([1.0, 20.0, 60.0]))
@settings(deadline=None, max_examples=30)
def test_acts_come_in_order_and_nobody_comes_twice_or_leaves_unseen(seed: int, speed: float) -> None:
    acts = first_minutes(40, seed, speed)
    assert [act.at_s for act in acts] == sorted(act.at_s for act in acts)
    there: dict[tuple[int, str], float] = {}
    for act in acts:
        who, _, move = act.kind.value.partition("_")
        if move == "comes":
            assert (act.counter, who) not in there
            there[act.counter, who] = act.at_s
        elif move == "leaves":
            assert act.at_s - there.pop((act.counter, who)) >= 1.999


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_within_two_minutes_a_clerk_is_absent_for_half_a_minute(seed: int) -> None:
    acts = [act for act in first_minutes(6, seed) if act.reason == "absence"]
    left = next(act for act in acts if act.kind is ActKind.CLERK_LEAVES)
    back = next(act for act in acts if act.kind is ActKind.CLERK_COMES and act.counter == left.counter)
    assert left.at_s < 120
    assert back.at_s - left.at_s >= 29


@given(SEEDS)
@settings(deadline=None, max_examples=20)
def test_steps_at_a_counter_happen_while_clerk_and_customer_are_there(seed: int) -> None:
    acts = first_minutes(30, seed)
    visits: dict[int, list[tuple[float, float]]] = {}
    open_at: dict[int, float] = {}
    for act in acts:
        if act.kind is ActKind.CUSTOMER_COMES:
            open_at[act.counter] = act.at_s
        elif act.kind is ActKind.CUSTOMER_LEAVES:
            visits.setdefault(act.counter, []).append((open_at.pop(act.counter), act.at_s))
    done = [step for step in steps_of(acts) if step.counter and step.counter not in open_at]
    for step in done:
        assert step.counter
        assert any(
            start <= step.true_start_s <= step.stamped_end_s <= end + 0.001 for start, end in visits[step.counter]
        )


def test_keys_are_pressed_after_the_act_began_and_pushed_when_it_is_over() -> None:
    for step in steps_of(first_minutes(30)):
        assert step.true_start_s <= step.stamped_start_s <= step.stamped_end_s <= step.known_s


def test_cases_go_through_all_their_steps() -> None:
    kinds: dict[str, set[str]] = {}
    for step in steps_of(first_minutes(60)):
        kinds.setdefault(step.case, set()).add(step.kind)
    assert any(kind == {"receive", "accept", "decide", "close", "deliver"} for kind in kinds.values())
    assert any(kind == {"receive", "accept", "review", "decide", "close"} for kind in kinds.values())


@given(SEEDS, st.sampled_from([1.0, 20.0, 60.0]))
@settings(deadline=None, max_examples=20)
def test_a_backdated_step_is_entered_late_and_stamped_before_it_was_received(seed: int, speed: float) -> None:
    fault = Fault(FaultKind.BACKDATE_STEP, counter=2, after_s=30)
    steps = steps_of(first_minutes(1200 / speed + 10, seed, speed, (fault,)))
    (step,) = [step for step in steps if step.fault]
    (receive,) = [other for other in steps if (other.case, other.kind) == (step.case, "receive")]
    assert (step.counter, step.kind) == (2, "accept")
    assert 0 <= step.stamped_start_s < receive.stamped_start_s
    assert step.true_start_s - step.stamped_start_s <= BACKDATED_S / speed + KEY_LAG_S[1]
    assert step.true_start_s >= receive.true_end_s - 0.001
    assert step.known_s >= step.true_end_s + ENTERED_LATE_S / speed - 0.001


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rows_of_a_backdated_step_contradict_each_other_by_far_more_than_clocks_do(seed: int) -> None:
    steps = steps_of(first_minutes(10, seed, faults=(Fault(FaultKind.BACKDATE_STEP, 2, 30),)))
    (step,) = [step for step in steps if step.fault]
    (receive,) = [other for other in steps if (other.case, other.kind) == (step.case, "receive")]
    assert receive.stamped_start_s - step.stamped_start_s > 20


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_clerk_who_leaves_early_is_away_well_before_and_after_the_acceptance_is_stamped(seed: int) -> None:
    acts = first_minutes(10, seed=seed, faults=(Fault(FaultKind.LEAVE_EARLY, counter=3, after_s=10),))
    left, back = [act for act in acts if act.reason == "leave_early"]
    (step,) = [step for step in steps_of(acts) if step.fault]
    assert (step.counter, step.kind) == (3, "accept")
    assert step.stamped_start_s - left.at_s > UNSEEN_REAL_S
    assert back.at_s - step.stamped_end_s > UNSEEN_REAL_S


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("leave_early", Fault(FaultKind.LEAVE_EARLY, 1, 30.0)),
        ("clock_off:3", Fault(FaultKind.CLOCK_OFF, 3, 30.0)),
        ("lose_camera@45", Fault(FaultKind.LOSE_CAMERA, 1, 45.0)),
        ("backdate_step:2@7.5", Fault(FaultKind.BACKDATE_STEP, 2, 7.5)),
    ],
)
def test_faults_are_spelled_with_counter_and_time(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "explode", "leave_early:x", "leave_early@", "leave_early:1@2@3"])
def test_another_spelling_is_explained(text: str) -> None:
    with pytest.raises(
        ValueError, match="leave_early, unattended, queue, crowd, backdate_step, lose_camera, clock_off"
    ):
        parse_fault(text)


@given(SEEDS)
@settings(deadline=None, max_examples=10)
def test_on_request_a_customer_comes_while_the_clerk_is_away_and_waits(seed: int) -> None:
    acts = [act for act in first_minutes(10, seed, faults=(Fault(FaultKind.UNATTENDED, 3),)) if act.counter == 3]
    left, back = (act for act in acts if act.reason == "unattended")
    assert (left.kind, back.kind) == (ActKind.CLERK_LEAVES, ActKind.CLERK_COMES)
    [came] = [a for a in acts if a.kind is ActKind.CUSTOMER_COMES and left.at_s < a.at_s < back.at_s]
    assert back.at_s - came.at_s >= 14


@pytest.mark.parametrize(
    ("kind", "come", "leave"),
    [
        (FaultKind.QUEUE, ActKind.CUSTOMER_COMES, ActKind.CUSTOMER_LEAVES),
        (FaultKind.CROWD, ActKind.CLERK_COMES, ActKind.CLERK_LEAVES),
    ],
)
@given(SEEDS)
@settings(deadline=None, max_examples=10)
def test_on_request_two_more_come_once_and_stay_beside_the_one_who_is_there(
    kind: FaultKind, come: ActKind, leave: ActKind, seed: int
) -> None:
    acts = [act for act in first_minutes(10, seed, faults=(Fault(kind, 3),)) if act.counter == 3]
    company = [act for act in acts if act.place]
    assert [(act.kind, act.place) for act in company] == [(come, 1), (come, 2), (leave, 1), (leave, 2)]
    first, last = company[0].at_s, company[-1].at_s
    assert last - first >= 29
    assert not [act for act in acts if act.kind is leave and not act.place and first < act.at_s < last]
    assert len({act.person for act in company if act.kind is come}) == 2
    plain = [act for act in first_minutes(10, seed) if act.counter == 3]
    assert acts[: acts.index(company[0])] == plain[: acts.index(company[0])], "until then the story is the same"
