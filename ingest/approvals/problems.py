"""What is wrong with a row, said so that the person who sends it can mend it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from storage.models import StepKind

EXAMPLE_TIME = "2026-03-02T09:14:05+08:00"


@dataclass(frozen=True)
class Problem:
    field: str
    """Name of the field or column; empty when the whole row is meant."""
    problem: str
    remedy: str


def explain(error: ValidationError, known: Sequence[str]) -> tuple[Problem, ...]:
    """One problem for each mistake; `known` are the fields that exist."""
    return tuple(_problem(detail, known) for detail in error.errors(include_url=False, include_context=True))


def printable(text: str) -> str:
    """Without what a database cannot store: NUL and lone surrogates."""
    return text.replace("\x00", "␀").encode("utf-8", "backslashreplace").decode("utf-8")


def _problem(detail: ErrorDetails, known: Sequence[str]) -> Problem:
    kind = detail["type"]
    field = "end" if kind == "end_before_start" else _shown(detail["loc"][0]) if detail["loc"] else ""
    if kind == "extra_forbidden":
        return _unknown(field, known)
    said, remedy = _SAYINGS.get(kind, _other)(detail)
    return Problem(field, said, remedy)


def explain_column(name: str, known: Sequence[str]) -> Problem | None:
    """What is wrong with a column of this name; None when it is a field."""
    return None if name in known else _unknown(_shown(name), known)


def _unknown(field: str, known: Sequence[str]) -> Problem:
    return Problem(field, "is not a field of the exchange format", _spelling(field, known))


def _spelling(field: str, known: Sequence[str]) -> str:
    close = get_close_matches(field, known, n=1)
    return f"did you mean {close[0]}?" if close else f"remove it; the fields are {', '.join(known)}"


def _missing(_detail: ErrorDetails) -> tuple[str, str]:
    return "is missing", "every row needs it"


def _empty(_detail: ErrorDetails) -> tuple[str, str]:
    return "is empty", "every row needs it"


def _not_text(detail: ErrorDetails) -> tuple[str, str]:
    value = detail["input"]
    if value is None:
        return "is null", "give it, or leave the field out if it is optional"
    return f"is {_shown(value)}, which is not text", "put the value in quotes"


def _too_long(detail: ErrorDetails) -> tuple[str, str]:
    longest = detail["ctx"]["max_length"]
    return f"has {len(str(detail['input']))} characters", f"shorten it to {longest} characters"


def _unprintable(_detail: ErrorDetails) -> tuple[str, str]:
    return "contains control characters", "remove them; the file may be damaged or in another encoding"


def _no_kind(detail: ErrorDetails) -> tuple[str, str]:
    return f"{_shown(detail['input'])} is not a kind of step", f"use one of {', '.join(StepKind)}"


def _no_time(detail: ErrorDetails) -> tuple[str, str]:
    value = detail["input"]
    if value is None or value == "":
        return "is empty", f"give a time such as {EXAMPLE_TIME}"
    return f"{_shown(value)} {detail['msg']}", f"write it as ISO 8601 with a zone, such as {EXAMPLE_TIME}"


def _backwards(detail: ErrorDetails) -> tuple[str, str]:
    return detail["msg"], "check both times and their zones"


def _other(detail: ErrorDetails) -> tuple[str, str]:
    return detail["msg"], "see the exchange format"


def _shown(value: Any) -> str:  # noqa: ANN401
    text = str(value)
    return printable(text if len(text) <= 60 else f"{text[:60]}…")


_SAYINGS: dict[str, Callable[[ErrorDetails], tuple[str, str]]] = {
    "missing": _missing,
    "string_type": _not_text,
    "string_too_short": _empty,
    "string_too_long": _too_long,
    "string_pattern_mismatch": _unprintable,
    "string_unicode": _unprintable,
    "is_instance_of": _no_kind,
    "enum": _no_kind,
    "time_zone": _no_time,
    "time_text": _no_time,
    "time_range": _no_time,
    "datetime_type": _no_time,
    "end_before_start": _backwards,
}
