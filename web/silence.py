"""An alert when the recorder or the watcher is not heard of any more: nothing else would tell that nobody looks."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from storage.database import Database, insert_new
from storage.models import NODE_SILENT_AFTER, Alert, AlertKind, AlertState, Node, awaited
from web.lasting_alerts import lasting, resolve

log = structlog.get_logger(__name__)

LISTENED_TO = ("recorder", "watcher")
"""Roles whose silence nobody would notice; without pages or a clerk there is nobody to tell."""
EVERY = timedelta(seconds=5)


class Listening:
    """`run_once` counts only silence that it has witnessed: while it could not look itself, everybody seems silent."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._since: datetime | None = None
        self._last: datetime | None = None

    def run_once(self, now: datetime) -> int:
        """The number of alerts raised and resolved. Raises SQLAlchemyError."""
        if self._since is None or self._last is None or not timedelta() <= now - self._last <= NODE_SILENT_AFTER:
            self._since = now
        with self._database.transaction() as session:
            nodes = list(session.exec(select(Node).where(col(Node.role).in_(LISTENED_TO), awaited())))
            silent = [node for node in nodes if is_silent(node.heartbeat, self._since, now)]
            changed = _raise(session, silent, now)
            changed += _resolve(session, {node.name for node in nodes if is_heard(node.heartbeat, now)}, now)
        self._last = now
        return changed


def is_heard(heartbeat: datetime, now: datetime) -> bool:
    return now - heartbeat <= NODE_SILENT_AFTER


def is_silent(heartbeat: datetime, listening_since: datetime, now: datetime) -> bool:
    """Whether it has been silent for too long, all of that time before witnesses."""
    return now - max(heartbeat, listening_since) > NODE_SILENT_AFTER


def forget(session: Session, node: Node, now: datetime) -> None:
    """For a process that is not coming back, so that nobody waits for it any more."""
    _resolve(session, {node.name}, now)
    node.forgotten = now


def _raise(session: Session, silent: Sequence[Node], now: datetime) -> int:
    """One alert for each silence, however often it is noticed and however many clerks there are."""
    silences = [node.heartbeat for node in silent]
    told = select(Alert.node_name, Alert.silent_since).where(col(Alert.silent_since).in_(silences))
    known = set(session.exec(told)) if silences else set()
    fresh = [node for node in silent if (node.name, node.heartbeat) not in known]
    for node in fresh:
        log.error("node_silent", node=node.name, since=node.heartbeat.isoformat())
    insert_new(session, Alert, [_row(node, now) for node in fresh])
    return len(fresh)


def _row(node: Node, now: datetime) -> dict[str, object]:
    return {
        "kind": AlertKind.NODE_SILENT,
        "state": AlertState.RAISED,
        "node_name": node.name,
        "silent_since": node.heartbeat,
        "raised_at": now,
    }


def _resolve(session: Session, names: set[str], now: datetime) -> int:
    over = (alert for alert in lasting(session, AlertKind.NODE_SILENT) if alert.node_name in names)
    return resolve(over, now, "node_silence_over", node="node_name")
