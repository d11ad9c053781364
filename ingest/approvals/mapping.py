"""A mapping file: how the columns of a platform's own export become the fields of the exchange format."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from functools import reduce
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from ingest.approvals.parsing import MODELS, parse_row
from ingest.approvals.plain import PlainStep, plain_step
from ingest.approvals.problems import EXAMPLE_TIME, Problem, shown
from ingest.approvals.row import Row, RowError, keepable, reference_said, required, times_of
from ingest.approvals.stamps import is_readable, read_stamp
from storage.models import RecordKind, StepKind
from storage.sayings import Saying

LIMITS, DATES = ("due",), ("closed", "valid_from", "valid_to")
"""Times of which a date alone says enough: a limit lasts to the end of that day, the others begin with it. Any other is
compared with what was seen at the counter: a date alone would mean midnight, when nobody is there."""

_WITH_HOURS = Saying("export the column with hours and minutes")
_HOURS = ("%H", "%I", "%X", "%c")


_WORDS = {
    "missing": Saying("is missing; add it"),
    "string_type": Saying("is not text; put it in quotes"),
    "model_type": Saying("is not a section"),
    "dict_type": Saying("is not a section"),
    "tuple_type": Saying("is not a list"),
}
_OTHERWISE_WRONG = Saying("is not valid; see how mappings are written")
_PLACE = re.compile(r"\(at line (?P<line>\d+), column (?P<column>\d+)\)")


class MappingError(Exception):
    """The mapping file cannot be used; the saying names the key and what it should be."""

    def __init__(self, saying: Saying) -> None:
        super().__init__(saying)
        self.saying = saying


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kinds(_Strict):
    column: str
    values: dict[str, StepKind] = Field(default_factory=dict)
    default: StepKind | None = None


class Times(_Strict):
    format: str = "iso"
    zone: str | None = None

    @field_validator("format")
    @classmethod
    def _is_readable(cls, written_as: str) -> str:
        if written_as != "iso" and not is_readable(written_as):
            raise ValueError(
                Saying(
                    "“%(format)s” is no format of times; write one such as %%Y/%%m/%%d %%H:%%M, with each directive "
                    "once",
                    format=written_as,
                )
            )
        return written_as

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        try:
            if zone is not None:
                ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            said = Saying("“%(zone)s” is not a time zone; write one such as Asia/Shanghai", zone=shown(zone))
            raise ValueError(said) from error
        return zone


class MappingFile(_Strict):
    """The sections of the file; see docs/how-to/import-cases.md."""

    record: RecordKind = RecordKind.STEP
    fields: dict[str, str]
    constants: dict[str, str] = Field(default_factory=dict)
    kinds: Kinds | None = None
    operators: dict[str, str] = Field(default_factory=dict)
    empty: tuple[str, ...] = ()
    time: Times = Field(default_factory=Times)

    @property
    def model(self) -> type[Row]:
        return MODELS[self.record]

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        known = [name for name in self.model.model_fields if name != "record"]
        for section, fields in (("fields", self.fields), ("constants", self.constants)):
            unknown = [name for name in fields if name not in known]
            if unknown:
                raise ValueError(
                    Saying(
                        "%(section)s: %(field)s is not a field; the fields are %(known)s",
                        section=section,
                        field=unknown[0],
                        known=_listed(known),
                    )
                )
        return self

    @model_validator(mode="after")
    def _nothing_is_left_out(self) -> Self:
        given = {*self.fields, *self.constants, *(("kind",) if self.kinds else ())}
        missing = [name for name in required(self.model) if name not in given]
        if missing:
            raise ValueError(
                Saying("nothing gives the field kind; add the section [kinds]")
                if missing[0] == "kind"
                else Saying("nothing gives the field %(field)s; add %(field)s to [fields]", field=missing[0])
            )
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
            raise _unusable(str(path), error.strerror or "") from error
        except UnicodeDecodeError as error:
            raise _unusable(path.name, Saying("is not text in UTF-8; save it so")) from error
        except tomllib.TOMLDecodeError as error:
            raise _unusable(path.name, _not_toml(error)) from error
        except ValidationError as error:
            wrong = reduce(_both, map(_wrong, error.errors()))
            raise _unusable(path.name, wrong) from error

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's columns that must be there."""
        kinds = (self.file.kinds.column,) if self.file.kinds else ()
        return tuple(dict.fromkeys((*self.file.fields.values(), *kinds)))

    def plain(self, record: Table[str, str]) -> PlainStep | None:
        """The step that a record means, where that needs no model; else see `apply`."""
        if self.file.record is not RecordKind.STEP:
            return None
        values, problems = self._translated(record)
        if problems:
            return None
        times = ((field, values.get(field)) for field in times_of(self.file.model))
        return plain_step(values | {field: time.isoformat() for field, time in times if isinstance(time, datetime)})

    def apply(self, record: Table[str, str], raw: str) -> Row | RowError:
        """The row that a record means; its problems name the source's columns."""
        values, problems = self._translated(record)
        needed = required(self.file.model)
        said = {name: value for name, value in values.items() if value != "" or name in needed}
        row = parse_row(said | {"record": self.file.record.value}, raw)
        problems += row.problems if isinstance(row, RowError) and not problems else ()
        if isinstance(row, Row) and not problems:
            return row
        told = tuple(self._in_their_words(problem) for problem in problems)
        return RowError(told, keepable(raw), record=self.file.record, reference=reference_said(self.file.model, values))

    def _translated(self, record: Table[str, str]) -> tuple[dict[str, Any], list[Problem]]:
        """By field: the times as such, where they can be read; and what cannot be translated."""
        values: dict[str, Any] = dict(self.file.constants)
        values |= {field: self._cell(record, column) for field, column in self.file.fields.items()}
        if "operator" in values:
            values["operator"] = self.file.operators.get(values["operator"], values["operator"])
        return values, [*self._translate_kind(record, values), *self._translate_times(values)]

    def _cell(self, record: Table[str, str], column: str) -> str:
        cell = record.get(column, "").strip()
        return "" if cell in self.file.empty else cell

    def _translate_kind(self, record: Table[str, str], values: dict[str, Any]) -> Sequence[Problem]:
        kinds = self.file.kinds
        if kinds is None:
            return ()
        activity = self._cell(record, kinds.column)
        kind = kinds.values.get(activity, kinds.default)
        values["kind"] = kind.value if kind else ""
        if kind is not None:
            return ()
        name = shown(activity)
        said = Saying("the mapping does not say what kind of step “%(name)s” is", name=name)
        remedy = Saying('add "%(name)s" to [kinds.values] of the mapping, or set kinds.default', name=name)
        return (Problem("kind", said, remedy),)

    def _translate_times(self, values: dict[str, Any]) -> list[Problem]:
        problems = []
        for field in times_of(self.file.model):
            text = values.get(field)
            if not isinstance(text, str) or not text:
                continue
            try:
                moment, is_date = _read_time(text, self.file.time)
            except ValueError:
                said = Saying("%(value)s is not a time", value=shown(text))
                problems.append(Problem(field, said, _time_remedy(self.file.time)))
                continue
            if is_date:
                if field not in (*LIMITS, *DATES):
                    problems.append(
                        Problem(field, Saying("%(value)s has no time of day", value=shown(text)), _WITH_HOURS)
                    )
                    continue
                moment = _in_favour(field, moment)
            values[field] = moment
            if moment.tzinfo is None:
                said = Saying("%(value)s has no time zone", value=shown(text))
                problems.append(Problem(field, said, Saying("set time.zone in the mapping")))
        return problems

    def _in_their_words(self, problem: Problem) -> Problem:
        kinds = self.file.kinds
        column = kinds.column if kinds and problem.field == "kind" else self.file.fields.get(problem.field)
        field = problem.field if column in (None, problem.field) else f"{column} ({problem.field})"
        return replace(problem, field=field)


