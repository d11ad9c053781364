import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.against_labels import (
    AbsencesFound,
    EdgesFound,
    absences_found,
    between,
    edges_found,
    empty_spells,
    outside,
    told_edges,
)

ABOUT = {"least": 10.0, "slack": 1.5}


def test_an_absence_that_was_said_where_one_was_is_right() -> None:
    found = absences_found([(20.0, 40.0)], [], [(21.0, 39.0)], **ABOUT)
    assert found == AbsencesFound(due=1, found=1, said=1, right=1)
    assert (found.precision, found.recall, found.f1) == (1.0, 1.0, 1.0)


def test_one_that_was_not_said_is_missed_and_one_that_was_not_there_is_wrong() -> None:
    found = absences_found([(20.0, 40.0)], [], [(60.0, 80.0)], **ABOUT)
    assert (found.precision, found.recall, found.f1) == (0.0, 0.0, 0.0)


def test_one_that_shares_too_little_of_its_time_is_another() -> None:
    assert absences_found([(20.0, 40.0)], [], [(32.0, 60.0)], **ABOUT).f1 == 0.0


@pytest.mark.parametrize("said", [[], [(20.0, 31.0)]])
def test_one_as_long_as_the_threshold_may_be_said_or_not(said: list[tuple[float, float]]) -> None:
    assert absences_found([(20.0, 30.5)], [], said, **ABOUT).f1 in (None, 1.0) or said
    assert absences_found([(20.0, 30.5)], [], said, **ABOUT).precision in (None, 1.0)


def test_what_a_fault_hides_need_not_be_found_and_what_lies_around_it_may_be_said_in_parts() -> None:
    hidden = absences_found([(20.0, 40.0)], [(25.0, 35.0)], [], **ABOUT)
    assert (hidden.due, hidden.f1) == (0, None)
    parts = absences_found([(20.0, 60.0)], [(35.0, 45.0)], [(20.0, 35.0), (45.0, 60.0)], **ABOUT)
    assert parts == AbsencesFound(due=1, found=1, said=2, right=2)


def test_edges_are_matched_once_the_nearest_first_and_told_how_far_off_they_are() -> None:
    found = edges_found([10.0, 14.0], [11.0, 30.0])
    assert found == EdgesFound((1.0,), missed=1, extra=1)
    assert found.within(2.0) == 0.5
    assert (found.median, found.furthest) == (1.0, 1.0)


def test_an_edge_near_a_fault_is_nobodys() -> None:
    assert edges_found([10.0], [], blind=[(12.0, 20.0)]) == EdgesFound()


def test_states_too_short_to_be_told_have_no_edges() -> None:
    assert told_edges([(10.0, 20.0), (21.0, 40.0)], 60.0) == ([10.0], [40.0])
    assert told_edges([(0.0, 30.0)], 60.0) == ([], [30.0])


def test_people_passing_by_leave_the_zone_empty() -> None:
    assert empty_spells([(5.0, 6.0), (20.0, 30.0)], 60.0) == [(0.0, 20.0), (30.0, 60.0)]


spells = st.lists(
    st.tuples(st.integers(0, 100), st.integers(1, 20)).map(lambda pair: (float(pair[0]), float(sum(pair)))), max_size=5
)


@settings(max_examples=40)
@given(spells)
def test_what_is_in_none_of_the_spells_and_what_is_add_up_to_the_whole(holes: list[tuple[float, float]]) -> None:
    left = between(holes, 130.0)
    for second in range(130):
        moment = second + 0.5
        assert any(a <= moment < b for a, b in left) != any(a <= moment < b for a, b in holes)
    assert all(outside(part, holes) == [part] for part in left)


@settings(max_examples=40)
@given(spells)
def test_whoever_says_the_truth_is_right(empty: list[tuple[float, float]]) -> None:
    truth = between(between(empty, 130.0), 130.0)  # what overlaps, joined
    said = [spell for spell in truth if spell[1] - spell[0] >= ABOUT["least"]]
    found = absences_found(truth, [], said, **ABOUT)
    assert (found.said - found.right, found.due - found.found) == (0, 0)
