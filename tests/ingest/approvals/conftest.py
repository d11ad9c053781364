import pytest

from storage.database import Database
from tests.ingest.approvals.samples import a_source


@pytest.fixture
def platform(database: Database) -> Database:
    """A database with a hall and a source that may send."""
    a_source(database)
    return database
