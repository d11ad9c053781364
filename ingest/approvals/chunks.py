"""The rows of a batch in portions that are looked up and written together, sorted by what they tell of."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from ingest.approvals.formats import Numbered, NumberedSteps
from ingest.approvals.plain import PlainStep, exact, plain
from ingest.approvals.plain_columns import PlainColumns
from ingest.approvals.reports import Refused
from ingest.approvals.row import Row, RowError, row_of_the_past
from ingest.approvals.step_columns import MadeSteps, Making
from storage.models import RecordKind

T = TypeVar("T")
_Rows = list[Row | PlainStep]
_FEW = 250
"""Rows of which everything is made while they are still in the processor's caches."""


class Chunk(NamedTuple):
    steps: MadeSteps | Sequence[Row | PlainStep]
    """Good ones, in their order."""
    others: dict[RecordKind, _Rows]
    """Good rows of every other kind, likewise."""
    refused: Refused


def chunks(rows: Iterable[Numbered], received_at: datetime, size: int) -> Iterator[Chunk]:
    return (Chunk(*_sorted_out(some, received_at)) for some in _portions(rows, size))


def made_chunks(rows: Iterable[Numbered | NumberedSteps], received_at: datetime, size: int) -> Iterator[Chunk]:
    """With steps of a file, for PostgreSQL."""
    making = _ChunkMaking(received_at)
    for few in _few(rows, size):
        making.add(few)
        if making.rows == size:
            yield making.done()
            making = _ChunkMaking(received_at)
    if making.rows:
        yield making.done()


@dataclass
class _ChunkMaking:
    _received_at: datetime
    rows: int = 0
    """Of all kinds, so far."""
    _steps: Making = field(default_factory=Making)
    _others: dict[RecordKind, _Rows] = field(default_factory=lambda: defaultdict(list))
    _refused: Refused = field(default_factory=list)

    def add(self, few: list[Numbered] | NumberedSteps) -> None:
        if isinstance(few, NumberedSteps):
            if few.steps.stated_at() <= self._received_at:
                self.rows += len(few.steps.said)
                self._steps.add(few.steps)
                return
            few = list(few.each())
        self.rows += len(few)
        steps, others, refused = _sorted_out(few, self._received_at)
        if steps:
            self._steps.add(PlainColumns.of([plain(step) for step in steps]))
        for kind, found in others.items():
            self._others[kind].extend(found)
        self._refused.extend(refused)

    def done(self) -> Chunk:
        return Chunk(self._steps.done(), dict(self._others), self._refused)


def _few(rows: Iterable[Numbered | NumberedSteps], size: int) -> Iterator[list[Numbered] | NumberedSteps]:
    """A few at a time, in their order; none of these lie on both sides of the end of a chunk."""
    few: list[Numbered] = []
    left = size
    for each in rows:
        if isinstance(each, NumberedSteps):
            if few:
                yield few
                few = []
            for part in _cut(each, left, size):
                yield part
                left = left - len(part.steps.said) or size
            continue
        few.append(each)
        left -= 1
        if not left or len(few) == _FEW:
            yield few
            few, left = [], left or size
    if few:
        yield few


def _cut(numbered: NumberedSteps, left: int, size: int) -> Iterator[NumberedSteps]:
    first, steps = numbered
    while len(steps.said) > left:
        yield NumberedSteps(first, steps.some(0, left))
        first, steps, left = first + left, steps.some(left), size
    yield NumberedSteps(first, steps)


def _sorted_out(rows: list[Numbered], received_at: datetime) -> tuple[_Rows, dict[RecordKind, _Rows], Refused]:
    steps: _Rows = []
    others: dict[RecordKind, _Rows] = {}
    refused: Refused = []
    for line, read in rows:
        if isinstance(read, PlainStep) and read.stated_at <= received_at:
            steps.append(read)
            continue
        row = read if isinstance(read, RowError) else row_of_the_past(exact(read), received_at)
        if isinstance(row, RowError):
            refused.append((line, row))
        elif row.kind_of_record is RecordKind.STEP:
            steps.append(row)
        else:
            others.setdefault(row.kind_of_record, []).append(row)
    return steps, others, refused


def _portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while portion := list(islice(remaining, size)):
        yield portion
