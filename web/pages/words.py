"""The words people read for the codes that the tables hold.

The same code may mean different things in different columns, so each kind has its own function.
"""

from collections.abc import Mapping
from enum import StrEnum

from correlation.deadlines.observing import Telling
from storage.models import CardCause, EventKind, FaultKind, GapCause, RecordKind, StepKind, SuspensionReason
from web.pages.code_words import HOLE_WORDS, UNKNOWN_WORDS
from web.pages.enum_words import ENUM_WORDS


def word(member: StrEnum | None) -> str:
    """The English words for a member of an enum."""
    # Members of different enums with the same value are equal, so the type has to be part of the key.
    return "" if member is None else _BY_MEMBER.get((type(member), member.value), member.value)


def reason_word(reason: str) -> str:
    """Why a day does not count: a statutory reason, else what a person wrote of a closure."""
    return _REASONS.get(reason, reason)


def record_word(kind: str) -> str:
    """What a platform has told of."""
    return _RECORDS.get(kind, kind)


def telling_word(what: str) -> str:
    """What a platform has not told."""
    return _TELLINGS.get(what, what)


def hole_word(cause: str) -> str:
    """Why a span of footage is missing."""
    return _HOLES.get(cause, cause)


def unknown_word(reason: str) -> str:
    """Why a counter's state is unknown."""
    return _UNKNOWN.get(reason, reason)


def cause_word(cause: str) -> str:
    """Why a card was raised."""
    return _CAUSES.get(cause, cause)


def event_word(kind: str) -> str:
    """What was found at a counter."""
    return _EVENTS.get(kind, kind)


def step_word(name: str) -> str:
    """A step's own name, or the words for its kind where it has none."""
    return _STEPS.get(name, name)


_BY_MEMBER = {(type(member), member.value): words for member, words in ENUM_WORDS}


def _of(kind: type[StrEnum]) -> Mapping[str, str]:
    return {member.value: words for member, words in ENUM_WORDS if isinstance(member, kind)}


_HOLES = {**_of(GapCause), **HOLE_WORDS}
_UNKNOWN = {**_of(FaultKind), **UNKNOWN_WORDS}
_STEPS = _of(StepKind)
_EVENTS = _of(EventKind)
_REASONS = _of(SuspensionReason)
_CAUSES = _of(CardCause)
_RECORDS = _of(RecordKind)
_TELLINGS = _of(Telling)
