"""Alerts when a job of a process keeps failing: it is tried again and again, and nobody would look into the log."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, select

from storage.database import Database, insert_new
from storage.failures import Failure, failures_told
from storage.models import NODE_SILENT_AFTER, Alert, AlertKind, AlertState, Node, awaited
from web.lasting_alerts import lasting, resolve
from web.silence import is_heard

log = structlog.get_logger(__name__)

_OVER = {"event": "job_works_again", "node": "node_name", "job": "job_name"}

TOLD_AFTER = timedelta(minutes=5)
"""So long every job has had its turn at least once after its process began, and may fail before anybody is told."""


class FailureWatch:
    """`run_once` compares; run it every few seconds. While it could not look itself, as in an outage of the database,
    everything fails: only what it has witnessed counts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._since: datetime | None = None
        self._last: datetime | None = None

    def run_once(self, now: datetime) -> int:
        """The number of alerts raised and resolved. Raises SQLAlchemyError."""
        if self._since is None or self._last is None or not timedelta() <= now - self._last <= NODE_SILENT_AFTER:
            self._since = now
        with self._database.transaction() as session:
            nodes = list(session.exec(select(Node).where(awaited())))
            alerts = lasting(session, AlertKind.JOB_FAILING)
            changed = sum(
                _follow(session, node, [alert for alert in alerts if alert.node_name == node.name], self._since, now)
                for node in nodes
                if is_heard(node.heartbeat, now)
            )
            known = {node.name for node in nodes}
            changed += resolve((alert for alert in alerts if alert.node_name not in known), now, **_OVER)
        self._last = now
        return changed


def keeps_failing(failure: Failure, looking_since: datetime, now: datetime) -> bool:
    """Whether somebody has to be told: it has failed for so long, and once is not again and again, or it is at once."""
    if failure.last < looking_since:
        return False
    return failure.at_once or (failure.count > 1 and now - max(failure.since, looking_since) >= TOLD_AFTER)


def _follow(session: Session, node: Node, own: Sequence[Alert], looking_since: datetime, now: datetime) -> int:
    failing = {failure.job: failure for failure in failures_told(node.detail)}
    known = {alert.job_name for alert in own}
    fresh = [f for f in failing.values() if f.job not in known and keeps_failing(f, looking_since, now)]
    _raise(session, node.name, fresh, now)
    # A process that has just begun has not tried all of its jobs again: that it says nothing of one means nothing.
    has_tried_all = now - node.started_at >= TOLD_AFTER
    return len(fresh) + (resolve(_over(own, failing), now, **_OVER) if has_tried_all else 0)


def _over(alerts: Iterable[Alert], failing: Collection[str]) -> list[Alert]:
    return [alert for alert in alerts if alert.job_name not in failing]


def _raise(session: Session, node: str, failing: Sequence[Failure], now: datetime) -> None:
    for failure in failing:
        log.error("job_keeps_failing", node=node, job=failure.job, since=failure.since.isoformat(), error=failure.error)
    same = {"kind": AlertKind.JOB_FAILING, "state": AlertState.RAISED, "node_name": node, "raised_at": now}
    insert_new(session, Alert, [{**same, "job_name": each.job, "failing_since": each.since} for each in failing])
