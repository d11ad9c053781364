"""Steps as platforms nearly always write them: millions of them are read and written without their model."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from pydantic_core import PydanticCustomError

from ingest.approvals.fields import read_moment
from ingest.approvals.records import StepRow
from ingest.approvals.row import Row, Statement, times_of
from storage.models import RecordKind, StepKind

FIELDS = StepRow.model_fields.keys() - {"joint"}  # which is no text
TIMES = frozenset(times_of(StepRow))
KINDS: dict[object, StepKind] = {kind.value: kind for kind in StepKind}
SHORT = 200
"""Characters that every text may have."""


class PlainStep(NamedTuple):
    """What a right row says of one step."""

    said: Statement
    kind: StepKind
    start: datetime
    end: datetime
    """Equals `start` for a step reported as a point."""
    entered: datetime | None

    @property
    def reference(self) -> str:
        name: str = self.said["step"]
        return name

    @property
    def case(self) -> str:
        number: str = self.said["case"]
        return number

    @property
    def stated_at(self) -> datetime:
        """The last moment at which any of it happened."""
        return self.end if self.entered is None else max(self.end, self.entered)

    def statement(self) -> Statement:
        """The same as that of `row`."""
        return self.said

    def row(self) -> StepRow:
        return StepRow.model_validate(self.said)


def plain_step(values: object) -> PlainStep | None:
    """The step, if a row holds nothing but short texts without anything to strip or to refuse; None: see `StepRow`."""
    if not isinstance(values, dict) or not _is_plain(values):
        return None
    try:
        moments = {name: read_moment(values[name]) for name in TIMES & values.keys()}
    except PydanticCustomError:
        return None
    kind, start, end = KINDS.get(values["kind"]), moments["start"], moments.get("end")
    if kind is None or start is None or (end is not None and end < start):
        return None
    return PlainStep(_statement(values, moments), kind, start, end or start, moments.get("entered"))


def new_steps(rows: Sequence[Row | PlainStep], known: Collection[str]) -> tuple[list[PlainStep], list[Row | PlainStep]]:
    """Steps that are named once and of which nothing is known; and the other rows, in their order."""
    references = [row.reference for row in rows]
    if not known and len(set(references)) == len(rows):
        return [plain(row) for row in rows], []
    named = Counter(references)
    new: list[PlainStep] = []
    others: list[Row | PlainStep] = []
    for row, reference in zip(rows, references, strict=True):
        if named[reference] == 1 and reference not in known:
            new.append(plain(row))
        else:
            others.append(row)
    return new, others


def exact(row: Row | PlainStep) -> Row:
    """As its model reads it."""
    return row.row() if isinstance(row, PlainStep) else row


def plain(row: Row | PlainStep) -> PlainStep:
    """The other way round, of a step."""
    if isinstance(row, PlainStep):
        return row
    assert isinstance(row, StepRow)
    return PlainStep(row.statement(), row.kind, row.start, row.end or row.start, row.entered)


def _is_plain(values: dict[str, Any]) -> bool:
    try:
        texts = "|".join(("", *values.values(), ""))
        is_whole = bool(values["case"] and values["step"] and values["kind"] and values["start"])
    except (TypeError, KeyError):
        return False
    return (
        is_whole
        and texts.isprintable()
        and "| " not in texts
        and " |" not in texts
        and values.keys() <= FIELDS
        and values.get("record", RecordKind.STEP) == RecordKind.STEP
        and (len(texts) <= SHORT or max(map(len, values.values())) <= SHORT)
    )


def _statement(values: dict[str, Any], moments: dict[str, datetime | None]) -> Statement:
    said = values | orjson.loads(orjson.dumps(moments, option=orjson.OPT_UTC_Z))
    said.pop("record", None)
    return said if all(said.values()) else {name: value for name, value in said.items() if value}
