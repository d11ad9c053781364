"""Reads a large file in a process of its own, so that whoever writes the rows needs not wait for them.

It takes a pickled `Order` from its standard input and writes the pickled portions to its standard output: only the
process that started it is on the other side of both.
"""

import gc
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ingest.approvals.chunks import Chunk, made_chunks
from ingest.approvals.mapping import Mapping
from ingest.approvals.reading import parts_of

_PIPE = 1 << 20
"""Bytes that the one may be ahead of the other."""


class ReadingEnded(Exception):
    """The process that reads the file ended before the file did; import it again, which goes on where this stopped."""


class Order(NamedTuple):
    path: Path
    mapping: Mapping | None
    received_at: datetime
    size: int
    """Rows of a chunk."""


class Portion(NamedTuple):
    chunk: Chunk
    read: int
    """Bytes of the file up to here."""


@contextmanager
def portions_read_apart(order: Order) -> Iterator[Iterator[Portion]]:
    """Of the file, made by another process while this one does other things. They raise what `parts_of` raises, and
    ReadingEnded."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import answer; answer()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pipesize=_PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError), process.stdin as orders:  # `_received` tells what became of it
            pickle.dump(order, orders)
        yield _received(process.stdout)  # type: ignore[arg-type]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _received(stream: BinaryIO) -> Iterator[Portion]:
    while True:
        try:
            found: Portion | Exception | None = pickle.load(stream)  # noqa: S301  (of a process of our own)
        except (EOFError, pickle.UnpicklingError) as error:
            raise ReadingEnded from error
        if found is None:
            return
        if isinstance(found, Exception):
            raise found
        yield found


def answer() -> None:
    """What the other process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first one is told, and ends this one
    gc.disable()  # of rows nothing is left to be collected
    answers, ending = sys.stdout.buffer, None
    with suppress(BrokenPipeError):  # nobody wants to know any more
        try:
            _answer(sys.stdin.buffer, answers)
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  (raised again where the portions are wanted)
            ending = error
        _send(ending, answers)


def _answer(orders: BinaryIO, answers: BinaryIO) -> None:
    order: Order = pickle.load(orders)  # noqa: S301  (of the process that started this one)
    with order.path.open("rb") as file:
        parts = parts_of(order.path, file, order.mapping)
        for chunk in made_chunks(parts, order.received_at, order.size):
            _send(Portion(chunk, file.tell()), answers)


def _send(answer: Portion | Exception | None, answers: BinaryIO) -> None:
    pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()
