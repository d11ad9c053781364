"""Which case a customer at a counter has just had: the last one that began, and no guess."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from correlation.at_work import STILL_THERE, StepAt, case_in_work

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def step(case_id: int, start: int, end: int) -> StepAt:
    """In minutes from noon."""
    return StepAt(case_id, NOON + timedelta(minutes=start), NOON + timedelta(minutes=end))


@pytest.mark.parametrize(
    ("steps", "case"),
    [
        ([], None),
        ([step(1, -10, -5)], 1),
        ([step(1, -10, 5)], 1),
        ([step(1, -30, -15)], 1),
        ([step(1, -30, -16)], None),
        ([step(1, 1, 5)], None),
        ([step(1, -20, -10), step(2, -9, -2)], 2),
        ([step(1, -5, -1), step(2, -20, -2)], 1),
        ([step(1, -5, -1), step(2, -5, -1)], None),
        ([step(1, -5, -1), step(1, -5, -2)], 1),
    ],
)
def test_it_is_the_case_of_the_step_that_began_last(steps: list[StepAt], case: int | None) -> None:
    assert case_in_work(steps, NOON) == case


STEPS = st.lists(st.builds(step, st.integers(1, 3), st.integers(-60, 60), st.integers(-60, 60)), max_size=8)


@given(STEPS)
def test_what_lies_ahead_or_long_ago_decides_nothing(steps: list[StepAt]) -> None:
    near = [s for s in steps if s.start <= NOON <= max(s.start, s.end) + STILL_THERE]
    found = case_in_work(steps, NOON)
    assert found == case_in_work(near, NOON)
    assert found is None or found in {s.case_id for s in near}
