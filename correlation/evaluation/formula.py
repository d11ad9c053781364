"""The formula of the evaluation as data: indicators with a version, a date and a source."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from correlation.evaluation.formula_of_before import as_indicators, is_of_before
from correlation.evaluation.indicators import (
    AnyIndicator,
    IndicatorRule,
    Measure,
    PercentIndicator,
    ShareIndicator,
    weight_of,
)
from storage.sayings import Saying


class Missing(StrEnum):
    """What becomes of the weight of an indicator of which nothing is known."""

    SPREAD = "spread"  # it goes to the known ones in proportion
    REFUSE = "refuse"  # then there is no total


class FormulaProblem(Exception):
    """The formula cannot be used; each line names a field and what to do."""

    def __init__(self, problems: Mapping[str, str], details: Mapping[str, Any] | None = None) -> None:
        """`details`: what pydantic says of each field, for whoever tells it in another language."""
        super().__init__("\n".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = dict(problems)
        self.details: dict[str, Any] = dict(details or {})


class Formula(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
    effective: date
    source: Annotated[str, Field(min_length=1)]
    missing: Missing
    least_known: Annotated[float, Field(ge=0, le=1)]
    confidence: Annotated[float, Field(ge=0.5, le=0.999)]
    early_hours: Annotated[float, Field(gt=0, le=1000)]
    """Early is what ended so long before the promised limit passed."""
    indicators: Annotated[tuple[IndicatorRule, ...], Field(min_length=1, max_length=40)]

    @field_validator("indicators")
    @classmethod
    def _can_be_used(cls, indicators: tuple[AnyIndicator, ...]) -> tuple[AnyIndicator, ...]:
        twice = [name for name, times in Counter(each.id for each in indicators).items() if times > 1]
        if twice:
            raise ValueError(
                Saying("there are two indicators %(names)s; give each an id of its own", names=", ".join(twice))
            )
        if not any(weight_of(each) for each in indicators):
            raise ValueError(Saying("give at least one indicator a weight above 0"))
        return indicators

    @property
    def weights(self) -> dict[str, float]:
        """By indicator, of those in the mean."""
        found = {each.id: weight_of(each) for each in self.indicators}
        return {name: weight for name, weight in found.items() if weight is not None}

    @property
    def satisfied_from(self) -> int:
        """The level from which on a rating is satisfied: that of the first indicator of it."""
        levels = (
            each.from_level
            for each in self.indicators
            if isinstance(each, ShareIndicator | PercentIndicator) and each.of is Measure.SATISFACTION
        )
        return next(levels, 3)

    def named(self, name: str) -> AnyIndicator | None:
        return next((each for each in self.indicators if each.id == name), None)


def formula_of(said: Mapping[str, Any]) -> Formula:
    """Also of the shape of before. Raises FormulaProblem."""
    try:
        return Formula.model_validate(as_indicators(said) if is_of_before(said) else said)
    except ValidationError as error:
        details = {_field(each["loc"]): each for each in error.errors()}
        raise FormulaProblem({field: _words(each) for field, each in details.items()}, details) from None


def _field(location: Sequence[Any]) -> str:
    """Without what pydantic puts between: the kind by which an indicator is read."""
    parts = [str(part) for part in location if part != "[key]"]
    return ".".join(parts[:2] + parts[3:] if parts[0] == "indicators" and len(parts) > 2 else parts)


def _words(error: Any) -> str:  # noqa: ANN401 (of pydantic)
    if error["type"] == "extra_forbidden":
        return "is not known; take it out"
    if error["type"] == "missing":
        return "is missing; write it, as in the formula that comes along"
    return str(error["msg"]).removeprefix("Value error, ")


def parse_formulas(text: str) -> tuple[Formula, ...]:
    """All versions of a file, oldest first. Raises FormulaProblem."""
    try:
        said = tomllib.loads(text).get("formula")
    except tomllib.TOMLDecodeError as error:
        raise FormulaProblem({"formula": Saying("this is no TOML: %(why)s", why=str(error))}) from None
    if not isinstance(said, list) or not said:
        raise FormulaProblem({"formula": Saying("write each version below a line [[formula]]")})
    return tuple(sorted(map(formula_of, said), key=lambda formula: formula.effective))


TEMPLATE = "in-use"


def template_text() -> str:
    """An evaluation in use, as far as it is counted, to begin with: nothing holds by it."""
    return files("correlation.evaluation").joinpath("template.toml").read_text(encoding="utf-8")


@lru_cache
def shipped_formulas() -> tuple[Formula, ...]:
    return parse_formulas(files("correlation.evaluation").joinpath("formula.toml").read_text(encoding="utf-8"))


def in_force(formulas: Sequence[Formula], day: date) -> Formula | None:
    """The newest that had taken effect on the day, of the same date the last one; None before the first."""
    found = [formula for formula in formulas if formula.effective <= day]
    return max(enumerate(found), key=lambda one: (one[1].effective, one[0]))[1] if found else None
