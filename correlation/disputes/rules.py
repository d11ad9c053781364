"""By when an absence may be disputed and has to be decided on. Kept as data in `rules.toml`."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files

from correlation.deadlines.rules import in_force


@dataclass(frozen=True)
class DisputeRules:
    version: str
    effective: date
    dispute_days: int
    """Working days in which it may be disputed."""
    decide_days: int
    """Working days in which a dispute has to be decided."""

    def __post_init__(self) -> None:
        if min(self.dispute_days, self.decide_days) < 1:
            raise ValueError(f"disputes {self.version}: dispute_days and decide_days have to be 1 at least")


@lru_cache
def shipped_dispute_rules() -> tuple[DisputeRules, ...]:
    return parse_dispute_rules(files("correlation.disputes").joinpath("rules.toml").read_text(encoding="utf-8"))


def parse_dispute_rules(text: str) -> tuple[DisputeRules, ...]:
    """Every version, oldest first. Raises tomllib.TOMLDecodeError, ValueError, and TypeError for a missing number."""
    found = (DisputeRules(**said) for said in tomllib.loads(text)["disputes"])
    return tuple(sorted(found, key=lambda rules: rules.effective))


def rules_of(versions: Sequence[DisputeRules], day: int) -> DisputeRules:
    """Those in force on the day (`date.toordinal`); the first version also before it."""
    return in_force(versions, date.fromordinal(day)) or versions[0]
