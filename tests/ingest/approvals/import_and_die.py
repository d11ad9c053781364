"""Imports rows and kills itself, as `kill -9` does, while a chunk is written and the next one is read.

`python -m tests.ingest.approvals.import_and_die URL ROWS CHUNK`: it dies on the first row of the third chunk.
With a file in place of ROWS, which is read apart, it dies once two chunks are written.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from ingest.approvals import acceptance, importing
from ingest.approvals.formats import Numbered, read_rows
from storage.database import Database
from tests.ingest.approvals.samples import NOW, SOURCE, rows_of_cases


def dying(rows: Iterator[Numbered], after: int) -> Iterator[Numbered]:
    for number, row in rows:
        if number > after:
            os.kill(os.getpid(), signal.SIGKILL)
        yield number, row


def import_file(url: str, path: Path) -> None:
    importing.LARGE_FILE = 0
    told: list[int] = []

    def die(done: int, _of: int) -> None:
        told.append(done)
        if len(told) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    importing.import_file(Database(url), SOURCE, path, None, NOW, die)


def import_rows(url: str, count: int, chunk: int) -> None:
    rows = dying(read_rows(rows_of_cases(count)), after=2 * chunk)
    acceptance.accept_batch(Database(url), SOURCE, rows, sequence=None, name="file", sha256="", now=NOW)


if __name__ == "__main__":
    _, address, what, size = sys.argv
    acceptance.CHUNK = acceptance.LARGE_CHUNK = int(size)
    if what.isdecimal():
        import_rows(address, int(what), int(size))
    else:
        import_file(address, Path(what))
