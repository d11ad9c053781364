"""Rows as platforms send them."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlmodel import select

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from ingest.approvals.reports import BatchReport
from storage.database import Database
from storage.models import Case, Source, Step
from tests.sample import HALL, a_hall

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SOURCE = "platform"


def a_row(**changes: object) -> dict[str, Any]:
    row: dict[str, Any] = {
        "case": "2026-001",
        "step": "S1",
        "kind": "accept",
        "name": "受理",
        "operator": "李敏",
        "counter": "1",
        "start": "2026-03-02T09:14:05+08:00",
        "end": "2026-03-02T09:21:40+08:00",
    }
    return row | changes


def rows_of_cases(count: int) -> list[dict[str, Any]]:
    """Steps of cases of seven, those of one case far apart."""
    of_cases = count // 7 + 1
    return [a_row(case=f"C{n % of_cases}", step=f"S{n}", operator=f"操作员{n % 3}") for n in range(count)]


def a_source(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        session.add(Source(id=SOURCE, hall_id=HALL))


def push(database: Database, sequence: int | None, *rows: object, sha256: str | None = None) -> BatchReport:
    body = sha256 or hashlib.sha256(repr(rows).encode()).hexdigest()
    return accept_batch(database, SOURCE, read_rows(rows), sequence=sequence, name="push", sha256=body, now=NOW)


def cases(database: Database) -> list[Case]:
    with database.transaction() as session:
        return sorted(session.exec(select(Case)), key=lambda case: case.number)


def steps(database: Database) -> list[Step]:
    with database.transaction() as session:
        return sorted(session.exec(select(Step)), key=lambda step: step.reference)


def facts(database: Database) -> list[dict[str, Any]]:
    """All that is known of cases and steps, but when and how often it came."""
    numbers = {case.id: case.number for case in cases(database)}
    of_cases = [case.model_dump(exclude={"id"}) for case in cases(database)]
    of_steps = [
        step.model_dump(exclude={"id", "case_id", "revision", "received_at"}) | {"case": numbers[step.case_id]}
        for step in steps(database)
    ]
    return _readable([*of_cases, *of_steps])


def _readable(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: str(value) for name, value in row.items()} for row in rows]