def _read_time(text: str, times: Times) -> tuple[datetime, bool]:
    """The moment, and whether it is a date alone. A workbook's own times come as ISO 8601, whatever the format."""
    if times.format == "iso" or _OF_A_WORKBOOK.match(text):
        moment, is_date = datetime.fromisoformat(text), _is_iso_date(text)
    else:
        moment = read_stamp(text, times.format)
        is_date = not any(directive in times.format for directive in _HOURS)
    zone: tzinfo | None = moment.tzinfo or (ZoneInfo(times.zone) if times.zone else None)
    return moment.replace(tzinfo=zone), is_date


_LONGEST_DATE = len("2026-03-02")
_OF_A_WORKBOOK = re.compile(r"\d{4}-\d\d-\d\d(T|$)")


def _is_iso_date(text: str) -> bool:
    if len(text) > _LONGEST_DATE:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _in_favour(field: str, midnight: datetime) -> datetime:
    """A limit that is a date lasts to the end of that day; a case that was closed on a date, from its beginning."""
    return midnight.replace(hour=23, minute=59, second=59) if field in LIMITS else midnight


def _time_remedy(times: Times) -> Saying:
    if times.format == "iso":
        return Saying("write it as %(example)s, or change time.format of the mapping", example=EXAMPLE_TIME)
    return Saying("write it in the format %(format)s, or change time.format of the mapping", format=times.format)


def _unusable(name: str, reason: str) -> MappingError:
    return MappingError(Saying("The mapping %(name)s cannot be used: %(reason)s", name=name, reason=reason))


def _listed(names: Iterable[str]) -> Saying | str:
    """With the commas of the reader's language."""
    return reduce(lambda first, each: Saying("%(first)s, %(next)s", first=first, next=each), map(str, names))


def _both(first: Saying, following: Saying) -> Saying:
    return Saying("%(first)s; %(next)s", first=first, next=following)


def _not_toml(error: tomllib.TOMLDecodeError) -> Saying:
    """What its reader says is English alone; where it stopped is told in any language."""
    if place := _PLACE.search(str(error)):
        return Saying("is not TOML in line %(line)s, column %(column)s", **place.groupdict())
    return Saying("is not TOML at the end of the file")


def _wrong(detail: ErrorDetails) -> Saying:
    said = _what_is_wrong(detail)
    key = ".".join(map(str, detail["loc"]))
    return Saying("%(key)s: %(wrong)s", key=key, wrong=said) if key else said


def _what_is_wrong(detail: ErrorDetails) -> Saying:
    if detail["type"] == "value_error":
        said = detail["ctx"]["error"].args[0]
        assert isinstance(said, Saying)
        return said
    if detail["type"] == "enum":
        if detail["loc"] == ("record",):
            return Saying("is no kind of record; use one of %(known)s", known=_listed(RecordKind))
        return Saying("is no kind of step; use one of %(known)s", known=_listed(StepKind))
    if detail["type"] == "extra_forbidden":
        return Saying("is not a key of a mapping; the sections are %(known)s", known=_listed(MappingFile.model_fields))
    return _WORDS.get(detail["type"], _OTHERWISE_WRONG)
