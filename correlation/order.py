"""Steps whose stamps contradict each other: one is stamped before another of its case that has to come first. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from correlation.stamps import latest
from storage.models import StepKind

MARGIN = timedelta(seconds=10)
"""Stamps that are no further apart count as equal."""

_UNTIL_DECIDED = (StepKind.RECEIVE, StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE)
_BEFORE = {
    **{kind: _UNTIL_DECIDED[:place] for place, kind in enumerate(_UNTIL_DECIDED)},
    # A decision is delivered before its case is closed by some platforms, and after by others.
    StepKind.CLOSE: _UNTIL_DECIDED,
    StepKind.DELIVER: _UNTIL_DECIDED,
}
"""What has to come before a step of each kind."""


@dataclass(frozen=True)
class Stamp:
    """When a step began, as its platform says."""

    step_id: int
    source_id: str
    """Only stamps of one source are compared: they come from one clock."""
    kind: StepKind
    start: datetime


@dataclass(frozen=True)
class Contradiction:
    """A step that is stamped before the first step of each of these kinds. Which of the stamps is wrong is not said."""

    step: Stamp
    later: tuple[Stamp, ...]


def contradictions(case: Iterable[Stamp], margin: timedelta = MARGIN) -> list[Contradiction]:
    """Of the steps of one case. A kind that comes again (a supplement is received, say) counts from its first."""
    by_source: dict[str, list[Stamp]] = defaultdict(list)
    for stamp in case:
        if stamp.kind in _BEFORE:
            by_source[stamp.source_id].append(stamp)
    found = (_later(stamp, stamps, margin) for stamps in by_source.values() for stamp in stamps)
    return [contradiction for contradiction in found if contradiction.later]


def _later(step: Stamp, stamps: Sequence[Stamp], margin: timedelta) -> Contradiction:
    firsts = {stamp.kind: stamp for stamp in sorted(stamps, key=lambda stamp: stamp.start, reverse=True)}
    before = (firsts[kind] for kind in _BEFORE[step.kind] if kind in firsts)
    return Contradiction(step, tuple(first for first in before if latest(step.start) + margin < first.start))
