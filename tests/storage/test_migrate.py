"""The migrations and the models are one schema."""

from pathlib import Path

import pytest
from sqlalchemy import text

from storage.database import Database
from storage.migrate import SchemaError, check_schema, differences, upgrade
from storage.models import Camera
from tests.sample import CAMERA, a_hall


def test_migrations_make_exactly_the_models(database: Database) -> None:
    assert differences(database) == [], "run scripts/revise"


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
    upgrade(database)
    with database.transaction() as session:
        assert session.get(Camera, CAMERA) is not None


def test_a_migrated_database_passes_the_check(database: Database) -> None:
    check_schema(database)


def test_an_empty_file_is_told_apart_from_a_newer_database(tmp_path: Path, sqlite_database: Database) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SchemaError, match="no tables yet"):
        check_schema(empty)
    empty.close()
    with sqlite_database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'newer'"))
    for act in (check_schema, upgrade):
        with pytest.raises(SchemaError, match="schema newer, which this version does not know: a newer Hallwatch"):
            act(sqlite_database)
