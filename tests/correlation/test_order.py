"""Stamps contradict each other only when nothing else is possible."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from correlation.order import MARGIN, Stamp, contradictions
from storage.models import StepKind
from tests.correlation.scene import at

RECEIVE, ACCEPT, REVIEW, DECIDE = StepKind.RECEIVE, StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE
CLOSE, DELIVER = StepKind.CLOSE, StepKind.DELIVER
KINDS = [RECEIVE, ACCEPT, REVIEW, DECIDE, CLOSE, DELIVER]


def stamp(kind: StepKind, seconds: float, source: str = "platform", step_id: int = 0) -> Stamp:
    return Stamp(step_id, source, kind, at(seconds))


def out_of_order(*stamps: Stamp) -> dict[StepKind, list[StepKind]]:
    return {found.step.kind: [later.kind for later in found.later] for found in contradictions(stamps)}


def test_a_step_stamped_before_one_that_has_to_come_first_is_out_of_order() -> None:
    assert out_of_order(stamp(RECEIVE, 1001), stamp(ACCEPT, 301)) == {ACCEPT: [RECEIVE]}


def test_every_step_that_has_to_come_first_and_is_stamped_later_is_named() -> None:
    found = out_of_order(stamp(RECEIVE, 901), stamp(ACCEPT, 1001), stamp(REVIEW, 1101), stamp(DECIDE, 1))
    assert found == {DECIDE: [RECEIVE, ACCEPT, REVIEW]}


def test_steps_in_order_and_steps_left_out_are_no_contradiction() -> None:
    assert out_of_order(stamp(RECEIVE, 1), stamp(ACCEPT, 31), stamp(CLOSE, 61)) == {}


def test_a_decision_may_be_delivered_before_the_case_is_closed_or_after() -> None:
    assert out_of_order(stamp(DECIDE, 1), stamp(DELIVER, 301), stamp(CLOSE, 1001)) == {}
    assert out_of_order(stamp(DECIDE, 1), stamp(CLOSE, 301), stamp(DELIVER, 1001)) == {}
    assert out_of_order(stamp(DELIVER, 1), stamp(DECIDE, 301)) == {DELIVER: [DECIDE]}


def test_stamps_that_are_equal_within_the_margin_are_no_contradiction() -> None:
    margin = MARGIN.total_seconds()
    assert out_of_order(stamp(RECEIVE, 301 + margin), stamp(ACCEPT, 301)) == {}
    assert out_of_order(stamp(RECEIVE, 302 + margin), stamp(ACCEPT, 301)) == {ACCEPT: [RECEIVE]}


def test_a_stamp_without_seconds_may_mean_any_moment_of_its_minute() -> None:
    assert out_of_order(stamp(RECEIVE, 335), stamp(ACCEPT, 300)) == {}
    assert out_of_order(stamp(RECEIVE, 400), stamp(ACCEPT, 300)) == {ACCEPT: [RECEIVE]}


def test_stamps_of_different_sources_are_not_compared() -> None:
    assert out_of_order(stamp(RECEIVE, 1001), stamp(ACCEPT, 301, "another")) == {}


def test_what_is_received_again_with_a_supplement_does_not_contradict_the_acceptance() -> None:
    assert out_of_order(stamp(RECEIVE, 1), stamp(ACCEPT, 301), stamp(RECEIVE, 1001)) == {}


def test_other_steps_have_no_place_in_the_order() -> None:
    assert out_of_order(stamp(RECEIVE, 1001), stamp(StepKind.OTHER, 1)) == {}


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 5000)), max_size=12))
def test_a_contradiction_means_that_no_step_of_that_kind_came_first(case: list[tuple[StepKind, int]]) -> None:
    stamps = [stamp(kind, seconds + 0.5, step_id=number) for number, (kind, seconds) in enumerate(case)]
    for found in contradictions(stamps):
        for later in found.later:
            assert KINDS.index(later.kind) < min(KINDS.index(found.step.kind), KINDS.index(CLOSE))
            assert all(s.start > found.step.start + MARGIN for s in stamps if s.kind is later.kind)


@given(st.permutations(KINDS), st.integers(11, 3600))
def test_a_case_is_whole_exactly_when_its_stamps_follow_the_order(order: list[StepKind], pause: int) -> None:
    stamps = [Stamp(n, "platform", kind, at(0.5) + n * timedelta(seconds=pause)) for n, kind in enumerate(order)]
    assert (contradictions(stamps) == []) is (order[:4] == KINDS[:4])
