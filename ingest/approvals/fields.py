"""The types that fields of the exchange standard have: text in, values out, and errors that can be explained."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

import orjson
from pydantic import BeforeValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MOST_YUAN = Decimal(10**9)

_DATE_ALONE = re.compile(r"[\d-]+")
_PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_CENT = Decimal("0.01")
_DIGITS = re.compile(r"\s*[0-9]{1,9}\s*")


def about(words: str) -> str:
    """Marks what a field is for the catalogue of messages: the standard is shown in other languages, too."""
    return words


def read_moment(value: object) -> datetime | None:
    """Reads ISO 8601 text with a zone, or an aware datetime, as UTC. Raises PydanticCustomError."""
    if value is None or value == "":
        return None
    moment = value if isinstance(value, datetime) else _parsed(value)
    if moment.utcoffset() is None:
        if isinstance(value, str) and _DATE_ALONE.fullmatch(value.strip()):
            raise PydanticCustomError("time_of_day", "has no time of day")
        raise PydanticCustomError("time_zone", "has no time zone")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("time_range", "lies outside 1990–2100") from None
    if not EARLIEST <= moment < LATEST:
        raise PydanticCustomError("time_range", "lies outside 1990–2100")
    return moment


def _parsed(value: object) -> datetime:
    if not isinstance(value, str):
        raise PydanticCustomError("time_text", "is not a time")
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        raise PydanticCustomError("time_text", "is not a time") from None


def _day(value: object) -> object:
    if value is None or value == "":
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value).strip())
    except ValueError:
        raise PydanticCustomError("day", "is not a date") from None
    if not EARLIEST.date() <= day < LATEST.date():
        raise PydanticCustomError("time_range", "lies outside 1990–2100")
    return day


def _yuan(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise PydanticCustomError("yuan", "is not an amount")
    try:
        amount = Decimal(str(value).strip())
        exact = amount.quantize(_CENT)
    except InvalidOperation:
        raise PydanticCustomError("yuan", "is not an amount") from None
    if not 0 <= amount < MOST_YUAN or exact != amount:
        raise PydanticCustomError("yuan", "is not an amount")
    return exact


def _digits(value: object) -> object:
    """A whole number, also as its digits; the empty cell of a table is none."""
    if value == "":
        return None
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def word(kind: type[StrEnum]) -> BeforeValidator:
    """Reads one of the words of the enum."""
    words: dict[str, StrEnum] = {member.value: member for member in kind}
    listed = ", ".join(words)

    def read(value: object) -> object:
        found = value if isinstance(value, kind) else words.get(value) if isinstance(value, str) else None
        if found is None:
            raise PydanticCustomError("word", "is not one of the words", {"words": listed})
        return found

    return BeforeValidator(read)


def _listed(value: object) -> object:
    """A list; in the cell of a table, its JSON."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise PydanticCustomError("list_text", "is not a list") from None
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("list_text", "is not a list")
    return tuple(value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise PydanticCustomError("flag", "is neither true nor false")


Moment = Annotated[datetime, BeforeValidator(read_moment)]
NoMoment = Annotated[datetime | None, BeforeValidator(read_moment)]
NoDay = Annotated[date | None, BeforeValidator(_day)]
Yuan = Annotated[
    Decimal,
    BeforeValidator(_yuan),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^ *[0-9]+(\.[0-9]{1,2}0*)? *$", "minimum": 0}),
]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"enum": [True, False, "true", "false"]})]
Digits = BeforeValidator(_digits)
Listed = BeforeValidator(_listed)
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=500, pattern=_PRINTABLE, strip_whitespace=True)]
LongText = Annotated[str, StringConstraints(max_length=4_000, pattern=_PRINTABLE, strip_whitespace=True)]
