"""Imports a file of any size, row by row."""

import gzip
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.file_format import NO_ROWS, UnusableFile, is_event_log, is_json, is_workbook
from ingest.approvals.formats import Numbered, read_csv, read_jsonl
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.reports import BatchReport
from ingest.approvals.workbook import read_workbook
from ingest.approvals.xes import read_xes
from storage.database import Database
from storage.sayings import Saying

_LOG_NEEDS_MAPPING = Saying("An event log (XES) is read through a mapping: choose one, or write one for its keys.")
Progress = Callable[[int, int], None]
"""Bytes read so far, and bytes in all."""


def import_file(
    database: Database,
    source_id: str,
    path: Path,
    mapping: Mapping | None,
    now: datetime,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
) -> BatchReport:
    """Imports JSON Lines, CSV, a workbook or XES, known by its name, else by its first character.

    Importing a file again adds nothing and completes an import that was interrupted. Raises OSError, UnusableFile for
    one that is neither or holds no rows, MappingError for a mapping of a file that is no table, and what
    `accept_batch` raises.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)

        def on_chunk() -> None:
            if progress is not None:
                progress(file.tell(), size)

        rows = rows_of(path, file, mapping)
        report = accept_batch(
            database,
            source_id,
            rows,
            sequence=None,
            name=path.name,
            sha256=sha256,
            now=now,
            dry_run=dry_run,
            on_chunk=on_chunk,
        )
    if progress is not None:
        progress(size, size)
    return report


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
