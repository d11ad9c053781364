"""Which single things the points of a formula rest on, and which of them are kept. Pure.

A share rests on what keeps it from being whole: late cases, cases that were not early, steps that were told late.
What is counted one by one rests on each, and what a share adds to the mean on each that makes it up.
"""

from collections.abc import Mapping

from correlation.evaluation.counted import LEVELS
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
from correlation.evaluation.tally import Keeps
from storage.models import CardKind, MarkKind

BY_FORMULA = frozenset(
    {MarkKind.LOW_RATING, MarkKind.GOOD_RATING, MarkKind.EARLY_CASE, MarkKind.IN_TIME, MarkKind.SHORTER}
)
"""Kept only where points rest on them: most cases and ratings are such."""
ALWAYS = frozenset(MarkKind) - BY_FORMULA
WORST_LEVELS = (1, 2)
_EVERY_LEVEL = frozenset(range(1, LEVELS + 1))
_RATINGS: Mapping[MarkKind, frozenset[int]] = {
    MarkKind.BAD_RATING: frozenset(WORST_LEVELS),
    MarkKind.LOW_RATING: _EVERY_LEVEL - frozenset(WORST_LEVELS),
    MarkKind.GOOD_RATING: _EVERY_LEVEL,
}
"""Of which levels each may be."""
_LOWERS: Mapping[Measure, frozenset[MarkKind]] = {
    Measure.ON_TIME: frozenset({MarkKind.LATE_CASE}),
    Measure.EARLY: frozenset({MarkKind.NOT_EARLY}),
    Measure.SATISFACTION: frozenset({MarkKind.BAD_RATING, MarkKind.LOW_RATING}),
    Measure.SHORTER: frozenset({MarkKind.SHORTER}),
    Measure.DATA_QUALITY: frozenset({MarkKind.STEP_TOLD_LATE, MarkKind.FIELDS_MISSING}),
    Measure.ABSENCE: frozenset({MarkKind.ABSENCE}),
    Measure.DATA_MISSING: frozenset({MarkKind.FIELDS_MISSING}),
    Measure.TOLD_LATE: frozenset({MarkKind.STEP_TOLD_LATE}),
}
"""Of a comparison of sums each case."""
_MAKES_UP: Mapping[Measure, MarkKind] = {
    Measure.ON_TIME: MarkKind.IN_TIME,
    Measure.EARLY: MarkKind.EARLY_CASE,
    Measure.SATISFACTION: MarkKind.GOOD_RATING,
}
_OF_EVENT: Mapping[Event, MarkKind] = {
    Event.YELLOW: MarkKind.CARD,
    Event.RED: MarkKind.CARD,
    Event.REMINDER: MarkKind.REMINDER,
    Event.LATE_CASE: MarkKind.LATE_CASE,
    Event.BAD_RATING: MarkKind.BAD_RATING,
    Event.EARLY_CASE: MarkKind.EARLY_CASE,
    Event.BEST_RATING: MarkKind.GOOD_RATING,
}
_ONLY: Mapping[Event, str] = {
    Event.YELLOW: CardKind.YELLOW,
    Event.RED: CardKind.RED,
    Event.BEST_RATING: str(LEVELS),
}
"""The detail of the marks that are such an event; of others any."""


def is_behind(formula: Formula, kind: MarkKind, detail: str = "") -> bool:
    """Whether points rest on such a mark; `detail` is that of the mark: of a card its colour, of a rating its level."""
    return any(_rests_on(each, kind, detail) for each in formula.indicators if weight_of(each) != 0)


def levels_behind(formula: Formula, kind: MarkKind) -> tuple[int, ...]:
    """Of a kind of rating those on which points rest; of other kinds none."""
    return tuple(level for level in sorted(_RATINGS.get(kind, ())) if is_behind(formula, kind, str(level)))


def kept_kinds(formula: Formula) -> tuple[MarkKind, ...]:
    """Of a month that is counted now."""
    return tuple(kind for kind in MarkKind if kind in ALWAYS or _is_kept(formula, kind))


def _is_kept(formula: Formula, kind: MarkKind) -> bool:
    return bool(levels_behind(formula, kind)) if kind in _RATINGS else is_behind(formula, kind)


def kept_by(formula: Formula) -> Keeps:
    """For each case and rating of a month: what it says is worked out before it is asked."""
    ratings = {(kind, str(level)) for kind in _RATINGS for level in levels_behind(formula, kind)}
    kinds = ALWAYS | {kind for kind in kept_kinds(formula) if kind not in _RATINGS}
    return lambda kind, detail: kind in kinds or (kind, detail) in ratings


def _rests_on(indicator: AnyIndicator, kind: MarkKind, detail: str) -> bool:
    if isinstance(indicator, EnteredIndicator):
        return False
    if isinstance(indicator, EventsIndicator):
        return any(each.points and _is_event(each.event, kind, detail) for each in indicator.events)
    return _lowers(indicator, kind, detail) or (
        isinstance(indicator, PercentIndicator) and _makes_up(indicator, kind, detail)
    )


def _is_event(event: Event, kind: MarkKind, detail: str) -> bool:
    return _OF_EVENT[event] is kind and _ONLY.get(event, detail) == detail


def _lowers(indicator: ShareIndicator | PercentIndicator, kind: MarkKind, detail: str) -> bool:
    """A bad rating may be one that still satisfies."""
    return kind in _LOWERS[indicator.of] and (kind not in _RATINGS or int(detail) < indicator.from_level)


def _makes_up(indicator: PercentIndicator, kind: MarkKind, detail: str) -> bool:
    if _MAKES_UP.get(indicator.of) is not kind:
        return False
    return kind not in _RATINGS or int(detail) >= indicator.from_level
