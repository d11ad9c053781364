"""The two file formats: JSON Lines and CSV. Garbage is reported line by line, never raised."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

import orjson

from ingest.approvals.csv_records import Records
from ingest.approvals.json_objects import json_objects
from ingest.approvals.known_mappings import fitting_mapping
from ingest.approvals.lines import Block, Line, blocks, lines
from ingest.approvals.mapping import Mapping
from ingest.approvals.parsing import MODELS, Read, model_of, parse_row, raw_of, read_values
from ingest.approvals.plain import PlainStep, plain_step
from ingest.approvals.plain_columns import PlainColumns, plain_columns, plain_steps
from ingest.approvals.problems import Problem, explain_column, printable, shown
from ingest.approvals.records import StepRow
from ingest.approvals.repeated import repeated_in_line
from ingest.approvals.row import UNKNOWN_RECORD, Row, RowError, keepable, required, row_error
from storage.sayings import Saying

Numbered = tuple[int, Read]
"""Line (1 = first) and what it says, or why it cannot be used."""

OnCells = Callable[[dict[str, str]], None]
"""Hears of the cells of each row of a table, by column, before what is read of them."""


class NumberedSteps(NamedTuple):
    """The same of lines that follow each other and are plain steps."""

    first: int
    steps: PlainColumns

    def each(self) -> Iterator[Numbered]:
        return enumerate(self.steps.steps(), start=self.first)


_MANY, _FEW = 250, 32
"""Rows that are read together, so few that they stay in the processor's caches: one that is no plain step has its few
neighbours read one by one."""


def read_rows(rows: Sequence[object], repeated: MappingOf[int, str] = MappingProxyType({})) -> Iterator[Numbered]:
    """Rows of a push, decoded from JSON by the caller.

    `repeated`: by their numbers, the fields that rows say twice, as `repeated_in_push` tells.
    """
    steps = None if repeated else plain_steps(rows)
    if steps is not None:
        yield from enumerate(steps, start=1)
        return
    for number, values in enumerate(rows, start=1):
        name = repeated.get(number)
        yield number, _repeats(name, raw_of(values)) if name else read_values(values)


def read_jsonl(stream: BinaryIO) -> Iterator[Numbered]:
    """One JSON object per line; blank lines are skipped."""
    for part in jsonl_parts(stream):
        if isinstance(part, NumberedSteps):
            yield from part.each()
        else:
            yield part


def jsonl_parts(stream: BinaryIO) -> Iterator[Numbered | NumberedSteps]:
    """The same rows, plain steps together."""
    for block in blocks(stream):
        for many in block.parts(_MANY):
            yield from _json_rows(many, (_FEW,))


def json_lines(stream: BinaryIO) -> Iterator[tuple[int, str, Read]]:
    """Each line that is not blank, with what is read of it."""
    for line in lines(stream):
        if line.text.strip():
            yield line.number, line.text, _json_row(line)


def read_csv(stream: BinaryIO, mapping: Mapping | None = None, on_cells: OnCells | None = None) -> Iterator[Numbered]:
    """CSV with a header line. Without a mapping, the columns are the fields of the exchange format."""
    records = Records(lines(stream))
    header = records.next()
    if header is None:
        return
    names = header.cells if isinstance(header.cells, RowError) else [name.strip() for name in header.cells]
    columns = replace(names, is_header=True) if isinstance(names, RowError) else read_header(names, mapping, header.raw)
    if isinstance(columns, RowError):
        yield header.line, columns
        return
    while record := records.next(columns.are_a_row):
        cells = record.cells
        if on_cells is not None and not isinstance(cells, RowError):
            on_cells(dict(zip(columns.names, cells, strict=False)))
        yield record.line, cells if isinstance(cells, RowError) else columns.read(cells, record.raw)


@dataclass(frozen=True)
class Columns:
    """What the cells of a record mean."""

    names: tuple[str, ...]
    mapping: Mapping | None

    def read(self, cells: Sequence[str], raw: str) -> Read:
        """The same as `row`, sooner for most steps."""
        return self._plain(cells) or self.row(cells, raw)

    def _plain(self, cells: Sequence[str]) -> PlainStep | None:
        if len(cells) != len(self.names):
            return None
        filled = dict(zip(self.names, cells, strict=True))
        return plain_step(filled) if self.mapping is None else self.mapping.plain(filled)

    def row(self, cells: Sequence[str], raw: str) -> Row | RowError:
        if len(cells) != len(self.names):
            return row_error(_other_count(len(cells), len(self.names)), raw)
        filled = zip(self.names, cells, strict=True)
        if self.mapping is not None:
            return self.mapping.apply(dict(filled), raw)
        values = dict(filled)
        needed = required(model_of(values.get("record", "")) or StepRow)
        return parse_row({name: cell for name, cell in values.items() if cell or name in needed}, raw)

    def are_a_row(self, cells: Sequence[str]) -> bool:
        return len(cells) == len(self.names) and isinstance(self.row(cells, ""), Row)


def read_header(names: Sequence[str], mapping: Mapping | None, raw: str) -> Columns | RowError:
    """What the columns of a table mean, or why nothing below them can be read."""
    wrong = _header_error(names, mapping, raw)
    return Columns(tuple(names), mapping) if wrong is None else replace(wrong, is_header=True)


def _json_rows(block: Block, parts: Sequence[int]) -> Iterator[Numbered | NumberedSteps]:
    """All of them at once if they are plain steps; else in parts of the next of these sizes, and at last one by one."""
    steps = plain_columns(decoded, are_mine=True) if (decoded := json_objects(block)) else None
    if steps is not None:
        yield NumberedSteps(block.first, steps)
    elif parts:
        for part in block.parts(parts[0]):
            yield from _json_rows(part, parts[1:])
    else:
        for line in block.lines():
            if line.text.strip():
                yield line.number, _json_row(line)


def _json_row(line: Line) -> Read:
    if line.problem:
        return row_error(line.problem, line.text, UNKNOWN_RECORD)
    try:
        values = orjson.loads(line.text)
        if isinstance(values, dict) and (twice := repeated_in_line(line.text, len(values))):
            return _repeats(twice, line.text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        problem = Problem("", _not_json(error), Saying("write one JSON object per line"))
        return row_error(problem, line.text, UNKNOWN_RECORD)
    return read_values(values, line.text)


def _repeats(name: str, raw: str) -> RowError:
    return row_error(Problem(shown(name), Saying("stands twice in the object"), Saying("give each field once")), raw)


def _not_json(error: orjson.JSONDecodeError | UnicodeEncodeError) -> Saying:
    if isinstance(error, UnicodeEncodeError):
        return Saying("is not JSON")
    return Saying("is not JSON from character %(position)s on", position=error.pos + 1)


def _other_count(cells: int, columns: int) -> Problem:
    said = Saying("has %(cells)s cells where the header has %(columns)s", cells=cells, columns=columns)
    return Problem("", said, Saying("check delimiters and quotes"))


def _header_error(names: Sequence[str], mapping: Mapping | None, raw: str) -> RowError | None:
    wanted = _columns_needed(names) if mapping is None else mapping.columns
    problems = [
        Problem(name, Saying("column is missing"), _remedy_of_header(names, mapping))
        for name in wanted
        if name not in names
    ]
    problems += [_doubled(name, count) for name, count in Counter(names).items() if count > 1]
    if mapping is None:
        known = _all_fields() if "record" in names else tuple(StepRow.model_fields)
        problems += [problem for name in names if (problem := explain_column(name, known))]
    return RowError(tuple(problems), keepable(raw)) if problems else None


def _columns_needed(names: Sequence[str]) -> tuple[str, ...]:
    """A table whose rows say what they tell of may hold rows of any kind."""
    return () if "record" in names else required(StepRow)


def _all_fields() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for model in MODELS.values() for name in model.model_fields))


def _remedy_of_header(names: Sequence[str], mapping: Mapping | None) -> Saying:
    if mapping is not None:
        return Saying("add it to the header line, or choose another mapping")
    if fits := fitting_mapping(names):
        return Saying("add it to the header line, or choose the mapping %(name)s, which fits this file", name=fits)
    return Saying("add it to the header line, or choose a mapping")


def _doubled(name: str, count: int) -> Problem:
    said = Saying("is the name of %(count)s columns", count=count)
    return Problem(printable(name), said, Saying("give each column its own name"))
