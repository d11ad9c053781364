"""Keeps two recorders, watchers or clerks from working on one data folder: each would spoil what the other writes."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from web.roles import RoleName

ONCE: tuple[RoleName, ...] = ("recorder", "watcher", "clerk")
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
            _lock(held.enter_context((folder / f"{name}.lock").open("a+", encoding="utf-8")), name)
        yield


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
