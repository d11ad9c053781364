"""The numbers of pushes tell whether a step was left out or lost on its way."""

from datetime import datetime, timedelta

import pytest

from correlation.deadlines.numbering import Push, entered_by
from tests.correlation.deadlines.cases import at

MONDAY = at("2026-03-02", "18:30")


def daily(*numbers: int) -> list[Push]:
    """Number 1 on Monday evening, 2 on Tuesday evening, ..."""
    return [Push(number, MONDAY + timedelta(days=number - 1)) for number in numbers]


def _received(number: int) -> datetime:
    [push] = daily(number)
    return push.received_at


STEP = at("2026-03-03", "10:00")
"""When it ended."""


def test_a_step_that_is_in_none_of_the_pushes_was_entered_when_it_was_told() -> None:
    pushes = daily(1, 2, 3, 4, 5)
    assert entered_by(STEP, pushes[-1], pushes) == _received(5)


@pytest.mark.parametrize(
    ("came", "entered"),
    [((1, 3, 4, 5), STEP), ((1, 2, 4, 5), _received(2)), ((1, 2, 3, 5), _received(3)), ((2, 3, 4, 5), _received(5))],
)
def test_it_may_have_been_in_a_push_that_never_came(came: tuple[int, ...], entered: datetime) -> None:
    pushes = daily(*came)
    assert entered_by(STEP, pushes[-1], pushes) == entered


def test_what_comes_later_changes_nothing() -> None:
    pushes = daily(1, 3, 4)
    assert entered_by(STEP, pushes[-1], [*pushes, Push(2, _received(5))]) == STEP
    assert entered_by(STEP, pushes[-1], [*pushes, Push(2, _received(4))]) == _received(4), (
        "it has come, without the step"
    )


def test_a_push_that_was_overtaken_was_made_when_the_one_before_it_had_come() -> None:
    late = Push(3, _received(5))
    assert entered_by(STEP, late, [*daily(1, 2, 4), late]) == _received(2)
    assert entered_by(STEP, late, [*daily(1, 2), late, Push(4, _received(6))]) == _received(5), "not by then"
