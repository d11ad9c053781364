"""Tells the database that a process lives."""

import threading
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from storage.database import Database
from storage.failures import Failures
from storage.load import process_load
from storage.models import Node

log = structlog.get_logger(__name__)

INTERVAL_S = 5.0


class Heartbeat:
    """Writes the row of this node every few seconds, from its own thread. An outage of the database is survived."""

    def __init__(
        self, database: Database, name: str, role: str, clock: Callable[[], datetime], failures: Failures
    ) -> None:
        self._database = database
        self._name = name
        self._role = role
        self._clock = clock
        self._failures = failures
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        started_at = self._clock()
        while True:
            try:
                self.beat(started_at, self._clock())
            except SQLAlchemyError as error:
                log.warning("heartbeat_failed", error=type(error).__name__)
            if self._stop.wait(INTERVAL_S):
                return

    def beat(self, started_at: datetime, now: datetime) -> None:
        with self._database.transaction() as session:
            node = session.get(Node, self._name) or Node(
                name=self._name, role=self._role, started_at=started_at, heartbeat=now
            )
            node.started_at = started_at
            node.heartbeat = now
            node.detail = process_load() | self._failures.told()
            session.add(node)
