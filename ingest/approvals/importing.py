"""Imports a file of any size."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.chunks import Chunk
from ingest.approvals.mapping import Mapping
from ingest.approvals.reading import rows_of
from ingest.approvals.reading_apart import Order, Portion, portions_read_apart
from ingest.approvals.reports import BatchReport
from ingest.approvals.sampling import samples_of_file
from storage.database import Database

LARGE_FILE = 32_000_000
"""Bytes from which on it pays to read in a process of its own, which takes a second to start."""
SAMPLES = 5
"""Rows of a file that a dry run shows."""
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
    samples: int = SAMPLES,
) -> BatchReport:
    """Imports JSON Lines, CSV, a workbook or XES, known by its name, else by its first character.

    With `dry_run` nothing is written, and so many of the first rows are shown with what each would become.

    Importing a file again adds nothing and completes an import that was interrupted. Raises OSError, UnusableFile for
    one that is neither or holds no rows, MappingError for a mapping of a file that is no table, and what
    `accept_batch` raises.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)

        apart = _Apart(path, mapping) if size >= LARGE_FILE else None

        def on_chunk() -> None:
            if progress is not None:
                progress((apart and apart.read) or file.tell(), size)

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
            apart=apart,
        )
    if progress is not None:
        progress(size, size)
    return replace(report, samples=samples_of_file(path, mapping, now, samples)) if dry_run else report


@dataclass
class _Apart:
    """The file, read in a process of its own."""

    path: Path
    mapping: Mapping | None
    read: int = 0
    """Bytes, up to the chunk that came last."""

    @contextmanager
    def __call__(self, received_at: datetime, size: int) -> Iterator[Iterator[Chunk]]:
        with portions_read_apart(Order(self.path, self.mapping, received_at, size)) as portions:
            yield self._chunks(portions)

    def _chunks(self, portions: Iterator[Portion]) -> Iterator[Chunk]:
        for chunk, self.read in portions:
            yield chunk
