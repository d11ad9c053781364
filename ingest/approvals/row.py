"""What every row of the exchange standard has in common, whatever it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from ingest.approvals.problems import Problem, printable
from storage.models import RecordKind
from storage.sayings import Saying

Statement = dict[str, Any]
"""What a row says, as JSON has it."""
UNKNOWN_RECORD = "unknown"
"""Of what names no kind of record: it is no JSON, no object, or names a kind that there is not."""
MAX_RAW = 65_536
"""Characters of a refused row that are kept."""
MOST_AHEAD = timedelta(days=1)
"""A platform's clock may be wrong, but not by this."""


class Row(BaseModel):
    """One record as an approval platform reports it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind_of_record: ClassVar[RecordKind]
    named_by: ClassVar[tuple[str, ...]] = ("id",)
    """The fields that name the record in its source."""
    happened: ClassVar[tuple[str, ...]] = ()
    """The times that lie in the past when the row is received."""
    span: ClassVar[tuple[str, str] | None] = None
    """The two fields that begin and end it."""

    @property
    def reference(self) -> str:
        """Names the record among those of its kind and source."""
        first, *others = self.named_by
        name: str = getattr(self, first)
        return _UNIT_SEPARATOR.join((name, *(getattr(self, other) for other in others))) if others else name

    @model_validator(mode="after")
    def _end_is_not_before_start(self) -> Self:
        if self.span is not None:
            end = getattr(self, self.span[1])
            if end is not None and end < getattr(self, self.span[0]):
                raise PydanticCustomError("end_before_start", "is before the start", {"field": self.span[1]})
        return self

    def statement(self) -> Statement:
        """What the row says, and nothing that it leaves open; equal for rows that say the same."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude=_NO_PART)


_NO_PART = {"record"}
_UNIT_SEPARATOR = "\x1f"  # stands in no name
_LONGEST_NAME = 200
"""Characters, as of the fields that name records."""


@cache
def required(model: type[Row]) -> tuple[str, ...]:
    """Fields that every row of the kind needs."""
    return tuple(name for name, field in model.model_fields.items() if field.is_required() and name != "record")


@cache
def times_of(model: type[Row]) -> tuple[str, ...]:
    """Fields that hold a moment."""
    return tuple(name for name, field in model.model_fields.items() if field.annotation in (datetime, datetime | None))


@dataclass(frozen=True)
class RowError:
    """A row that could not be accepted, with the text as it came."""

    problems: tuple[Problem, ...]
    raw: str
    is_header: bool = False
    """It is the header of a table, so that nothing below it could be read."""
    record: str = RecordKind.STEP
    """What it claims to tell of: a kind of record, or `UNKNOWN_RECORD`."""
    reference: str = ""
    """Of the record that it claims to tell of; empty where it names none."""


def row_of_the_past(row: Row, received_at: datetime) -> Row | RowError:
    """What is stamped well after it was received has not happened: its year is wrong, or the platform's clock."""
    latest = received_at + MOST_AHEAD
    for name in row.happened:
        moment = getattr(row, name)
        if moment is not None and moment > latest:
            return _of_the_future(row, latest)
    return row


def _of_the_future(row: Row, latest: datetime) -> RowError:
    said, remedy = (
        Saying("lies more than a day after it was received"),
        Saying("correct the year, or the platform's clock"),
    )
    stamped = ((name, getattr(row, name)) for name in row.happened)
    wrong = tuple(Problem(name, said, remedy) for name, moment in stamped if moment is not None and moment > latest)
    raw = keepable(row.model_dump_json(exclude_defaults=True))
    return RowError(wrong, raw, record=row.kind_of_record, reference=row.reference)


def row_error(problem: Problem, raw: str, record: str = RecordKind.STEP) -> RowError:
    return RowError((problem,), keepable(raw), record=record)


def reference_said(model: type[Row], values: Mapping[str, Any]) -> str:
    """By which a row that cannot be used names its record; empty where it does not."""
    parts = [values.get(name) for name in model.named_by]
    said = [printable(part) for part in parts if isinstance(part, str) and 0 < len(part) <= _LONGEST_NAME]
    return _UNIT_SEPARATOR.join(said) if len(said) == len(parts) else ""


def keepable(raw: str) -> str:
    """As a database can store it, and cut to `MAX_RAW` characters with a mark."""
    return printable(raw if len(raw) <= MAX_RAW else f"{raw[:MAX_RAW]}… ({len(raw)} characters)")
