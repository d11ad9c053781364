"""Keeps two recorders, watchers or clerks from working on one data folder: each would spoil what the other writes."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from web.roles import RoleName

ONCE: "tuple[RoleName, ...]" = ("recorder", "watcher", "clerk")
"""Of the pages there may be many."""


class AlreadyRunning(Exception):
    """Another process works on this folder."""


@contextmanager
def only_one(folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Holds `folder`/NAME.lock for each name. However the process ends, the system lets them go.

    Raises AlreadyRunning.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as held:
        for name in names:
            _lock(held.enter_context(_lock_file(folder, name).open("a+", encoding="utf-8")), name)
        yield


def has_run(folder: Path, name: str) -> bool:
    """Whether such a process has ever worked on this folder."""
    return _lock_file(folder, name).exists()


def _lock_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.lock"


def _lock(file: IO[str], name: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip()
        raise AlreadyRunning(
            f"{file.name}: process {holder} is the {name} of this folder already; stop it, or use another folder"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
