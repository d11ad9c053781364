"""Whoever writes about the same row waits for each other."""

from sqlalchemy import update
from sqlmodel import Session, SQLModel, inspect


def take_turns(session: Session, table: type[SQLModel], row_id: int | str) -> None:
    """Until the transaction ends, another that calls this for the same row waits, on SQLite, too.

    SQLite knows no FOR UPDATE: who only reads first and writes then may find that another was faster.
    """
    (key,) = inspect(table).primary_key
    unchanged = update(table).where(key == row_id).values({key: key})
    session.execute(unchanged.execution_options(synchronize_session=False))
