import pytest

from storage.database import Database
from tests.ingest.approvals.samples import a_source


@pytest.fixture
def platform(database: Database) -> Database:
    """A database with a hall and a source that may send."""
    a_source(database)
    return database


@pytest.fixture
def sqlite_platform(sqlite_database: Database) -> Database:
    """The same, where the kind of database does not matter."""
    a_source(sqlite_database)
    return sqlite_database
