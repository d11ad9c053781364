"""One watcher for a database: two would both write what every counter shows.

Two on one data folder are refused by its lock; these are of two folders, on one machine or on two.
"""

import socket
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from sqlmodel import col, select

from analytics.diary import AnotherWatcher
from storage.database import Database
from storage.models import Node

SILENT_S = 10.0
"""A watcher that gives no sign of life for so long is none; it gives one every three seconds."""


def instance_of(folder: Path) -> str:
    """Names the machine and the folder; the same after each restart, so that nobody waits for who has died there."""
    file = folder / "watcher.instance"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(uuid4().hex, "ascii")
    return f"{socket.gethostname()} {file.read_text('ascii')}"


def claim(database: Database, node: str, instance: str, wait: Callable[[float], object]) -> None:
    """Takes the node's name over from a watcher that is gone. `wait` takes seconds.

    Whether another lives is told by its sign of life going on, whatever the two clocks say. Raises AnotherWatcher.
    """
    holder, beat = _seen(database, node)
    if holder not in ("", instance):
        wait(SILENT_S)
        if _seen(database, node)[1] != beat:
            raise AnotherWatcher(holder)
    with database.transaction() as session:
        row = session.exec(select(Node).where(col(Node.name) == node).with_for_update()).first()
        if row is not None:
            row.detail = {**row.detail, "instance": instance}


def _seen(database: Database, node: str) -> tuple[str, object]:
    """Who has the name, and its last sign of life."""
    with database.transaction() as session:
        row = session.get(Node, node)
        return (row.detail.get("instance", ""), row.heartbeat) if row else ("", None)
