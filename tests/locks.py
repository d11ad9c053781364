"""Waits, within bounds, for what waits for a lock of PostgreSQL."""

import time
from concurrent.futures import Future
from typing import Any

from sqlalchemy import text

from storage.database import Database

_BOUND_S = 60
_ASKED = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


def until_it_waits(database: Database, work: Future[Any]) -> None:
    """Returns once somebody waits for a lock in this database, or the work is done without.

    Raises TimeoutError where neither happens.
    """
    give_up = time.monotonic() + _BOUND_S
    while not work.done() and not _waits_for_a_lock(database):
        if time.monotonic() > give_up:
            raise TimeoutError("it neither ends nor waits for a lock")
        time.sleep(0.01)


def _waits_for_a_lock(database: Database) -> bool:
    with database.engine.connect() as connection:
        return bool(connection.execute(_ASKED).scalar_one())
