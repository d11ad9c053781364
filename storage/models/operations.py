"""How the product itself is doing."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import SQLModel, col, or_

from storage.models.columns import JsonObject, column, json_column

NODE_SILENT_AFTER = timedelta(seconds=30)
"""A process that has not been heard of for longer has died or hangs."""


class Node(SQLModel, table=True):
    """A running process; its heartbeat tells how long a crash has lasted."""

    name: str = column("e.g. recorder-1", primary_key=True)
    role: str = column("recorder, watcher, web or clerk")
    started_at: datetime = column("")
    heartbeat: datetime = column("written every few seconds")
    forgotten: datetime | None = column("when it was said not to come back; void once it is heard again", default=None)
    detail: JsonObject = json_column("numbers worth showing", default_factory=dict)


def awaited() -> ColumnElement[bool]:
    """Of nodes: those that nobody has said not to come back."""
    return or_(col(Node.forgotten).is_(None), col(Node.heartbeat) > col(Node.forgotten))
