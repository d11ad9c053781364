"""What is wrong with a row, said so that the person who sends it can mend it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from storage.sayings import Saying

EXAMPLE_TIME = "2026-03-02T09:14:05+08:00"
Said = tuple[Saying, Saying]
"""What is wrong, and what to do."""


@dataclass(frozen=True)
class Problem:
    field: str
    """Name of the field or column; empty when the whole row is meant."""
    problem: Saying
    remedy: Saying


def explain(error: ValidationError, known: Sequence[str]) -> tuple[Problem, ...]:
    """One problem for each mistake; `known` are the fields that exist."""
    return tuple(_problem(detail, known) for detail in error.errors(include_url=False, include_context=True))


def printable(text: str) -> str:
    """Without what a database cannot store: NUL and lone surrogates."""
    return text.replace("\x00", "␀").encode("utf-8", "backslashreplace").decode("utf-8")


def shown(value: Any) -> str:  # noqa: ANN401
    """A value that somebody sent, short enough to stand in a sentence."""
    text = str(value)
    return printable(text if len(text) <= 60 else f"{text[:60]}…")


def _problem(detail: ErrorDetails, known: Sequence[str]) -> Problem:
    kind, place = detail["type"], detail["loc"]
    field = detail["ctx"]["field"] if kind == "end_before_start" else shown(_path(place))
    if kind == "extra_forbidden" and len(place) == 1:
        return _unknown(field, known)
    said, remedy = _SAYINGS.get(kind, _other)(detail)
    return Problem(field, said, remedy)


def _path(place: Sequence[int | str]) -> str:
    """Such as `links[0].limit`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def explain_column(name: str, known: Sequence[str]) -> Problem | None:
    """What is wrong with a column of this name; None when it is a field."""
    return None if name in known else _unknown(shown(name), known)


def _unknown(field: str, known: Sequence[str]) -> Problem:
    return Problem(field, Saying("is not a field of the exchange format"), _spelling(field, known))


def _spelling(field: str, known: Sequence[str]) -> Saying:
    close = get_close_matches(field, known, n=1)
    if close:
        return Saying("did you mean %(name)s?", name=close[0])
    return Saying("remove it; the fields are %(names)s", names=", ".join(known))


def _missing(_detail: ErrorDetails) -> Said:
    return Saying("is missing"), Saying("every row needs it")


def _empty(_detail: ErrorDetails) -> Said:
    return Saying("is empty"), Saying("every row needs it")


def _not_text(detail: ErrorDetails) -> Said:
    value = detail["input"]
    if value is None:
        return Saying("is null"), Saying("give it, or leave the field out if it is optional")
    return Saying("is %(value)s, which is not text", value=shown(value)), Saying("put the value in quotes")


def _too_long(detail: ErrorDetails) -> Said:
    longest = detail["ctx"]["max_length"]
    said = Saying("has %(count)s characters", count=len(str(detail["input"])))
    return said, Saying("shorten it to %(most)s characters", most=longest)


def _unprintable(_detail: ErrorDetails) -> Said:
    remedy = Saying("remove them; the file may be damaged or in another encoding")
    return Saying("contains control characters"), remedy


def _no_word(detail: ErrorDetails) -> Said:
    said = Saying("%(value)s is not one of the words of this field", value=shown(detail["input"]))
    return said, Saying("use one of %(words)s", words=detail["ctx"]["words"])


def _no_whole_number(detail: ErrorDetails) -> Said:
    return _not_here(detail), Saying("give a whole number")


def _too_small(detail: ErrorDetails) -> Said:
    return _not_here(detail), Saying("give a number not below %(least)s", least=detail["ctx"]["ge"])


def _too_large(detail: ErrorDetails) -> Said:
    return _not_here(detail), Saying("give a number not above %(most)s", most=detail["ctx"]["le"])


def _not_here(detail: ErrorDetails) -> Saying:
    return Saying("%(value)s is not a number that can stand here", value=shown(detail["input"]))


def _no_yuan(detail: ErrorDetails) -> Said:
    said = Saying("%(value)s is not an amount of money", value=shown(detail["input"]))
    return said, Saying("write yuan with at most two decimals, such as 10.00")


def _no_day(detail: ErrorDetails) -> Said:
    said = Saying("%(value)s is not a date", value=shown(detail["input"]))
    return said, Saying("write it as 2026-03-02")


def _no_list(_detail: ErrorDetails) -> Said:
    return Saying("is not a list"), Saying("write a JSON list, in the cell of a table as text")


def _no_flag(detail: ErrorDetails) -> Said:
    said = Saying("%(value)s is neither true nor false", value=shown(detail["input"]))
    return said, Saying("write true or false")


def _no_part(_detail: ErrorDetails) -> Said:
    return Saying("is not an object"), Saying("see the exchange format")


def _unknown_part(_detail: ErrorDetails) -> Said:
    return Saying("is not a field of the exchange format"), Saying("see the exchange format")


def _no_time(detail: ErrorDetails) -> Said:
    value = detail["input"]
    if value is None or value == "":
        return Saying("is empty"), Saying("give a time such as %(example)s", example=EXAMPLE_TIME)
    if detail["type"] == "time_range":
        said = Saying("%(value)s lies outside 1990–2100", value=shown(value))
        return said, Saying("correct the year; the time itself is written as it should be")
    remedy = Saying("write it as ISO 8601 with a zone, such as %(example)s", example=EXAMPLE_TIME)
    return _about_time(detail["type"], shown(value)), remedy


def _about_time(kind: str, value: str) -> Saying:
    if kind == "time_zone":
        return Saying("%(value)s has no time zone", value=value)
    if kind == "time_of_day":
        return Saying("%(value)s has no time of day", value=value)
    return Saying("%(value)s is not a time", value=value)


def _backwards(_detail: ErrorDetails) -> Said:
    return Saying("is before the start"), Saying("check both times and their zones")


def _other(_detail: ErrorDetails) -> Said:
    return Saying("is not valid"), Saying("see the exchange format")


_SAYINGS: dict[str, Callable[[ErrorDetails], Said]] = {
    "missing": _missing,
    "string_type": _not_text,
    "string_too_short": _empty,
    "string_too_long": _too_long,
    "string_pattern_mismatch": _unprintable,
    "string_unicode": _unprintable,
    "word": _no_word,
    "int_type": _no_whole_number,
    "greater_than_equal": _too_small,
    "less_than_equal": _too_large,
    "yuan": _no_yuan,
    "day": _no_day,
    "list_text": _no_list,
    "flag": _no_flag,
    "model_type": _no_part,
    "extra_forbidden": _unknown_part,
    "time_zone": _no_time,
    "time_of_day": _no_time,
    "time_text": _no_time,
    "time_range": _no_time,
    "datetime_type": _no_time,
    "end_before_start": _backwards,
}
