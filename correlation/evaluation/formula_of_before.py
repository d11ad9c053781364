"""The shape that formulas had when there were six indicators with a scale for each: read as what it says.

Formulas that are kept with a published month are never written again, so this reads them for as long as they are kept.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

_NAMES = {
    "on_time": ("按时", "On time"),
    "early": ("提前", "Early"),
    "satisfaction": ("满意度", "Satisfaction"),
    "cards": ("红黄牌", "Cards"),
    "absence": ("离岗", "Absence"),
    "data_quality": ("数据质量", "Data quality"),
}
_Amount = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class _Scales(BaseModel):
    model_config = ConfigDict(extra="forbid")

    early_hours: Annotated[float, Field(gt=0, le=1000)]
    early_full: _Share
    satisfied_from: Annotated[int, Field(ge=2, le=5)]
    yellow_points: _Amount
    red_points: _Amount
    absence_zero: _Share


class _Before(BaseModel):
    weights: dict[str, _Amount]
    scales: _Scales

    @field_validator("weights")
    @classmethod
    def _whole(cls, weights: dict[str, float]) -> dict[str, float]:
        if lacking := [name for name in _NAMES if name not in weights]:
            raise ValueError(f"say the weight of {', '.join(lacking)} too; 0 leaves an indicator out")
        if surplus := [name for name in weights if name not in _NAMES]:
            raise ValueError(f"{', '.join(surplus)} is not known; take it out")
        if not any(weights.values()):
            raise ValueError("give at least one indicator a weight above 0")
        return weights


def is_of_before(said: Mapping[str, Any]) -> bool:
    return "weights" in said or "scales" in said


def as_indicators(said: Mapping[str, Any]) -> dict[str, Any]:
    """The same formula, its six indicators as data. Raises pydantic's ValidationError."""
    before = _Before.model_validate(said)
    scales, rest = before.scales, {name: value for name, value in said.items() if name not in ("weights", "scales")}
    kinds: dict[str, dict[str, Any]] = {
        "on_time": {"kind": "share", "of": "on_time"},
        "early": {"kind": "share", "of": "early", "full": scales.early_full},
        "satisfaction": {"kind": "share", "of": "satisfaction", "from_level": scales.satisfied_from},
        "cards": {
            "kind": "events",
            "events": [
                {"event": "yellow", "points": -scales.yellow_points},
                {"event": "red", "points": -scales.red_points},
            ],
        },
        "absence": {"kind": "share", "of": "absence", "full": 0, "none": scales.absence_zero},
        "data_quality": {"kind": "share", "of": "data_quality"},
    }
    indicators = [
        {"id": name, "name": _NAMES[name][0], "name_en": _NAMES[name][1], "weight": before.weights[name], **kind}
        for name, kind in kinds.items()
    ]
    return {**rest, "early_hours": scales.early_hours, "indicators": indicators}
