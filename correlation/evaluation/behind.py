"""Which single things the points of a formula rest on. Pure.

A share rests on what keeps it from being whole: late cases, cases that were not early, steps that were told late.
What is counted one by one rests on each.
"""

from collections.abc import Mapping

from correlation.evaluation.formula import Formula
from correlation.evaluation.indicators import (
    AnyIndicator,
    EnteredIndicator,
    Event,
    EventsIndicator,
    Measure,
    PercentIndicator,
    ShareIndicator,
    weight_of,
)
from storage.models import CardKind, MarkKind

_OF_MEASURE: Mapping[Measure, frozenset[MarkKind]] = {
    Measure.ON_TIME: frozenset({MarkKind.LATE_CASE}),
    Measure.EARLY: frozenset({MarkKind.NOT_EARLY}),
    Measure.SATISFACTION: frozenset({MarkKind.BAD_RATING}),
    Measure.SHORTER: frozenset(),
    Measure.DATA_QUALITY: frozenset({MarkKind.STEP_TOLD_LATE, MarkKind.FIELDS_MISSING}),
    Measure.ABSENCE: frozenset({MarkKind.ABSENCE}),
    Measure.DATA_MISSING: frozenset({MarkKind.FIELDS_MISSING}),
    Measure.TOLD_LATE: frozenset({MarkKind.STEP_TOLD_LATE}),
}
_OF_EVENT: Mapping[Event, MarkKind] = {
    Event.YELLOW: MarkKind.CARD,
    Event.RED: MarkKind.CARD,
    Event.REMINDER: MarkKind.REMINDER,
    Event.LATE_CASE: MarkKind.LATE_CASE,
    Event.BAD_RATING: MarkKind.BAD_RATING,
}
_COLOURS: Mapping[Event, str] = {Event.YELLOW: CardKind.YELLOW, Event.RED: CardKind.RED}


def is_behind(formula: Formula, kind: MarkKind, detail: str = "") -> bool:
    """Whether points rest on such a mark; `detail` is that of the mark: of a card its colour, of a rating its level."""
    return any(_rests_on(each, kind, detail) for each in formula.indicators if weight_of(each) != 0)


def _rests_on(indicator: AnyIndicator, kind: MarkKind, detail: str) -> bool:
    if isinstance(indicator, EnteredIndicator):
        return False
    if isinstance(indicator, EventsIndicator):
        return any(each.points and _is_event(each.event, kind, detail) for each in indicator.events)
    return kind in _OF_MEASURE[indicator.of] and _lowers(indicator, kind, detail)


def _is_event(event: Event, kind: MarkKind, detail: str) -> bool:
    return _OF_EVENT.get(event) is kind and _COLOURS.get(event, detail) == detail


def _lowers(indicator: ShareIndicator | PercentIndicator, kind: MarkKind, detail: str) -> bool:
    """A bad rating may be one that still satisfies."""
    return kind is not MarkKind.BAD_RATING or int(detail) < indicator.from_level
