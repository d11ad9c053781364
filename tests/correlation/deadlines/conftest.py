import pytest

from storage.database import Database
from tests.correlation.deadlines.platform import Platform


@pytest.fixture
def a_platform(database: Database) -> Platform:
    return Platform(database)


@pytest.fixture
def sqlite_platform(sqlite_database: Database) -> Platform:
    return Platform(sqlite_database)
