"""Words for people that are chosen in one place and said in another, where the reader's language is known."""

from collections.abc import Callable, Mapping
from typing import Any, Self

from pydantic_core.core_schema import CoreSchema, str_schema

Value = str | int
"""What stands in a message; a saying among them is said in the same language."""
_LABEL = "Value error, "


def unlabelled(message: str) -> str:
    """What a validator said, without the label that pydantic puts before it."""
    return message.removeprefix(_LABEL)


class Saying(str):
    """Finished English that remembers its message and values; frozen like every `str`.

    `Saying("has %(count)s characters", count=7)`: the message is an id of the catalogue, into which it comes because
    the extraction knows the word `Saying`. A `%` that is none is written twice.
    """

    __slots__ = ("message", "values")
    message: str
    values: Mapping[str, Value]

    def __new__(cls, message: str, /, **values: Value) -> Self:
        made = super().__new__(cls, message % values)
        made.message, made.values = message, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], Mapping[str, Value]]:
        return (self.message,), self.values

    def said(self, translate: Callable[[str], str]) -> str:
        """In the language of `translate`."""
        said = {
            name: value.said(translate) if isinstance(value, Saying) else value for name, value in self.values.items()
        }
        return translate(self.message) % said

    def as_json(self) -> dict[str, Any]:
        """For a JSON column, with the sayings among its values."""
        values = (
            (name, value.as_json() if isinstance(value, Saying) else value) for name, value in self.values.items()
        )
        return {"message": self.message, "values": dict(values)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        values = kept["values"].items()
        return cls(
            kept["message"],
            **{name: cls.from_json(value) if isinstance(value, Mapping) else value for name, value in values},
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: object) -> CoreSchema:  # noqa: ANN401
        """In descriptions of the API it is plain text."""
        return str_schema()

    def __deepcopy__(self, _memo: object) -> Self:
        """Itself, because it is frozen: `dataclasses.asdict` copies."""
        return self
