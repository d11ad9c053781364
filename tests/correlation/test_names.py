"""What records beside steps name is found when it is added later."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import SQLModel

from correlation.names import resolve_counters, resolve_departments
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.examples import example_row
from ingest.approvals.formats import read_rows
from storage.bulk import table_of
from storage.database import Database
from storage.models import (
    Case,
    Contact,
    CounterAlias,
    Department,
    ItemVersion,
    Operator,
    Organisation,
    Rating,
    RecordKind,
)

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def test_departments_and_counters_of_all_records_are_found_when_they_are_added(sqlite_hall: Database) -> None:
    organisation = example_row(RecordKind.ORGANISATION) | {"code": "440604-SCJ"}
    others = [example_row(kind) | {"department": "市场监督管理局"} for kind in (RecordKind.ITEM, RecordKind.CONTACT)]
    operator = example_row(RecordKind.OPERATOR) | {"counter": "A-1"}
    rating = example_row(RecordKind.RATING) | {"counter": "A-1"}
    step = example_row(RecordKind.STEP) | {"department": "440604-SCJ"}
    rows = read_rows([organisation, *others, operator, rating, step])
    accept_batch(sqlite_hall, "platform", rows, sequence=1, name="push", sha256="", now=NOW)
    with sqlite_hall.transaction() as session:
        session.add(Department(id="market", name="市场监督管理局"))
        session.add(CounterAlias(source_id="platform", alias="A-1", counter_id="cc-1"))
        session.flush()
        resolve_departments(session)
        resolve_counters(session, "platform")
    for model in (Case, ItemVersion, Contact, Operator, Organisation):
        assert _only(sqlite_hall, model, "department_id") == "market"
    assert _only(sqlite_hall, Operator, "counter_id") == _only(sqlite_hall, Rating, "counter_id") == "cc-1"


def _only(database: Database, model: type[SQLModel], column: str) -> object:
    with database.transaction() as session:
        found: object = session.connection().execute(select(table_of(model).c[column])).scalar_one()
    return found
