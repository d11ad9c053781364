import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.doubles import distinct
from analytics.people import Box

BODY, HEAD = Box(0.52, 0.22, 0.72, 0.87), Box(0.54, 0.24, 0.71, 0.55)


def test_head_and_shoulders_within_a_body_are_one_person() -> None:
    assert distinct([HEAD, BODY]) == distinct([BODY, HEAD]) == [BODY]


@pytest.mark.parametrize(
    "other",
    [
        Box(0.54, 0.45, 0.71, 0.80),  # a smaller one in front, whose head is lower
        Box(0.66, 0.24, 0.72, 0.50),  # one behind, who looks over a shoulder
        Box(0.40, 0.20, 0.60, 0.87),  # one beside
    ],
)
def test_whoever_has_a_head_of_their_own_counts(other: Box) -> None:
    assert len(distinct([BODY, other])) == 2


sides = st.floats(0, 1, width=32)
boxes = st.builds(
    lambda x0, x1, y0, y1: Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), sides, sides, sides, sides
)


@given(st.lists(boxes, max_size=6))
def test_somebody_is_never_made_nobody_and_nobody_is_invented(found: list[Box]) -> None:
    kept = distinct(found)
    assert bool(kept) == bool(found)
    assert all(box in found for box in kept)
    assert distinct(kept) == kept
