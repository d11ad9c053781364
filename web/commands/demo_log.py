"""The demo's log: everything is in a file, and what is wrong is also told."""

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import structlog

from web import logs
from web.commands.plain_errors import err

ROLE = "demo"

_POLL_S = 0.3
_LARGE = 10_000_000
_TOLD = ("warning", "error", "critical")
_IN_WORDS = {
    "worker_ended": "The process “{worker}” has ended ({status}); it is started again after {restart_in_s:g} s.",
    "worker_killed": "The process “{worker}” had not stopped after {waited_s:g} s and was killed.",
}
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


@contextmanager
def logging_into(file: Path | None) -> Iterator[None]:
    """What the demo itself logs meanwhile stands in the file, too, and is told like the rest of it."""
    if file is None:
        yield
        return
    with file.open("a", encoding="utf-8", buffering=1) as output:
        logs.configure(ROLE, output=output)
        try:
            yield
        finally:
            log_warnings_only()


def log_warnings_only() -> None:
    logs.configure(ROLE)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


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
    if words := _IN_WORDS.get(str(entry.get("event"))):
        return words.format_map(entry)
    fields = " ".join(f"{name}={value}" for name, value in entry.items() if name not in _NOT_TOLD_AGAIN)
    return f"{entry.get('role', ROLE)}: {entry.get('event', '')} {fields}".rstrip()
