"""What is wrong with one field, in words that a person can act on; pydantic's own are for programmers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from storage.sayings import Saying
from web.declared_values import CLOCK, ID, TIME_OF_DAY, USER_NAME


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field, without repeating the value: it may be a password."""

    field: str
    problem: Saying

    @staticmethod
    def of(detail: Mapping[str, Any]) -> "FieldProblem":
        """From one entry of pydantic's errors."""
        parts, context = [str(part) for part in detail["loc"]], detail.get("ctx", {})
        named = takewhile(lambda part: "[" not in part, parts)  # then comes which of several types it could be
        location = [part for part in named if part not in ("body", "query", "path")]
        own = _own(context)
        if own is None and not location:
            location = parts  # the body is not what it has to be at all
        return FieldProblem(".".join(location), own or _said(str(detail["type"]), context))


def _own(context: Mapping[str, Any]) -> Saying | None:
    said = getattr(context.get("error"), "args", ())
    return said[0] if said and isinstance(said[0], Saying) else None


def _said(kind: str, context: Mapping[str, Any]) -> Saying:
    if kind in _WITH_LIMIT:
        return _WITH_LIMIT[kind](context)
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], Saying("This has characters that are not allowed here."))
    return _PLAIN.get(kind) or Saying("This value is not valid (%(code)s).", code=kind)


_NEEDED = Saying("This is needed.")
_WHOLE_NUMBER = Saying("This has to be a whole number.")
_NUMBER = Saying("This has to be a number.")
_LIST = Saying("This has to be a list.")
_CHOICE = Saying("Choose one of the list.")
_YES_OR_NO = Saying("This has to be yes or no.")
_MOMENT = Saying("This has to be a date and time that there is.")
_DATE = Saying("This has to be a date.")
_OBJECT = Saying("This has to be an object with named fields.")
_LENGTH = Saying("This has to be a length of time.")

_PLAIN: Mapping[str, Saying] = {
    "missing": _NEEDED,
    "string_too_short": _NEEDED,
    "too_short": Saying("Choose at least one."),
    "string_type": Saying("This has to be text."),
    "int_parsing": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing_size": Saying("This number is too large."),
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "finite_number": _NUMBER,
    "bool_parsing": _YES_OR_NO,
    "bool_type": _YES_OR_NO,
    "enum": _CHOICE,
    "literal_error": _CHOICE,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "frozen_set_type": _LIST,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_type": _MOMENT,
    "timezone_aware": Saying("This has to be a date and time with a zone."),
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_type": _DATE,
    "time_delta_parsing": _LENGTH,
    "time_delta_type": _LENGTH,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "path_type": Saying("This has to be a path."),
    "value_error": Saying("This value is not valid."),
    "json_invalid": Saying("This is not JSON."),
    "extra_forbidden": Saying("There is no such field."),
    "word": _CHOICE,
    "flag": _YES_OR_NO,
    "yuan": Saying("This has to be an amount such as 10.00."),
}
_WITH_LIMIT: Mapping[str, Callable[[Mapping[str, Any]], Saying]] = {
    "string_too_long": lambda limit: Saying("This has more than %(most)s characters.", most=limit["max_length"]),
    "too_long": lambda limit: Saying("This has more than %(most)s entries.", most=limit["max_length"]),
    "greater_than_equal": lambda limit: Saying("This has to be at least %(least)s.", least=limit["ge"]),
    "less_than_equal": lambda limit: Saying("This may be at most %(most)s.", most=limit["le"]),
}
_PATTERNS: Mapping[str, Saying] = {
    ID: Saying("Use letters, digits and . _ - only, without blanks, and begin with a letter or digit."),
    CLOCK: Saying("a time of day is written as 09:00"),
    TIME_OF_DAY: Saying("a time of day is written as 09:00"),
    USER_NAME: Saying("A user name has no colon and is one line."),
}
