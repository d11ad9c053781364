"""What every section of administration is made of: a list of rows, a form of fields, and how it saves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from pydantic import ValidationError
from starlette.datastructures import FormData

from web.api.administration import Desk
from web.errors import Conflict, FieldProblem, Unprocessable
from web.i18n import gettext_marker as _

Kind = Literal["text", "password", "number", "choice", "several", "checkbox", "lines", "zone"]
Option = tuple[str, str]
"""Value, and the words for it."""


@dataclass(frozen=True)
class Field:
    name: str
    words: str
    kind: Kind = "text"
    value: str = ""
    chosen: tuple[str, ...] = ()
    """Of `several`."""
    options: tuple[Option, ...] = ()
    required: bool = False
    fixed: bool = False
    """Shown but not to be changed: the key of a row that exists."""
    hint: str = ""
    example: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Row:
    key: str
    cells: tuple[str, ...]
    muted: bool = False


@dataclass(frozen=True)
class Saved:
    """`secret` is shown this once."""

    secret: str = ""


class Section(Protocol):
    """One kind of thing that an administrator keeps."""

    name: str
    title: str
    one: str
    """The words for one of them, in the heading of the form."""
    about: str
    camera_picture: bool
    """Whether the form draws zones over a camera's picture."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    def rows(self, desk: Desk) -> Sequence[Row]: ...

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        """With the values of the row `key`; of a new one where it is empty. Raises NotFound."""
        ...

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        """Raises ValidationError, Unprocessable or Conflict."""
        ...

    def remove(self, desk: Desk, key: str) -> None: ...


def text(form: FormData, name: str) -> str:
    """The last value: without scripts a text area stands after the hidden field of the same name."""
    found = form.getlist(name)
    return str(found[-1]).strip() if found else ""


def optional(form: FormData, name: str) -> str | None:
    return text(form, name) or None


def texts(form: FormData, name: str) -> list[str]:
    return [str(value) for value in form.getlist(name)]


def with_form(fields: Sequence[Field], form: FormData, problems: Mapping[str, str]) -> tuple[Field, ...]:
    """The form as it was sent, with what is wrong; passwords are not sent back."""
    return tuple(_sent(field, form, problems.get(field.name, "")) for field in fields)


def _sent(field: Field, form: FormData, problem: str) -> Field:
    if field.kind == "password":
        return replace(field, problem=problem)
    if field.kind == "several":
        return replace(field, chosen=tuple(texts(form, field.name)), problem=problem)
    if field.kind == "checkbox":
        return replace(field, value="true" if text(form, field.name) else "", problem=problem)
    return replace(field, value=text(form, field.name), problem=problem)


def problems_of(action: Callable[[], Saved]) -> tuple[Saved, dict[str, str]]:
    """Runs it; gives what is wrong by field, and under the empty name what concerns the whole."""
    try:
        return action(), {}
    except ValidationError as error:
        return Saved(), {_field(detail): _words(detail) for detail in error.errors()}
    except Unprocessable as error:
        return Saved(), {problem.field: problem.problem for problem in error.fields} or {"": error.detail}
    except Conflict as error:
        return Saved(), {"": error.detail}


def _field(detail: Mapping[str, Any]) -> str:
    """Forms have no fields inside fields: a wrong corner is a problem of its zone."""
    return FieldProblem.of(detail).field.partition(".")[0]


_COMMON = {
    "missing": _("This is needed."),
    "string_too_short": _("This is needed."),
    "string_too_long": _("This is too long."),
    "string_pattern_mismatch": _("Use letters, digits and . _ - only, without blanks."),
    "int_parsing": _("This has to be a whole number."),
    "greater_than_equal": _("This is too small."),
    "less_than_equal": _("This is too large."),
    "enum": _("Choose one of the list."),
    "json_invalid": _("This is not readable as a list of corners."),
}


def _words(detail: Mapping[str, Any]) -> str:
    return _COMMON.get(str(detail["type"]), FieldProblem.of(detail).problem)
