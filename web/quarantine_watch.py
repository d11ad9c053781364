"""Alerts when files that could not be read lie aside on a recorder's disk: nobody would look there."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, select

from storage.database import Database
from storage.models import Alert, AlertKind, Node, awaited
from web.lasting_alerts import lasting, resolve
from web.silence import is_heard

log = structlog.get_logger(__name__)

_OVER = {"event": "no_unreadable_footage", "node": "node_name"}

TOLD_AFTER = timedelta(hours=1)
"""Whoever looks at them at once need not be told."""


class QuarantineWatch:
    """`run_once` compares; run it every few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_once(self, now: datetime) -> int:
        """The number of alerts raised and resolved. A silent recorder says nothing new. Raises SQLAlchemyError."""
        with self._database.transaction() as session:
            # Locked: of two clerks only one raises it.
            recorders = session.exec(select(Node).where(Node.role == "recorder", awaited()).with_for_update()).all()
            alerts = lasting(session, AlertKind.FOOTAGE_UNREADABLE)
            changed = sum(_follow(session, node, alerts, now) for node in recorders if is_heard(node.heartbeat, now))
            known = {node.name for node in recorders}
            return changed + resolve((alert for alert in alerts if alert.node_name not in known), now, **_OVER)


def _follow(session: Session, node: Node, lasting: Sequence[Alert], now: datetime) -> int:
    if "quarantined_files" not in node.detail:
        return 0  # it has not counted yet
    own = [alert for alert in lasting if alert.node_name == node.name]
    since = node.detail.get("quarantined_since")
    if since is None:
        return resolve(own, now, **_OVER)
    if own or now - datetime.fromisoformat(since) < TOLD_AFTER:
        return 0
    log.error("unreadable_footage", node=node.name, files=node.detail["quarantined_files"], since=since)
    session.add(Alert(kind=AlertKind.FOOTAGE_UNREADABLE, node_name=node.name, raised_at=now))
    return 1
