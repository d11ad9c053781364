"""Whether the database answers."""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from storage.database import Database


def database_problem(database: Database) -> str | None:
    """What is wrong and what to do, without the address: it may hold a password. None when all is well."""
    try:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return f"database.url: the database does not answer ({reason}); start it or correct the address"
    return None
