"""Alerts when what waits for the store has reached half, and most, of the room that the spool has."""

from collections.abc import Sequence, Set
from datetime import datetime

import structlog
from sqlmodel import Session, select

from storage.database import Database, insert_new
from storage.models import Alert, AlertKind, AlertState, Node, awaited
from web.lasting_alerts import lasting, resolve
from web.silence import is_heard

log = structlog.get_logger(__name__)

_OVER = {"event": "spool_has_room_again", "node": "node_name", "percent": "spool_level"}

LEVELS = (50, 80)
"""Percent of the nearest limit."""
RELIEF = 5
"""An alert is resolved so far below its level, so that a spool that stays at one does not raise it again and again."""


class SpoolWatch:
    """`run_once` compares; run it every few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_once(self, now: datetime) -> int:
        """The number of alerts raised and resolved. A silent recorder says nothing new. Raises SQLAlchemyError."""
        with self._database.transaction() as session:
            alerts = lasting(session, AlertKind.SPOOL_FILLING)
            recorders = list(session.exec(select(Node).where(Node.role == "recorder", awaited())))
            changed = sum(_follow(session, node, alerts, now) for node in recorders if is_heard(node.heartbeat, now))
            known = {node.name for node in recorders}
            return changed + resolve((alert for alert in alerts if alert.node_name not in known), now, **_OVER)


def reached(percent: float, lasting: Set[int]) -> set[int]:
    """The levels that are reached; `lasting` are those that were before."""
    return {level for level in LEVELS if percent >= (level - RELIEF if level in lasting else level)}


def _follow(session: Session, node: Node, lasting: Sequence[Alert], now: datetime) -> int:
    filled = node.detail.get("spool_filled")
    if filled is None:
        return 0
    own = {alert.spool_level: alert for alert in lasting if alert.node_name == node.name and alert.spool_level}
    levels = {level for level in own if level is not None}
    there = reached(100 * float(filled), levels)
    _raise(session, node.name, sorted(there - levels), now)
    return len(there - levels) + resolve((own[level] for level in levels - there), now, **_OVER)


def _raise(session: Session, node: str, levels: Sequence[int], now: datetime) -> None:
    for level in levels:
        log.error("spool_filling", node=node, percent=level)
    same = {"kind": AlertKind.SPOOL_FILLING, "state": AlertState.RAISED, "node_name": node, "raised_at": now}
    insert_new(session, Alert, [{**same, "spool_level": level} for level in levels])
