"""What every section of administration is made of: a list of rows, a form of fields, and how it saves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, Protocol

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.datastructures import FormData

from ingest.video.rtsp.addresses import without_credentials
from storage.sayings import Saying
from web.api.administration import Desk
from web.errors import Conflict, Unprocessable
from web.field_problems import FieldProblem

Kind = Literal["text", "password", "number", "date", "datetime-local", "choice", "several", "checkbox", "lines", "zone"]
Option = tuple[str, str]
"""Value, and the words for it."""


async def sent_form(request: Request) -> FormData:
    return await request.form()


SentForm = Annotated[FormData, Depends(sent_form)]


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
    address: bool = False
    """Of a camera: refused, it is sent back without the user name and password that were typed into it."""


@dataclass(frozen=True)
class Row:
    key: str
    cells: tuple[str, ...]
    muted: bool = False


@dataclass(frozen=True)
class Saved:
    """`secret` is shown this once."""

    secret: str = ""
    secret_of: str = ""
    """The name of the user or source that it belongs to."""
    done: str = "saved"
    """Of DONE_WORDS."""
    goes_to: str = ""
    """The page that shows what came of it; empty: the list."""


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
    if field.fixed or field.kind == "password":
        return replace(field, problem=problem)
    if field.kind == "several":
        return replace(field, chosen=tuple(texts(form, field.name)), problem=problem)
    if field.kind == "checkbox":
        return replace(field, value="true" if text(form, field.name) else "", problem=problem)
    sent = text(form, field.name)
    return replace(field, value=without_credentials(sent) if field.address and problem else sent, problem=problem)


def problems_of(action: Callable[[], Saved]) -> tuple[Saved, dict[str, str]]:
    """Runs it; gives what is wrong by field, and under the empty name what concerns the whole."""
    try:
        return action(), {}
    except ValidationError as error:
        return Saved(), _by_field(FieldProblem.of(detail) for detail in error.errors())
    except Unprocessable as error:
        return Saved(), _by_field(error.fields) or {"": error.detail}
    except Conflict as error:
        return Saved(), {"": error.detail}


def _by_field(problems: Iterable[FieldProblem]) -> dict[str, str]:
    """The first of each field. Forms have no fields inside fields: a wrong alias is a problem of its lines."""
    found: dict[str, str] = {}
    for problem in problems:
        field, _dot, part = problem.field.partition(".")
        found.setdefault(field, _of_part(part, problem.problem))
    return found


def _of_part(part: str, problem: Saying) -> Saying:
    """Corners have numbers that nobody counts; an alias has a name."""
    if not part or part.replace(".", "").isdigit():
        return problem
    return Saying("%(part)s: %(problem)s", part=part, problem=problem)
