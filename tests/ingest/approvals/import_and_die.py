"""Imports rows and kills itself, as `kill -9` does, while a chunk is written and the next one is read.

`python -m tests.ingest.approvals.import_and_die URL ROWS CHUNK`: it dies on the first row of the third chunk.
"""

import os
import signal
import sys
from collections.abc import Iterator

from ingest.approvals import acceptance
from ingest.approvals.formats import Numbered, read_rows
from storage.database import Database
from tests.ingest.approvals.samples import NOW, SOURCE, rows_of_cases


def dying(rows: Iterator[Numbered], after: int) -> Iterator[Numbered]:
    for number, row in rows:
        if number > after:
            os.kill(os.getpid(), signal.SIGKILL)
        yield number, row


def main(url: str, count: int, chunk: int) -> None:
    acceptance.CHUNK = acceptance.LARGE_CHUNK = chunk
    rows = dying(read_rows(rows_of_cases(count)), after=2 * chunk)
    acceptance.accept_batch(Database(url), SOURCE, rows, sequence=None, name="file", sha256="", now=NOW)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
