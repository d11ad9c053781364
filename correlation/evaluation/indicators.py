"""The kinds of indicators that a formula may have. Each says what it measures and how that becomes points.

An indicator with a weight has 0 to 100 points and counts in the mean; one without a weight adds its points to the mean
or takes them off. What is bad only ever takes off, and what is good only ever adds: so one more late case, card or bad
rating raises the points of nobody, whatever the formula.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from storage.sayings import Saying


class Measure(StrEnum):
    """A share of something that is counted."""

    ON_TIME = "on_time"  # cases that were not late, of all
    EARLY = "early"  # of the cases with a promised limit, those that ended `early_hours` before it
    SATISFACTION = "satisfaction"  # ratings of `from_level` and above, of all
    SHORTER = "shorter"  # by how much the promised limits of the cases are shorter than the legal ones
    DATA_QUALITY = "data_quality"  # fields given × steps told in time
    ABSENCE = "absence"  # watched opening time in absence that stands
    DATA_MISSING = "data_missing"  # fields that are not given, of those that the steps should have
    TOLD_LATE = "told_late"  # steps that were told late, of all

    @property
    def is_bad(self) -> bool:
        return self in (Measure.ABSENCE, Measure.DATA_MISSING, Measure.TOLD_LATE)


class Event(StrEnum):
    """Something that is counted one by one."""

    YELLOW = "yellow"  # yellow cards that count
    RED = "red"  # red cards that count
    REMINDER = "reminder"  # reminders that were not withdrawn
    LATE_CASE = "late_case"
    BAD_RATING = "bad_rating"  # of the lowest two levels
    EARLY_CASE = "early_case"
    BEST_RATING = "best_rating"  # of level 5

    @property
    def is_bad(self) -> bool:
        return self not in (Event.EARLY_CASE, Event.BEST_RATING)


_LESS = Saying("here less is better: `none` has to be more than `full`")
_MORE = Saying("here more is better: `full` has to be more than `none`")
_TWICE = Saying("name each event once")
_WEIGHTED = Saying("with a weight points are taken off 100; leave out `weight` to add some")
_Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Points = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]
_Most = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
_Percent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class _Named(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    """Chinese."""
    name_en: Annotated[str, Field(min_length=1, max_length=60)]


class ShareIndicator(_Named):
    """0 to 100 by a share: straight from the share that gets no mark to the one that gets full marks."""

    kind: Literal["share"]
    weight: _Weight
    of: Measure
    full: _Share = 1.0
    none: _Share = 0.0
    from_level: Annotated[int, Field(ge=2, le=5)] = 3
    """Of `satisfaction` alone."""

    @model_validator(mode="after")
    def _leans_the_right_way(self) -> Self:
        if self.of.is_bad and self.full >= self.none:
            raise ValueError(_LESS)
        if not self.of.is_bad and self.full <= self.none:
            raise ValueError(_MORE)
        return self


class PerEvent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    event: Event
    points: _Points
    """Below 0 what it takes off."""
    every: Annotated[int, Field(ge=1, le=1000)] = 1
    """For every so many of them; fewer cost nothing."""

    @model_validator(mode="after")
    def _has_its_sign(self) -> Self:
        _check_sign(self.event, self.event.is_bad, self.points)
        return self


class EventsIndicator(_Named):
    """Points for each thing that happened. With a weight they are taken off 100."""

    kind: Literal["events"]
    weight: _Weight | None = None
    events: Annotated[tuple[PerEvent, ...], Field(min_length=1)]
    most: _Most | None = None
    """No more than so many points, whichever way."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len({each.event for each in self.events}) < len(self.events):
            raise ValueError(_TWICE)
        if self.weight is not None and any(each.points > 0 for each in self.events):
            raise ValueError(_WEIGHTED)
        return self


class PercentIndicator(_Named):
    """Points for each full step of a share, added to the mean or taken off."""

    kind: Literal["percent"]
    of: Measure
    points: _Points
    """Below 0 what it takes off, for each full step."""
    step: _Percent = 1.0
    """In percent of the whole."""
    first_at: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    """The percentage from which on it counts; without it the first full step."""
    first: _Points | None = None
    """Points there, where they are others than those of each further step."""
    most: _Most | None = None
    from_level: Annotated[int, Field(ge=2, le=5)] = 3

    @model_validator(mode="after")
    def _has_its_sign(self) -> Self:
        _check_sign(self.of, self.of.is_bad, self.points)
        _check_sign(self.of, self.of.is_bad, self.first or 0.0)
        return self


class EnteredIndicator(_Named):
    """0 to 100 by a figure that a named person enters for a unit and month, of the maximum that is entered with it."""

    kind: Literal["entered"]
    weight: _Weight


def _check_sign(of: StrEnum, is_bad: bool, points: float) -> None:
    if is_bad and points > 0:
        raise ValueError(Saying("%(what)s is bad and may only take points off: write them below 0", what=of.value))
    if not is_bad and points < 0:
        raise ValueError(Saying("%(what)s is good and may only add points: write them above 0", what=of.value))


AnyIndicator = ShareIndicator | EventsIndicator | PercentIndicator | EnteredIndicator
IndicatorRule = Annotated[AnyIndicator, Field(discriminator="kind")]


def weight_of(indicator: AnyIndicator) -> float | None:
    """None: it has none, its points are added."""
    return None if isinstance(indicator, PercentIndicator) else indicator.weight
