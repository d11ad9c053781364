"""The rows of a file of any format."""

import gzip
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from ingest.approvals.file_format import NO_ROWS, UnusableFile, is_event_log, is_json, is_workbook
from ingest.approvals.formats import Numbered, read_csv, read_jsonl
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.workbook import read_workbook
from ingest.approvals.xes import read_xes
from storage.sayings import Saying

_LOG_NEEDS_MAPPING = Saying("An event log (XES) is read through a mapping: choose one, or write one for its keys.")


def rows_of(path: Path, file: BinaryIO, mapping: Mapping | None) -> Iterator[Numbered]:
    """The rows of an open file. Raises UnusableFile and MappingError."""
    if is_event_log(path):
        if mapping is None:
            raise MappingError(_LOG_NEEDS_MAPPING)
        packed = path.suffix.lower() == ".gz"
        return _not_empty(read_xes(gzip.GzipFile(fileobj=file) if packed else file, mapping))
    if is_workbook(path):
        return _not_empty(read_workbook(file, mapping))
    json = is_json(path, file)
    if json and mapping is not None:
        raise MappingError(Saying("A mapping is for tables; JSON Lines must already be in the exchange format."))
    return _not_empty(read_jsonl(file) if json else read_csv(file, mapping))


def _not_empty(rows: Iterator[Numbered]) -> Iterator[Numbered]:
    first = next(rows, None)
    if first is None:
        raise UnusableFile(NO_ROWS)
    return chain([first], rows)
