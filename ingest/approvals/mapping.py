"""A mapping file: how the columns of a platform's own export become the fields of the exchange format."""

import tomllib
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingest.approvals.problems import EXAMPLE_TIME, Problem, printable
from ingest.approvals.row import Row, RowError, keepable, parse_row
from storage.models import StepKind

TIMES = ("start", "end", "due", "closed")
REQUIRED = ("case", "step", "start")


class MappingError(Exception):
    """The mapping file cannot be used; the message names the key and what it should be."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kinds(_Strict):
    column: str
    values: dict[str, StepKind]
    default: StepKind | None = None


class Times(_Strict):
    format: str = "iso"
    zone: str | None = None

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        try:
            if zone is not None:
                ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{zone!r} is not a time zone; write one such as Asia/Shanghai") from error
        return zone


class MappingFile(_Strict):
    """The sections of the file; see docs/how-to/import-cases.md."""

    fields: dict[str, str]
    constants: dict[str, str] = Field(default_factory=dict)
    kinds: Kinds | None = None
    operators: dict[str, str] = Field(default_factory=dict)
    empty: tuple[str, ...] = ()
    time: Times = Field(default_factory=Times)

    @field_validator("fields", "constants")
    @classmethod
    def _fields_exist(cls, fields: dict[str, str]) -> dict[str, str]:
        unknown = [name for name in fields if name not in Row.model_fields]
        if unknown:
            raise ValueError(f"{unknown[0]} is not a field; the fields are {', '.join(Row.model_fields)}")
        return fields

    @model_validator(mode="after")
    def _nothing_is_left_out(self) -> Self:
        given = {*self.fields, *self.constants, *(("kind",) if self.kinds else ())}
        missing = [name for name in (*REQUIRED, "kind") if name not in given]
        if missing:
            hint = "add the section [kinds]" if missing[0] == "kind" else f"add {missing[0]} to [fields]"
            raise ValueError(f"nothing gives the field {missing[0]}; {hint}")
        return self


@dataclass(frozen=True)
class Mapping:
    """Translates the records of one kind of export."""

    file: MappingFile

    @staticmethod
    def load(path: Path) -> "Mapping":
        """Raises MappingError, naming the key that is wrong."""
        try:
            return Mapping(MappingFile.model_validate(tomllib.loads(path.read_text("utf-8"))))
        except OSError as error:
            raise MappingError(f"{path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MappingError(f"{path.name} is not TOML: {error}") from error
        except ValidationError as error:
            raise MappingError("; ".join(f"{path.name}: {_key(e['loc'])}{e['msg']}" for e in error.errors())) from error

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's columns that must be there."""
        kinds = (self.file.kinds.column,) if self.file.kinds else ()
        return tuple(dict.fromkeys((*self.file.fields.values(), *kinds)))

    def apply(self, record: Table[str, str], raw: str) -> Row | RowError:
        """The row that a record means; its problems name the source's columns."""
        values: dict[str, Any] = dict(self.file.constants)
        values |= {field: self._cell(record, column) for field, column in self.file.fields.items()}
        if "operator" in values:
            values["operator"] = self.file.operators.get(values["operator"], values["operator"])
        problems = [*self._translate_kind(record, values), *self._translate_times(values)]
        row = parse_row({name: value for name, value in values.items() if value != "" or name in REQUIRED}, raw)
        problems += row.problems if isinstance(row, RowError) and not problems else ()
        if isinstance(row, Row) and not problems:
            return row
        return RowError(tuple(self._in_their_words(problem) for problem in problems), keepable(raw))

    def _cell(self, record: Table[str, str], column: str) -> str:
        cell = record.get(column, "").strip()
        return "" if cell in self.file.empty else cell

    def _translate_kind(self, record: Table[str, str], values: dict[str, Any]) -> Sequence[Problem]:
        kinds = self.file.kinds
        if kinds is None:
            return ()
        activity = self._cell(record, kinds.column)
        kind = kinds.values.get(activity, kinds.default)
        values["kind"] = kind or ""
        if kind is not None:
            return ()
        remedy = f'add "{activity}" to [kinds.values] of the mapping, or set kinds.default'
        return (Problem("kind", f"the mapping does not say what kind of step {activity!r} is", remedy),)

    def _translate_times(self, values: dict[str, Any]) -> list[Problem]:
        problems = []
        for field in TIMES:
            text = values.get(field)
            if not isinstance(text, str) or not text:
                continue
            try:
                moment = _read_time(text, self.file.time)
            except ValueError:
                problems.append(Problem(field, f"{text} is not a time", _time_remedy(self.file.time)))
                continue
            values[field] = moment
            if moment.tzinfo is None:
                problems.append(Problem(field, f"{text} has no time zone", "set time.zone in the mapping"))
        return problems

    def _in_their_words(self, problem: Problem) -> Problem:
        kinds = self.file.kinds
        column = kinds.column if kinds and problem.field == "kind" else self.file.fields.get(problem.field)
        field = problem.field if column in (None, problem.field) else f"{column} ({problem.field})"
        return Problem(field, printable(problem.problem), printable(problem.remedy))


def _read_time(text: str, times: Times) -> datetime:
    iso = times.format == "iso"
    moment = datetime.fromisoformat(text) if iso else datetime.strptime(text, times.format)  # noqa: DTZ007
    zone: tzinfo | None = moment.tzinfo or (ZoneInfo(times.zone) if times.zone else None)
    return moment.replace(tzinfo=zone)


def _time_remedy(times: Times) -> str:
    wanted = f"as {EXAMPLE_TIME}" if times.format == "iso" else f"in the format {times.format}"
    return f"write it {wanted}, or change time.format of the mapping"


def _key(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(str(part) for part in location)}: " if location else ""
