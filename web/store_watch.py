"""The store is tested at the start and every day; an alert when it fails."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from storage.database import Database
from storage.models import Alert, AlertKind, StoreTest
from storage.objects import ObjectStore, StoreError
from storage.self_test import examine_store
from web.lasting_alerts import lasting, resolve

log = structlog.get_logger(__name__)

EVERY = timedelta(days=1)
AGAIN = timedelta(minutes=10)
"""After a test that failed."""


class StoreWatch:
    """`run_once` tests when it is time to; run it every minute."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database, self._store = database, store
        self._tested: datetime | None = None
        self._again = EVERY

    def run_once(self, now: datetime) -> int:
        """1 if the store was tested. Raises SQLAlchemyError."""
        # A clock that was set back must not make the test wait until it is that late again.
        if self._tested is not None and self._tested <= now < self._tested + self._again:
            return 0
        found = examine_store(self._store)
        with self._database.transaction() as session:
            test = StoreTest(at=now, verdict=found.verdict, detail=found.detail.partition("\n")[0][:500])
            session.add(test)
            session.flush()
            if found.ok:
                resolve(lasting(session, AlertKind.STORE_UNSAFE), now, "store_test_passed_again", alert="id")
            else:
                _raise(session, test, now)
        self._tested, self._again = now, EVERY if found.ok else AGAIN
        return 1


def patient(run: Callable[[datetime], int]) -> Callable[[datetime], int]:
    """A store that is away is no fault of the job: it says so in one line and does the rest at its next time."""

    def waiting(now: datetime) -> int:
        try:
            return run(now)
        except StoreError as error:
            log.warning("keeping_waits_for_store", error=str(error).partition("\n")[0])
            return 0

    return waiting


def last_test(session: Session) -> StoreTest | None:
    return session.exec(select(StoreTest).order_by(col(StoreTest.id).desc()).limit(1)).first()


def _raise(session: Session, test: StoreTest, now: datetime) -> None:
    """One alert for all tests that fail one after another for the same reason."""
    log.error("store_test_failed", verdict=test.verdict.value, detail=test.detail)
    told = lasting(session, AlertKind.STORE_UNSAFE)
    if test.verdict not in {session.get_one(StoreTest, alert.store_test_id).verdict for alert in told}:
        session.add(Alert(kind=AlertKind.STORE_UNSAFE, store_test_id=test.id, raised_at=now))
