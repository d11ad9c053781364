import pytest

from storage.database import Database
from storage.models import Case, Source
from tests.correlation.scene import NINE
from tests.sample import HALL, a_hall


@pytest.fixture
def hall(database: Database) -> Database:
    return _with_a_hall(database)


@pytest.fixture
def sqlite_hall(sqlite_database: Database) -> Database:
    return _with_a_hall(sqlite_database)


def _with_a_hall(database: Database) -> Database:
    with database.transaction() as session:
        a_hall(session)
        session.add(Source(id="platform", hall_id=HALL))
        session.flush()
        session.add(Case(source_id="platform", number="2026-001", opened_at=NINE))
    return database
