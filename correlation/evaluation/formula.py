"""The formula of the evaluation as data: weights and scales with a version, a date and a source."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator


class Indicator(StrEnum):
    ON_TIME = "on_time"
    EARLY = "early"
    SATISFACTION = "satisfaction"
    CARDS = "cards"
    ABSENCE = "absence"
    DATA_QUALITY = "data_quality"


class Missing(StrEnum):
    """What becomes of the weight of an indicator of which nothing is known."""

    SPREAD = "spread"  # it goes to the known ones in proportion
    REFUSE = "refuse"  # then there is no total


class FormulaProblem(Exception):
    """The formula cannot be used; each line names a field and what to do."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = dict(problems)


_Amount = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class Scales(BaseModel):
    """How what was counted becomes points from 0 to 100."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    early_hours: Annotated[float, Field(gt=0, le=1000)]
    """Early is what ended so long before the promised limit passed. Counting rests on it: no simulation changes it."""
    early_full: _Share
    satisfied_from: Annotated[int, Field(ge=2, le=5)]
    yellow_points: _Amount
    red_points: _Amount
    absence_zero: _Share


class Formula(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
    effective: date
    source: Annotated[str, Field(min_length=1)]
    missing: Missing
    least_known: Annotated[float, Field(ge=0, le=1)]
    confidence: Annotated[float, Field(ge=0.5, le=0.999)]
    weights: dict[Indicator, _Amount]
    scales: Scales

    @field_validator("weights")
    @classmethod
    def _whole(cls, weights: dict[Indicator, float]) -> dict[Indicator, float]:
        if lacking := [each.value for each in Indicator if each not in weights]:
            raise ValueError(f"say the weight of {', '.join(lacking)} too; 0 leaves an indicator out")
        if not any(weights.values()):
            raise ValueError("give at least one indicator a weight above 0")
        return {each: weights[each] for each in Indicator}


def formula_of(said: Mapping[str, Any]) -> Formula:
    """Raises FormulaProblem."""
    try:
        return Formula.model_validate(said)
    except ValidationError as error:
        raise FormulaProblem({_field(each["loc"]): _words(each) for each in error.errors()}) from None


def _field(location: Sequence[Any]) -> str:
    return ".".join(str(part) for part in location if part != "[key]")


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
        raise FormulaProblem({"formula": f"this is no TOML: {error}"}) from None
    if not isinstance(said, list) or not said:
        raise FormulaProblem({"formula": "write each version below a line [[formula]]"})
    return tuple(sorted(map(formula_of, said), key=lambda formula: formula.effective))


@lru_cache
def shipped_formulas() -> tuple[Formula, ...]:
    return parse_formulas(files("correlation.evaluation").joinpath("formula.toml").read_text(encoding="utf-8"))


def in_force(formulas: Sequence[Formula], day: date) -> Formula | None:
    """The newest that had taken effect on the day, of the same date the last one; None before the first."""
    found = [formula for formula in formulas if formula.effective <= day]
    return max(enumerate(found), key=lambda one: (one[1].effective, one[0]))[1] if found else None


def changed(formula: Formula, weights: Mapping[str, float], scales: Mapping[str, float]) -> Formula:
    """The same with other weights and scales, to see what they would do. Raises FormulaProblem."""
    said = formula.model_dump()
    return formula_of({**said, "weights": {**said["weights"], **weights}, "scales": {**said["scales"], **scales}})
