"""How far a case has come, at a glance: the usual steps in their order, each reported or still to come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from storage.models import StepKind

USUAL = (StepKind.RECEIVE, StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE, StepKind.CLOSE)
"""Not every case is delivered, so delivery is shown once it is reported."""


class StageState(StrEnum):
    DONE = "done"
    UNDER_WAY = "under_way"  # reported with an end that is still to come
    NEXT = "next"
    TO_COME = "to_come"
    NOT_REPORTED = "not_reported"  # a later one was, or the case is closed


class Ended(Protocol):
    """A step, as far as it matters here."""

    @property
    def kind(self) -> StepKind: ...
    @property
    def end(self) -> datetime: ...


@dataclass(frozen=True)
class Stage:
    kind: StepKind
    state: StageState
    ended_at: datetime | None
    """Of the last step of this kind."""


def progress(steps: Iterable[Ended], closed_at: datetime | None, now: datetime) -> tuple[Stage, ...]:
    ends: dict[StepKind, datetime] = {StepKind.CLOSE: closed_at} if closed_at else {}
    for step in steps:
        ends[step.kind] = max(step.end, ends.get(step.kind, step.end))
    kinds = USUAL + ((StepKind.DELIVER,) if StepKind.DELIVER in ends else ())
    reached = max((place for place, kind in enumerate(kinds) if kind in ends), default=-1)
    is_under_way = any(end > now for end in ends.values())
    return tuple(
        Stage(kind, _state(ends.get(kind), place - reached, is_under_way, now), ends.get(kind))
        for place, kind in enumerate(kinds)
    )


def _state(end: datetime | None, ahead: int, is_under_way: bool, now: datetime) -> StageState:
    """`ahead`: how many places after the furthest that was reached; below zero it was passed over."""
    if end is not None:
        return StageState.UNDER_WAY if end > now else StageState.DONE
    if ahead < 0:
        return StageState.NOT_REPORTED
    return StageState.NEXT if ahead == 1 and not is_under_way else StageState.TO_COME
