"""One row of the exchange format: one step of one case, validated at the edge."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from ingest.approvals.problems import Problem, explain, printable
from storage.models import StepKind
from storage.sayings import Saying

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MAX_RAW = 65_536
"""Characters of a refused row that are kept."""
MOST_AHEAD = timedelta(days=1)
"""A platform's clock may be wrong, but not by this."""

_KINDS: dict[str, StepKind] = {kind.value: kind for kind in StepKind}
_DATE_ALONE = re.compile(r"[\d-]+")
_PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


def _moment(value: object) -> object:
    """Reads ISO 8601 text with a zone, or an aware datetime, as UTC."""
    if value is None or value == "":
        return None
    moment = value if isinstance(value, datetime) else _parsed(value)
    if isinstance(value, str) and _DATE_ALONE.fullmatch(value.strip()):
        raise PydanticCustomError("time_of_day", "has no time of day")
    if moment.tzinfo is None or moment.utcoffset() is None:
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


def _kind(value: object) -> object:
    return _KINDS.get(value, value) if isinstance(value, str) else value


Moment = Annotated[datetime, BeforeValidator(_moment)]
NoMoment = Annotated[datetime | None, BeforeValidator(_moment)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=500, pattern=_PRINTABLE, strip_whitespace=True)]


class Row(BaseModel):
    """One step of one case as an approval platform reports it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, title="Hallwatch exchange row")

    case: Name = Field(description="number of the case, as the platform numbers it", examples=["2026-001"])
    step: Name = Field(description="the platform's own id of the step, unique in its source", examples=["S-88121"])
    kind: Annotated[StepKind, BeforeValidator(_kind)] = Field(description="what the step does", examples=["accept"])
    name: Text = Field(default="", description="the activity as people read it", examples=["受理"])
    operator: Text = Field(default="", description="who did it", examples=["李敏"])
    counter: Text = Field(default="", description="the counter: alias, id or number; empty: none", examples=["3"])
    start: Moment = Field(
        description="when it began, ISO 8601 with a zone, platform clock", examples=["2026-03-02T09:14:05+08:00"]
    )
    end: NoMoment = Field(
        default=None,
        description="when it ended; empty: a point in time, or still open",
        examples=["2026-03-02T09:21:40+08:00"],
    )
    item: Text = Field(default="", description="code of the item", examples=["JZ-0103"])
    item_name: Text = Field(default="", description="name of the item", examples=["食品经营许可"])
    department: Text = Field(default="", description="id or name of the responsible department", examples=["market"])
    applicant: Text = Field(default="", description="personal data; only roles that handle cases see it")
    channel: Text = Field(default="", description="counter, internet, post, ...", examples=["counter"])
    due: NoMoment = Field(
        default=None,
        description="the promised limit as the platform reckons it",
        examples=["2026-03-16T18:00:00+08:00"],
    )
    closed: NoMoment = Field(
        default=None,
        description="when the case was closed, for platforms that report no step of the kind close",
        examples=["2026-03-10T16:02:11+08:00"],
    )

    @model_validator(mode="after")
    def _end_is_not_before_start(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise PydanticCustomError("end_before_start", "is before the start")
        return self

    def statement(self) -> dict[str, str]:
        """What the row says, and nothing that it leaves open; equal for rows that say the same."""
        said = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in said.items()
            if value is not None and value != ""
        }


@dataclass(frozen=True)
class RowError:
    """A row that could not be accepted, with the text as it came."""

    problems: tuple[Problem, ...]
    raw: str
    is_header: bool = False
    """It is the header of a table, so that nothing below it could be read."""


def parse_row(values: object, raw: str | None = None) -> Row | RowError:
    """Validates one decoded row; `raw` is its text, if it came as text."""
    if not isinstance(values, dict):
        problem = Problem("", Saying("is not an object"), Saying("send one JSON object for each step"))
        return row_error(problem, _raw(values, raw))
    try:
        return Row.model_validate(values)
    except ValidationError as error:
        return RowError(explain(error, tuple(Row.model_fields)), keepable(_raw(values, raw)))


def row_of_the_past(row: Row, received_at: datetime) -> Row | RowError:
    """What is stamped well after it was received has not happened: its year is wrong, or the platform's clock."""
    latest = received_at + MOST_AHEAD
    said, remedy = (
        Saying("lies more than a day after it was received"),
        Saying("correct the year, or the platform's clock"),
    )
    stamped = (("start", row.start), ("end", row.end))
    wrong = tuple(Problem(name, said, remedy) for name, moment in stamped if moment is not None and moment > latest)
    return RowError(wrong, keepable(row.model_dump_json(exclude_defaults=True))) if wrong else row


def row_error(problem: Problem, raw: str) -> RowError:
    return RowError((problem,), keepable(raw))


def keepable(raw: str) -> str:
    """As a database can store it, and cut to `MAX_RAW` characters with a mark."""
    return printable(raw if len(raw) <= MAX_RAW else f"{raw[:MAX_RAW]}… ({len(raw)} characters)")


def _raw(values: object, raw: str | None) -> str:
    if raw is not None:
        return raw
    try:
        return json.dumps(values, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to be shown)"
