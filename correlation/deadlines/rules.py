"""The rules in force on a day: what the law says, and what is raised. Kept as data in `rules.toml`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Protocol, TypeVar

from correlation.deadlines.counting import Ahead
from storage.models import Audience, CardCause, CardKind, SuspensionReason


@dataclass(frozen=True)
class Law:
    version: str
    effective: date
    decide_days: int
    extension_days: int
    joint_days: int
    joint_extension_days: int
    tell_days: int
    deliver_days: int
    suspends: frozenset[SuspensionReason]
    sources: Mapping[str, str]

    @cached_property
    def told_in_time(self) -> timedelta:
        """What comes within it comes within `tell_days` in any case: working days take no less."""
        return timedelta(days=self.tell_days)


@dataclass(frozen=True)
class EscalationStep:
    """Who is told of a card that nobody has answered for so many working hours."""

    kind: CardKind
    after_hours: int
    to: Audience


@dataclass(frozen=True)
class Conduct:
    """When the way in which a case was handled is carded."""

    grace_days: int
    """Working days in which a platform may still tell what is missing, or correct itself."""
    pause_days: int
    """A suspension that begins so few working days before the limit passes is carded."""
    back_dated_days: int
    """Working days after which what a push has left out is told late."""
    batch_cases: int
    """Of so many cases at once, by the same operator: entered in a batch."""


@dataclass(frozen=True)
class CardRules:
    version: str
    effective: date
    ahead: Ahead
    correction_days: int
    explain_days: int
    """Working days from a card to the last one for its explanation."""
    escalation: tuple[EscalationStep, ...]
    conduct: Conduct
    sources: Mapping[CardCause, str]
    """What a rule rests on."""


@dataclass(frozen=True)
class Rules:
    """Every version, oldest first; at least one law."""

    laws: tuple[Law, ...]
    cards: tuple[CardRules, ...]
    _known: dict[int, tuple[Law, CardRules | None]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def of(self, day: int) -> tuple[Law, CardRules | None]:
        """Those in force on that day: the first law also before it; no cards before the first rules for them."""
        found = self._known.get(day)
        if found is None:
            on = date.fromordinal(day)
            found = self._known[day] = in_force(self.laws, on) or self.laws[0], in_force(self.cards, on)
        return found


class _Dated(Protocol):
    @property
    def effective(self) -> date: ...


_D = TypeVar("_D", bound=_Dated)


@lru_cache
def shipped_rules() -> Rules:
    return parse_rules(files("correlation.deadlines").joinpath("rules.toml").read_text(encoding="utf-8"))


def parse_rules(text: str) -> Rules:
    """Raises tomllib.TOMLDecodeError, and TypeError for a constant that is missing or unknown."""
    said = tomllib.loads(text)
    laws = (Law(**{**law, "suspends": frozenset(map(SuspensionReason, law["suspends"]))}) for law in said["law"])
    cards = (_card_rules(rules) for rules in said["cards"])
    return Rules(tuple(_by_date(laws)), tuple(_by_date(cards)))


def _card_rules(said: Mapping[str, Any]) -> CardRules:
    steps = (
        EscalationStep(CardKind(step.pop("kind")), to=Audience(step.pop("to")), **step)
        for step in map(dict, said.get("escalation", ()))
    )
    parts = {
        "ahead": Ahead(**said["ahead"]),
        "escalation": tuple(steps),
        "conduct": Conduct(**said["conduct"]),
        "sources": {CardCause(cause): source for cause, source in said["sources"].items()},
    }
    return CardRules(**{**said, **parts})


def _by_date(versions: Any) -> list[Any]:  # noqa: ANN401
    return sorted(versions, key=lambda version: version.effective)


def in_force(versions: Sequence[_D], day: date) -> _D | None:
    for version in reversed(versions):
        if version.effective <= day:
            return version
    return None
