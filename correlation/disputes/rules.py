"""By when an absence may be disputed and has to be decided on. Kept as data in `rules.toml`."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from correlation.deadlines.rules import Days, by_date, in_force


@dataclass(frozen=True)
class DisputeRules:
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    version: str
    effective: date
    dispute_days: Days
    """Working days in which it may be disputed."""
    decide_days: Days
    """Working days in which a dispute has to be decided."""
    source: str = ""
    """What the version rests on."""


DISPUTES: TypeAdapter[DisputeRules] = TypeAdapter(DisputeRules)


@lru_cache
def shipped_dispute_rules() -> tuple[DisputeRules, ...]:
    return parse_dispute_rules(files("correlation.disputes").joinpath("rules.toml").read_text(encoding="utf-8"))


def parse_dispute_rules(text: str) -> tuple[DisputeRules, ...]:
    """Every version, oldest first. Raises tomllib.TOMLDecodeError, and ValueError for what is missing or wrong."""
    return by_date(map(DISPUTES.validate_python, tomllib.loads(text)["disputes"]))


def rules_of(versions: Sequence[DisputeRules], day: int) -> DisputeRules:
    """Those in force on the day (`date.toordinal`); the first version also before it."""
    return in_force(versions, date.fromordinal(day)) or versions[0]
