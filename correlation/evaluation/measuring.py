"""What one indicator says of what was counted: points from 0 to 100 where it has a weight, else those it adds. Pure."""

from collections.abc import Iterable
from math import floor, fsum
from typing import NamedTuple

from correlation.evaluation.counted import LEVELS, Counted
from correlation.evaluation.indicators import (
    AnyIndicator,
    EnteredIndicator,
    Event,
    EventsIndicator,
    Measure,
    PercentIndicator,
    ShareIndicator,
)
from correlation.evaluation.shares import Interval, share

FULL = 100.0
_PLACES = 9
"""Of a percentage, before its full steps are counted: 0.3 / 0.1 is no step less than 3."""


class Inputs(NamedTuple):
    """All that points rest on."""

    counted: Counted
    early_hours: float
    confidence: float
    months: int


def points_of(indicator: AnyIndicator, inputs: Inputs) -> Interval | None:
    """None: nothing is known of it."""
    if isinstance(indicator, ShareIndicator):
        return _by_share(indicator, inputs)
    if isinstance(indicator, EventsIndicator):
        return _by_events(indicator, inputs)
    if isinstance(indicator, EnteredIndicator):
        return _by_entry(indicator, inputs)
    return _by_percent(indicator, inputs)


def _by_share(indicator: ShareIndicator, inputs: Inputs) -> Interval | None:
    found = _share(indicator.of, indicator.from_level, inputs)
    return None if found is None else _ordered(_on_scale(value, indicator.none, indicator.full) for value in found)


def _on_scale(value: float, none: float, full: float) -> float:
    reached = (value - none) / (full - none) if full > none else 1 - (value - full) / (none - full)
    return FULL * min(1.0, max(0.0, reached))


def _by_events(indicator: EventsIndicator, inputs: Inputs) -> Interval | None:
    counts = [_count(each.event, inputs) for each in indicator.events]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts) or not (inputs.counted.cases or any(known)):
        return None
    pairs = zip(indicator.events, known, strict=True)
    points = fsum(each.points * (count // each.every) for each, count in pairs) / inputs.months
    points = _capped(points, indicator.most)
    return _exactly(points if indicator.weight is None else max(0.0, FULL + points))


def _by_entry(indicator: EnteredIndicator, inputs: Inputs) -> Interval | None:
    """What a person judged is no sample."""
    found = (
        (value, maximum) for name, value, maximum in inputs.counted.entered or () if name == indicator.id and maximum
    )
    return next((_exactly(FULL * value / maximum) for value, maximum in found), None)


def _by_percent(indicator: PercentIndicator, inputs: Inputs) -> Interval | None:
    found = _share(indicator.of, indicator.from_level, inputs)
    return None if found is None else _ordered(_of_steps(indicator, value) for value in found)


def _of_steps(indicator: PercentIndicator, value: float) -> float:
    first_at = indicator.step if indicator.first_at is None else indicator.first_at
    beyond = round((FULL * value - first_at) / indicator.step, _PLACES)
    if beyond < 0:
        return 0.0
    first = indicator.points if indicator.first is None else indicator.first
    return _capped(first + indicator.points * floor(beyond), indicator.most)


def _share(of: Measure, from_level: int, inputs: Inputs) -> Interval | None:
    counted, confidence = inputs.counted, inputs.confidence
    if of is Measure.ON_TIME:
        return share(counted.cases - counted.late, counted.cases, confidence)
    if of is Measure.EARLY:
        return share(_early(inputs), counted.promised, confidence)
    if of is Measure.SATISFACTION:
        return share(sum(counted.ratings[from_level - 1 :]), sum(counted.ratings), confidence)
    return _of_everything(of, counted)


def _of_everything(of: Measure, counted: Counted) -> Interval | None:
    """What happened, all of it, is no sample."""
    if of is Measure.SHORTER:
        return _shorter(counted)
    if of is Measure.ABSENCE:
        return _exactly(counted.absent_s / counted.watched_s) if counted.watched_s else None
    if of is Measure.TOLD_LATE:
        return _exactly(counted.steps_late / counted.steps) if counted.steps else None
    if not counted.fields:
        return None
    if of is Measure.DATA_MISSING:
        return _exactly((counted.fields - counted.filled) / counted.fields)
    return (
        _exactly(counted.filled / counted.fields * (1 - counted.steps_late / counted.steps)) if counted.steps else None
    )


def _shorter(counted: Counted) -> Interval | None:
    """An item that promises more than the law gives is not shorter by less than nothing."""
    if not counted.legal_days or counted.promised_days is None:
        return None
    return _exactly(max(0.0, 1 - counted.promised_days / counted.legal_days))


def _count(event: Event, inputs: Inputs) -> int | None:
    counted = inputs.counted
    return {
        Event.YELLOW: counted.yellow,
        Event.RED: counted.red,
        Event.REMINDER: counted.reminders,
        Event.LATE_CASE: counted.late,
        Event.BAD_RATING: counted.ratings[0] + counted.ratings[1],
        Event.EARLY_CASE: _early(inputs),
        Event.BEST_RATING: counted.ratings[LEVELS - 1],
    }[event]


def _early(inputs: Inputs) -> int:
    """By the hours of the formula; where they were not kept, as it was counted."""
    found = inputs.counted.early_by(inputs.early_hours)
    return inputs.counted.early if found is None else found


def _capped(points: float, most: float | None) -> float:
    return points if most is None else max(-most, min(most, points))


def _exactly(value: float) -> Interval:
    return Interval(value, value, value)


def _ordered(values: Iterable[float]) -> Interval:
    """Of a share that is bad the ends change places."""
    point, one, other = values
    return Interval(point, min(one, other), max(one, other))
