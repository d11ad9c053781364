"""By when a customer is called back after a bad rating. Kept as data in `rules.toml`."""

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
class CallBackRules:
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    version: str
    effective: date
    days: Days
    """Working days after that of the rating."""
    source: str = ""


CALL_BACKS: TypeAdapter[CallBackRules] = TypeAdapter(CallBackRules)


@lru_cache
def shipped_call_back_rules() -> tuple[CallBackRules, ...]:
    return parse_call_back_rules(files("correlation.supervision").joinpath("rules.toml").read_text(encoding="utf-8"))


def parse_call_back_rules(text: str) -> tuple[CallBackRules, ...]:
    """Every version, oldest first. Raises tomllib.TOMLDecodeError, and ValueError for what is missing or wrong."""
    return by_date(map(CALL_BACKS.validate_python, tomllib.loads(text)["call_backs"]))


def rules_of(versions: Sequence[CallBackRules], day: int) -> CallBackRules:
    """Those in force on the day (`date.toordinal`); the first version also before it."""
    return in_force(versions, date.fromordinal(day)) or versions[0]
