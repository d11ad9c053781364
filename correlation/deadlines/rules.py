"""The rules in force on a day: what the law says, and what is raised. Kept as data in `rules.toml`.

A site adds versions of its own: `correlation.rulebook` has all of them.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, ClassVar, Literal, Protocol, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter

from correlation.deadlines.counting import Ahead
from correlation.deadlines.observing import Telling
from storage.models import Audience, CardCause, CardKind, SuspensionReason

Days = Annotated[int, Field(ge=1, le=1000)]
"""Working days."""
_NoneOrMore = Annotated[int, Field(ge=0, le=1000)]


@dataclass(frozen=True)
class Law:
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    version: str
    effective: date
    decide_days: Days
    extension_days: Days
    joint_days: Days
    joint_extension_days: Days
    tell_days: Days
    deliver_days: Days
    suspends: frozenset[SuspensionReason]
    sources: Mapping[str, str]
    """What each number rests on."""
    source: str = ""
    """What the version rests on."""

    @cached_property
    def told_in_time(self) -> timedelta:
        """What comes within it comes within `tell_days` in any case: working days take no less."""
        return timedelta(days=self.tell_days)


@dataclass(frozen=True)
class EscalationStep:
    """Who is told of a card that nobody has answered for so many working hours."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    kind: CardKind
    after_hours: _NoneOrMore
    to: Audience


@dataclass(frozen=True)
class Conduct:
    """When the way in which a case was handled is carded."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    grace_days: _NoneOrMore
    """Working days in which a platform may still tell what is missing, or correct itself."""
    pause_days: _NoneOrMore
    """A suspension that begins so few working days before the limit passes is carded."""
    back_dated_days: _NoneOrMore
    """Working days after which what a push has left out is told late."""
    batch_cases: Annotated[int, Field(ge=2, le=10_000)]
    """Of so many cases at once, by the same operator: entered in a batch."""


@dataclass(frozen=True)
class Required:
    """What platforms have to tell of a case, and what its lack is."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    what: Telling
    kind: Literal[CardKind.REMINDER, CardKind.YELLOW] = CardKind.YELLOW
    items: frozenset[str] = frozenset()
    """Of these alone, by their codes; empty: of all."""
    sources: frozenset[str] = frozenset()
    """By these alone; empty: by all that tell such things."""

    def wants(self, what: str, item: str, source: str) -> bool:
        return self.what == what and self._is_of(source) and (not self.items or item in self.items)

    def _is_of(self, source: str) -> bool:
        return not self.sources or source in self.sources

    def asks(self, source: str) -> bool:
        """For more than how its cases were decided, which everybody is asked for."""
        return self.what is not Telling.DECISION and self._is_of(source)


@dataclass(frozen=True)
class CardRules:
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    version: str
    effective: date
    ahead: Ahead
    correction_days: Days
    explain_days: Days
    """Working days from a card to the last one for its explanation."""
    escalation: tuple[EscalationStep, ...]
    conduct: Conduct
    sources: Mapping[CardCause, str]
    """What a rule rests on."""
    source: str = ""
    """What the version rests on."""
    required: tuple[Required, ...] = (Required(Telling.DECISION),)
    """Of two that want the same the first holds."""

    def wanting(self, what: str, item: str, source: str) -> Required | None:
        """The one that wants this of such a case."""
        return next((each for each in self.required if each.wants(what, item, source)), None)


LAW: TypeAdapter[Law] = TypeAdapter(Law)
CARDS: TypeAdapter[CardRules] = TypeAdapter(CardRules)


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

    def asks(self, source: str) -> frozenset[Telling]:
        """What any version wants of a source, beside how its cases were decided."""
        return frozenset(each.what for version in self.cards for each in version.required if each.asks(source))


class _Dated(Protocol):
    @property
    def effective(self) -> date: ...


_D = TypeVar("_D", bound=_Dated)


@lru_cache
def shipped_rules() -> Rules:
    return parse_rules(files("correlation.deadlines").joinpath("rules.toml").read_text(encoding="utf-8"))


def parse_rules(text: str) -> Rules:
    """Raises tomllib.TOMLDecodeError, and pydantic.ValidationError for a constant that is missing, unknown or wrong."""
    said = tomllib.loads(text)
    return rules_from(map(LAW.validate_python, said["law"]), map(CARDS.validate_python, said["cards"]))


def rules_from(laws: Iterable[Law], cards: Iterable[CardRules]) -> Rules:
    """In any order; of two of the same day the later one holds."""
    return Rules(by_date(laws), by_date(cards))


def by_date(versions: Iterable[_D]) -> tuple[_D, ...]:
    """The oldest first; those of one day in their order."""
    return tuple(sorted(versions, key=lambda version: version.effective))


def in_force(versions: Sequence[_D], day: date) -> _D | None:
    for version in reversed(versions):
        if version.effective <= day:
            return version
    return None
