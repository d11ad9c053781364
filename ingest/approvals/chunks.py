"""The rows of a batch in portions that are looked up and written together, sorted by what they tell of."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from ingest.approvals.formats import Numbered
from ingest.approvals.plain import PlainStep, exact, plain
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


def made_chunks(rows: Iterable[Numbered], received_at: datetime, size: int) -> Iterator[Chunk]:
    """With steps of a file, for PostgreSQL."""
    remaining = iter(rows)
    while True:
        making, others, refused, is_over = (
            Making(),
            defaultdict[RecordKind, _Rows](list),
            Refused(),
            True,
        )
        for few in _portions(islice(remaining, size), _FEW):
            (steps, of_others, wrong), is_over = _sorted_out(few, received_at), False
            making.add([plain(step) for step in steps])
            for kind, found in of_others.items():
                others[kind].extend(found)
            refused.extend(wrong)
        if is_over:
            return
        yield Chunk(making.done(), dict(others), refused)


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
