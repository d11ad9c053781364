"""What is read of a case does not grow with what was told of others."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from correlation.deadlines.loading import load_told
from storage.database import Database
from storage.models import Case
from tests.correlation.deadlines.platform import Platform

CASES = 400
START = datetime(2026, 3, 2, 1, tzinfo=UTC)


def step(number: int) -> dict[str, Any]:
    case = {"case": f"2026-{number:03}", "item": "JZ-0103"}
    return {**case, "step": f"R{number}", "kind": "receive", "start": START.isoformat()}


def rows_fetched(session: Session) -> int:
    """By this connection, of all tables, since it has last told of it."""
    counted = text("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables")
    return int(session.connection().execute(counted).scalar_one())


def test_postgresql_reads_a_few_cases_without_all_that_was_told_before_it_has_counted_its_rows(
    postgres_database: Database,
) -> None:
    """As after an import: nobody has told it yet how many there are."""
    with postgres_database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("case_file", "step", "record_revision", "suspension"):
            connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
    platform = Platform(postgres_database)
    platform.tells(START + timedelta(hours=1), *map(step, range(CASES)))
    with postgres_database.transaction() as session:
        few = session.exec(select(Case.id).order_by(col(Case.id)).limit(3)).all()
    with postgres_database.transaction() as session:
        before = rows_fetched(session)
        told = load_told(session, [case_id for case_id in few if case_id])
        assert [len(case.told) for case in told] == [1, 1, 1]
        assert rows_fetched(session) - before < 5 * CASES, "small tables as a whole, each once"
