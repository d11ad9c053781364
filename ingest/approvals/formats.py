"""The two file formats: JSON Lines and CSV. Garbage is reported line by line, never raised."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import orjson

from ingest.approvals.csv_records import Records
from ingest.approvals.known_mappings import fitting_mapping
from ingest.approvals.lines import Line, lines
from ingest.approvals.mapping import Mapping
from ingest.approvals.parsing import MODELS, model_of, parse_row
from ingest.approvals.problems import Problem, explain_column, printable, shown
from ingest.approvals.records import StepRow
from ingest.approvals.row import Row, RowError, keepable, required, row_error
from storage.sayings import Saying

Numbered = tuple[int, Row | RowError]
"""Line (1 = first) and what it says, or why it cannot be used."""

_NAME = re.compile(r'"\s*:')


def read_rows(rows: Sequence[object]) -> Iterator[Numbered]:
    """Rows of a push, decoded from JSON by the caller."""
    return ((number, parse_row(values)) for number, values in enumerate(rows, start=1))


def read_jsonl(stream: BinaryIO) -> Iterator[Numbered]:
    """One JSON object per line; blank lines are skipped."""
    for line in lines(stream):
        if line.text.strip():
            yield line.number, _json_row(line)


def read_csv(stream: BinaryIO, mapping: Mapping | None = None) -> Iterator[Numbered]:
    """CSV with a header line. Without a mapping, the columns are the fields of the exchange format."""
    records = Records(lines(stream))
    header = records.next()
    if header is None:
        return
    names = header.cells if isinstance(header.cells, RowError) else [name.strip() for name in header.cells]
    wrong = names if isinstance(names, RowError) else _header_error(names, mapping, header.raw)
    if wrong is not None:
        yield header.line, replace(wrong, is_header=True)
        return
    assert not isinstance(names, RowError)
    columns = Columns(tuple(names), mapping)
    while record := records.next(columns.are_a_row):
        yield record.line, record.cells if isinstance(record.cells, RowError) else columns.row(record.cells, record.raw)


@dataclass(frozen=True)
class Columns:
    """What the cells of a record mean."""

    names: tuple[str, ...]
    mapping: Mapping | None

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


def _json_row(line: Line) -> Row | RowError:
    if line.problem:
        return row_error(line.problem, line.text)
    try:
        values = orjson.loads(line.text)
        if isinstance(values, dict) and (twice := _said_twice(line.text, len(values))):
            problem = Problem(shown(twice), Saying("stands twice in the object"), Saying("give each field once"))
            return row_error(problem, line.text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        return row_error(Problem("", _not_json(error), Saying("write one JSON object per line")), line.text)
    return parse_row(values, line.text)


def _said_twice(text: str, kept: int) -> str:
    """The name of a field that a JSON object has twice: readers of JSON keep the last alone. Empty if there is none."""
    if len(_NAME.findall(text)) <= kept:
        return ""  # most rows: the exact look takes longer than all the rest
    names: Counter[str] = Counter()

    def last_is_outermost(pairs: list[tuple[str, object]]) -> None:
        names.clear()
        names.update(name for name, _ in pairs)

    try:
        json.loads(text, object_pairs_hook=last_is_outermost)
    except (RecursionError, ValueError):
        return ""  # nested too deeply, or a number of thousands of digits: refused as what it is
    return next((name for name, count in names.items() if count > 1), "")


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
