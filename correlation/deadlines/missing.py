"""What a platform has not told of a case, though it tells such things. Pure.

It says what is lacking; whether that is carded, and since when, is for `conduct.py`. A source that has never sent a
thing may have nowhere to take it from: it is judged by what it first told of since it sent one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from correlation.deadlines.facts import Suspension
from correlation.deadlines.observing import Observation, Telling
from correlation.deadlines.tellings import ToldResult, ToldStep
from storage.models import CardCause, Decision


@dataclass(frozen=True)
class Asked:
    """What the rules want of a source, beside how its cases were decided."""

    source: str = ""
    since: Mapping[Telling, datetime] = field(default_factory=dict)
    """Since when it has told such things; without those that it never told."""


NOBODY = Asked()


@dataclass(frozen=True, slots=True)
class Heard:
    """What was told of a case by a moment, each with when it was first told of."""

    item: str
    received: datetime
    closed: datetime | None
    closing_told_at: datetime | None
    is_decision_expected: bool
    """The catalogue has the link."""
    is_decided_by_step: bool
    is_delivered: bool
    is_charged: bool
    charges: bool
    """Its item costs something."""
    has_results: bool
    """Whether their moments have come or not."""
    steps: Sequence[tuple[ToldStep, datetime]]
    """That are done."""
    results: Sequence[tuple[ToldResult, datetime]]
    """Whose moments have come."""
    suspensions: Sequence[tuple[Suspension, datetime]]
    """That have begun."""


def missing(heard: Heard, asked: Asked) -> Iterator[Observation]:
    """Of each thing the first that lacks it; one that was told of before the source told such things lacks nothing."""
    if heard.is_decision_expected and not heard.is_decided_by_step and not heard.has_results:
        yield from _closed_without(Telling.DECISION, "missing:result", heard, asked)
    if not asked.since:
        return
    if heard.is_decided_by_step and not heard.has_results:
        yield from _closed_without(Telling.RESULT, "missing:result_record", heard, asked)
    granted = [(word, told) for word, told in heard.results if word.decision is Decision.GRANTED]
    if granted and heard.charges and not heard.is_charged:
        yield from _closed_without(Telling.FEE, "missing:fee", heard, asked)
    if granted and len(granted) == len(heard.results) and not heard.is_delivered:
        yield from _first(Telling.DELIVERY, [(word.decided_at, told) for word, told in granted], heard, asked)
    yield from _of_steps(heard, asked)
    silent = [(word.start, told) for word, told in heard.suspensions if not word.notice]
    yield from _first(Telling.NOTICE, silent, heard, asked)


def _closed_without(what: Telling, about: str, heard: Heard, asked: Asked) -> Iterator[Observation]:
    if heard.closed is None or heard.closing_told_at is None or not _is_asked(what, heard.closing_told_at, asked):
        return
    known_at = max(heard.closed, heard.closing_told_at)
    yield _observation(what, about, heard.closed, known_at, heard, asked)


def _of_steps(heard: Heard, asked: Asked) -> Iterator[Observation]:
    """A counter is expected of the first step alone, and where the case came by one."""
    for what in (Telling.OPERATOR, Telling.COUNTER):
        lacking = [
            (max(word.end, told), word)
            for word, told in heard.steps
            if what in word.lacks and _is_asked(what, told, asked)
            if what is Telling.OPERATOR or word.start == heard.received
        ]
        if lacking:
            known_at, step = min(lacking, key=lambda each: each[0])
            found = _observation(what, f"missing:{what}", step.end, known_at, heard, asked)
            yield found._replace(link=step.kind)


def _first(
    what: Telling, lacking: Sequence[tuple[datetime, datetime]], heard: Heard, asked: Asked
) -> Iterator[Observation]:
    """Of pairs of when it happened and when that was first told."""
    judged = [(max(at, told), at) for at, told in lacking if _is_asked(what, told, asked)]
    if judged:
        known_at, at = min(judged)
        yield _observation(what, f"missing:{what}", at, known_at, heard, asked)


def _is_asked(what: Telling, told_at: datetime, asked: Asked) -> bool:
    if what is Telling.DECISION:
        return True
    since = asked.since.get(what)
    return since is not None and since <= told_at


def _observation(
    what: Telling, about: str, at: datetime, known_at: datetime, heard: Heard, asked: Asked
) -> Observation:
    return Observation(CardCause.DATA_MISSING, about, at, known_at, names=(what.value, heard.item, asked.source))
