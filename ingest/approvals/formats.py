"""The two file formats: JSON Lines and CSV. Garbage is reported line by line, never raised."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

import orjson

from ingest.approvals.lines import Line, lines
from ingest.approvals.mapping import REQUIRED, Mapping
from ingest.approvals.problems import Problem, explain_column, printable
from ingest.approvals.row import Row, RowError, keepable, parse_row, row_error
from storage.sayings import Saying

Numbered = tuple[int, Row | RowError]
"""Line (1 = first) and what it says, or why it cannot be used."""

_DELIMITERS = (",", ";", "\t")
_HEADER = (*REQUIRED, "kind")


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
    records = _records(lines(stream))
    for number, header, raw in records:
        names = header if isinstance(header, RowError) else [name.strip() for name in header]
        wrong = names if isinstance(names, RowError) else _header_error(names, mapping, raw)
        if wrong is not None:
            yield number, replace(wrong, is_header=True)
            return
        assert not isinstance(names, RowError)
        yield from _body(records, names, mapping)


def _json_row(line: Line) -> Row | RowError:
    if line.problem:
        return row_error(line.problem, line.text)
    try:
        values = orjson.loads(line.text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        return row_error(Problem("", _not_json(error), Saying("write one JSON object per line")), line.text)
    return parse_row(values, line.text)


def _not_json(error: orjson.JSONDecodeError | UnicodeEncodeError) -> Saying:
    if isinstance(error, UnicodeEncodeError):
        return Saying("is not JSON")
    return Saying("is not JSON from character %(position)s on", position=error.pos + 1)


def _body(
    records: Iterable[tuple[int, list[str] | RowError, str]], names: list[str], mapping: Mapping | None
) -> Iterator[Numbered]:
    for number, cells, raw in records:
        if isinstance(cells, RowError):
            yield number, cells
        elif len(cells) != len(names):
            yield number, row_error(_other_count(len(cells), len(names)), raw)
        elif mapping is not None:
            yield number, mapping.apply(dict(zip(names, cells, strict=True)), raw)
        else:
            filled = zip(names, cells, strict=True)
            yield number, parse_row({name: cell for name, cell in filled if cell or name in REQUIRED}, raw)


def _other_count(cells: int, columns: int) -> Problem:
    said = Saying("has %(cells)s cells where the header has %(columns)s", cells=cells, columns=columns)
    return Problem("", said, Saying("check delimiters and quotes"))


def _header_error(names: Sequence[str], mapping: Mapping | None, raw: str) -> RowError | None:
    wanted = _HEADER if mapping is None else mapping.columns
    problems = [
        Problem(name, Saying("column is missing"), Saying("add it to the header line"))
        for name in wanted
        if name not in names
    ]
    problems += [_doubled(name, count) for name, count in Counter(names).items() if count > 1]
    if mapping is None:
        problems += [problem for name in names if (problem := explain_column(name, tuple(Row.model_fields)))]
    return RowError(tuple(problems), keepable(raw)) if problems else None


def _doubled(name: str, count: int) -> Problem:
    said = Saying("is the name of %(count)s columns", count=count)
    return Problem(printable(name), said, Saying("give each column its own name"))


class _Recorder:
    """Hands lines to the CSV reader and keeps those of the record being read."""

    def __init__(self, source: Iterator[Line]) -> None:
        self._source = source
        self._taken: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._source:
            self._taken.append(line)
            yield line.text + "\n"

    def take(self) -> list[Line]:
        taken, self._taken = self._taken, []
        return taken


def _records(source: Iterator[Line]) -> Iterator[tuple[int, list[str] | RowError, str]]:
    """Line of its start, cells (or what is wrong) and raw text of each record; empty records are skipped."""
    first = next(source, None)
    if first is None:
        return
    recorder = _Recorder(_chain(first, source))
    reader = csv.reader(iter(recorder), delimiter=max(_DELIMITERS, key=first.text.count), strict=True)
    while True:
        cells, error = _next_record(reader)
        taken = recorder.take()
        if not taken:
            return
        raw = "\n".join(line.text for line in taken)
        if (wrong := _record_error(taken, error)) is not None:
            yield taken[0].number, row_error(wrong, raw), raw
        elif any(cell.strip() for cell in cells):
            yield taken[0].number, cells, raw


def _next_record(reader: Iterator[list[str]]) -> tuple[list[str], str]:
    try:
        return next(reader, []), ""
    except csv.Error as error:
        return [], str(error)


def _record_error(taken: Sequence[Line], error: str) -> Problem | None:
    bad = next((line for line in taken if line.problem), None)
    if bad is not None:
        return bad.problem
    if not error:
        return None
    return Problem("", _not_csv(error, len(taken)), Saying("close every quote; write a quote inside a cell twice"))


def _not_csv(error: str, taken: int) -> Saying:
    """Python's reader of CSV gives its reasons in English alone."""
    if "field limit" in error:
        return Saying("a cell has more than %(most)s characters", most=csv.field_size_limit())
    if "new-line" in error:
        return Saying("is not CSV: a line break stands in a cell without quotes")
    if taken > 1:
        return Saying("is not CSV: a quote is not closed; %(count)s lines were read as one row", count=taken)
    return Saying("is not CSV: a quote is not closed or stands inside a cell")


def _chain(first: Line, rest: Iterator[Line]) -> Iterator[Line]:
    yield first
    yield from rest
