"""The rows of a file of any format."""

import gzip
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

from ingest.approvals.file_format import NO_ROWS, UnusableFile, is_event_log, is_json, is_workbook
from ingest.approvals.formats import Numbered, NumberedSteps, OnCells, jsonl_parts, read_csv, read_jsonl
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.workbook import read_workbook
from ingest.approvals.xes import read_xes
from storage.sayings import Saying

T = TypeVar("T")
_LOG_NEEDS_MAPPING = Saying("An event log (XES) is read through a mapping: choose one, or write one for its keys.")


def rows_of(path: Path, file: BinaryIO, mapping: Mapping | None) -> Iterator[Numbered]:
    """The rows of an open file. Raises UnusableFile and MappingError."""
    if reads_json(path, file, mapping):
        return _not_empty(read_jsonl(file))
    return _not_empty(rows_of_table(path, file, mapping))


def parts_of(path: Path, file: BinaryIO, mapping: Mapping | None) -> Iterator[Numbered | NumberedSteps]:
    """The same rows, plain steps of JSON together."""
    if reads_json(path, file, mapping):
        return _not_empty(jsonl_parts(file))
    return _not_empty(rows_of_table(path, file, mapping))


def reads_json(path: Path, file: BinaryIO, mapping: Mapping | None) -> bool:
    """Whether its lines are read as JSON. Raises UnusableFile, and MappingError where there is a mapping then."""
    found = not is_event_log(path) and not is_workbook(path) and is_json(path, file)
    if found and mapping is not None:
        raise MappingError(Saying("A mapping is for tables; JSON Lines must already be in the exchange format."))
    return found


def rows_of_table(
    path: Path, file: BinaryIO, mapping: Mapping | None, on_cells: OnCells | None = None
) -> Iterator[Numbered]:
    """Of CSV, a workbook or an event log. Raises UnusableFile and MappingError."""
    if is_event_log(path):
        if mapping is None:
            raise MappingError(_LOG_NEEDS_MAPPING)
        packed = path.suffix.lower() == ".gz"
        return read_xes(gzip.GzipFile(fileobj=file) if packed else file, mapping, on_cells)
    return read_workbook(file, mapping, on_cells) if is_workbook(path) else read_csv(file, mapping, on_cells)


def _not_empty(rows: Iterator[T]) -> Iterator[T]:
    first = next(rows, None)
    if first is None:
        raise UnusableFile(NO_ROWS)
    return chain([first], rows)
