"""Which case is in work at a counter at a moment, as far as that is known. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

STILL_THERE = timedelta(minutes=15)
"""A customer may stay for so long after the last step, to pay, to read, or to rate."""


class StepAt(NamedTuple):
    """A step at that counter."""

    case_id: int
    start: datetime
    end: datetime


def case_in_work(steps: Iterable[StepAt], at: datetime) -> int | None:
    """Of the step that began last. None where there was none lately, or two cases' began at once: it is not guessed."""
    lately = [step for step in steps if step.start <= at <= max(step.start, step.end) + STILL_THERE]
    last = max((step.start for step in lately), default=None)
    cases = {step.case_id for step in lately if step.start == last}
    return cases.pop() if len(cases) == 1 else None
