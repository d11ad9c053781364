"""The standard as tables, made of the models themselves, so that no description of it can drift."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import Any, get_args

import orjson
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ingest.approvals.catalogue import Link, ListedFee, Material
from ingest.approvals.examples import example_row
from ingest.approvals.fields import about
from ingest.approvals.parsing import MODELS
from storage.models import RecordKind

ABOUT: dict[RecordKind, str] = {
    RecordKind.STEP: about("One step of one case. Cases are made from their steps."),
    RecordKind.SUSPENSION: about("A span of a case that does not count against its limit."),
    RecordKind.EXTENSION: about("More time for a case, approved by the unit's head."),
    RecordKind.FEE: about("Money that was charged for a case."),
    RecordKind.RESULT: about("What was decided on a case."),
    RecordKind.DELIVERY: about("The result reached the applicant."),
    RecordKind.RATING: about("What a customer thinks of the service."),
    RecordKind.ITEM: about("One version of one entry of the catalogue of items."),
    RecordKind.ORGANISATION: about("A unit that examines and approves."),
    RecordKind.CONTACT: about("The fixed contact person of a department, who is warned. Personal data."),
    RecordKind.OPERATOR: about("Who works at which counter, from and to."),
}
PARTS: dict[str, type[BaseModel]] = {"links": Link, "fees": ListedFee, "materials": Material}
"""What stands in the lists of an item."""
_TEXT, _TIME, _DAY, _WHOLE, _YUAN, _FLAG, _LIST = (
    about("text"),
    about("time with a zone"),
    about("date"),
    about("whole number"),
    about("yuan"),
    about("true or false"),
    about("list"),
)
_TYPES: dict[Any, str] = {str: _TEXT, datetime: _TIME, date: _DAY, int: _WHOLE, Decimal: _YUAN, bool: _FLAG}


@dataclass(frozen=True)
class FieldShown:
    name: str
    needed: bool
    type: str
    """In words."""
    words: tuple[str, ...]
    """The only texts that it may hold; empty: any."""
    about: str
    example: str
    """As it stands in JSON; empty: none."""


@dataclass(frozen=True)
class RecordShown:
    record: RecordKind
    about: str
    fields: tuple[FieldShown, ...]
    parts: tuple[tuple[str, tuple[FieldShown, ...]], ...]
    """What stands in its lists, by the field that holds the list."""
    example: str
    """One row, as JSON."""


def records() -> tuple[RecordShown, ...]:
    return tuple(_record(kind) for kind in MODELS)


def _record(kind: RecordKind) -> RecordShown:
    parts = PARTS if kind is RecordKind.ITEM else {}
    return RecordShown(
        record=kind,
        about=ABOUT[kind],
        fields=tuple(_fields(MODELS[kind])),
        parts=tuple((name, tuple(_fields(model))) for name, model in parts.items()),
        example=orjson.dumps(example_row(kind)).decode(),
    )


def _fields(model: type[BaseModel]) -> Iterator[FieldShown]:
    for name, field in model.model_fields.items():
        kind = _kind(field)
        literals = [value for value in get_args(kind) if isinstance(value, str)]
        enum = [str(member) for member in kind] if isinstance(kind, type) and issubclass(kind, StrEnum) else []
        yield FieldShown(
            name=name,
            needed=field.is_required(),
            type=_TYPES.get(kind, _TEXT if literals or enum else _LIST),
            words=tuple(literals or enum),
            about=field.description or "",
            example=orjson.dumps(field.examples[0]).decode() if field.examples else "",
        )


def _kind(field: FieldInfo) -> Any:  # noqa: ANN401
    """What it holds when it holds anything."""
    annotation = field.annotation
    return get_args(annotation)[0] if isinstance(annotation, UnionType) else annotation


def markdown() -> str:
    """The tables of docs/reference/exchange-format.md."""
    return "\n\n".join("\n\n".join(_chapter(record)) for record in records())


def _chapter(record: RecordShown) -> Iterator[str]:
    yield f"### `{record.record}`"
    yield record.about
    yield _table(record.fields)
    for name, fields in record.parts:
        yield f"Each of `{name}`:"
        yield _table(fields)


def _table(fields: tuple[FieldShown, ...]) -> str:
    lines = ["| field | needed | what it holds | what it is | example |", "|---|---|---|---|---|"]
    cells = ((f"`{f.name}`", "yes" if f.needed else "", _holds(f), f.about, _code(f.example)) for f in fields)
    lines += [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join(lines)


def _holds(field: FieldShown) -> str:
    return ", ".join(f"`{word}`" for word in field.words) or field.type


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
