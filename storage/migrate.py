"""Brings a database to the schema of this version."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlmodel import SQLModel

import storage.models  # noqa: F401  (registers the tables)
from storage.database import Database
from storage.recording_changes import install_triggers

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The database has another schema than this version of the program."""


def upgrade(database: Database) -> None:
    """Runs every migration that the database has not seen; does nothing when there is none.

    Raises SchemaError for a database of a newer version.
    """
    with database.engine.begin() as connection:
        _known_revision(connection)
        command.upgrade(configuration(connection), "head")
        install_triggers(connection)


def check_schema(database: Database) -> None:
    """Raises SchemaError, with what to do, unless the database is exactly at this version's schema."""
    with database.engine.connect() as connection:
        found = _known_revision(connection)
    wanted = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if found == wanted:
        return
    if found is None:
        raise SchemaError("the database has no tables yet; run `hallwatch init`")
    raise SchemaError(f"the database is at schema {found}, this version needs {wanted}; upgrade it: `hallwatch init`")


def _known_revision(connection: Connection) -> str | None:
    """None while there are no tables. Raises SchemaError for one that this version does not have."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found and found not in {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}:
        raise SchemaError(
            f"the database is at schema {found}, which this version does not know: a newer Hallwatch has made it; "
            "run that version, or go back to the copy of the database that was made before"
        )
    return found


def differences(database: Database) -> list[object]:
    """What a new migration would have to change for the tables to match the models; empty when they match."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))


def configuration(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
