"""The demo's log: everything is in a file, and what is wrong is also told."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from web.commands.common import err

_POLL_S = 0.3
_LARGE = 10_000_000
_TOLD = ("warning", "error", "critical")
_NOT_TOLD_AGAIN = ("level", "role", "event", "timestamp", "exception")


@contextmanager
def warnings_of(file: Path | None) -> Iterator[None]:
    """Prints the warnings and errors that are written to the file meanwhile, in words.

    What stands in the file stays; a large one makes room, as `demo.log.1`.
    """
    if file is None:
        yield
        return
    if file.exists() and file.stat().st_size > _LARGE:
        file.replace(file.with_name(f"{file.name}.1"))
    file.touch()
    ended = threading.Event()
    with file.open(encoding="utf-8", errors="replace") as source:
        source.seek(0, os.SEEK_END)
        thread = threading.Thread(target=_tell, args=(source, ended), name="warnings", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _tell(source: IO[str], ended: threading.Event) -> None:
    partial = ""
    while True:
        last = ended.is_set()
        *lines, partial = (partial + source.read()).split("\n")
        for line in lines:
            if warning := told(line):
                err.print(warning, style="yellow", markup=False, highlight=False, soft_wrap=True)
        if last:
            return
        ended.wait(_POLL_S)


def told(line: str) -> str | None:
    """What a person reads of a line of the log, or None: the file has the rest."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("level") not in _TOLD:
        return None
    fields = " ".join(f"{name}={value}" for name, value in entry.items() if name not in _NOT_TOLD_AGAIN)
    return f"{entry.get('role', 'demo')}: {entry.get('event', '')} {fields}".rstrip()
