"""By when a customer is called back after a bad rating. Kept as data in `rules.toml`."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files

from correlation.deadlines.rules import in_force


@dataclass(frozen=True)
class CallBackRules:
    version: str
    effective: date
    days: int
    """Working days after that of the rating."""
    source: str

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError(f"call_backs {self.version}: days has to be 1 at least")


@lru_cache
def shipped_call_back_rules() -> tuple[CallBackRules, ...]:
    return parse_call_back_rules(files("correlation.supervision").joinpath("rules.toml").read_text(encoding="utf-8"))


def parse_call_back_rules(text: str) -> tuple[CallBackRules, ...]:
    """Every version, oldest first. Raises tomllib.TOMLDecodeError, ValueError, and TypeError for what is missing."""
    found = (CallBackRules(**said) for said in tomllib.loads(text)["call_backs"])
    return tuple(sorted(found, key=lambda rules: rules.effective))


def rules_of(versions: Sequence[CallBackRules], day: int) -> CallBackRules:
    """Those in force on the day (`date.toordinal`); the first version also before it."""
    return in_force(versions, date.fromordinal(day)) or versions[0]
