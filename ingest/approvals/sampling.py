"""The first rows of a file or a view as they stand there, and what each becomes: for whoever writes a mapping."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

import orjson

from ingest.approvals.formats import Numbered, json_lines
from ingest.approvals.mapping import Mapping as ColumnMapping
from ingest.approvals.parsing import Read
from ingest.approvals.plain import exact
from ingest.approvals.reading import reads_json, rows_of_table
from ingest.approvals.repeated import repeated_in_line
from ingest.approvals.reports import Rejection, Sample
from ingest.approvals.row import RowError, row_of_the_past


def samples_of_file(path: Path, mapping: ColumnMapping | None, received_at: datetime, count: int) -> tuple[Sample, ...]:
    """Of its first rows. Raises what reading it raises."""
    with path.open("rb") as file:
        if reads_json(path, file, mapping):
            return tuple(
                sample_of(number, _fields(text), read, received_at)
                for number, text, read in islice(json_lines(file), count)
            )
        told = _Told()
        rows = rows_of_table(path, file, mapping, told)
        return tuple(islice(_of_table(rows, told, received_at), count))


def sample_of(line: int, said: Mapping[str, str], read: Read, received_at: datetime) -> Sample:
    """What was read of a row is refused, too, where it lies in the future."""
    row = read if isinstance(read, RowError) else row_of_the_past(exact(read), received_at)
    filled = {name: cell for name, cell in said.items() if cell}
    if isinstance(row, RowError):
        refused = tuple(Rejection(line, each.field, each.problem, each.remedy) for each in row.problems)
        return Sample(line, filled, row.record, {}, refused)
    return Sample(line, filled, row.kind_of_record.value, row.statement(), ())


def _fields(text: str) -> dict[str, str]:
    """As the cells of a table; what is no object, or names a field twice, under no name as it stands there."""
    try:
        values = orjson.loads(text)
    except ValueError:  # no JSON, or no text of Unicode
        return {"": text}
    if not isinstance(values, dict) or not values or repeated_in_line(text, len(values)):
        return {"": text}
    return {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in values.items()}


@dataclass
class _Told:
    """Hears of the cells of each row before what is read of them comes."""

    cells: dict[str, str] = field(default_factory=dict)

    def __call__(self, cells: dict[str, str]) -> None:
        self.cells = cells


def _of_table(rows: Iterator[Numbered], told: _Told, received_at: datetime) -> Iterator[Sample]:
    for line, read in rows:
        said, told.cells = told.cells, {}
        if not (isinstance(read, RowError) and read.is_header):
            yield sample_of(line, said, read, received_at)
