"""A database for a bench, without anything in it."""

from sqlmodel import SQLModel

from storage.database import Database
from storage.migrate import upgrade


def empty(database: Database) -> None:
    """All that it had is gone; the schema is this version's."""
    SQLModel.metadata.drop_all(database.engine)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    upgrade(database)
