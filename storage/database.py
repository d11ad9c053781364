"""The database: one engine, and one transaction for each unit of work."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlmodel import Session, SQLModel, create_engine

BUSY_TIMEOUT_MS = 15_000
CONNECT_TIMEOUT_S = 5
"""Unless the address says another; psycopg's own is over two minutes. Who records goes on without a database that does
not answer, and must know that soon."""
_KEEPALIVE: Mapping[str, int] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""Seconds, and the last one milliseconds: a server whose cable is pulled is given up, not waited for for hours."""
_LOCK_NOT_AVAILABLE = "55P03"
_OVERTAKEN = (sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_BUSY)
_SUPPORTED = "use sqlite:///file.db or postgresql://user:password@host/name"


class Database:
    """Opens sessions on SQLite (WAL, foreign keys on) or PostgreSQL. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = _create_engine(url)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises; nobody else calls commit."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def insert_new(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
    """Inserts the rows that are not there yet; one that breaks a unique constraint is passed over."""
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def lock_for_adding(session: Session, table: type[SQLModel]) -> None:
    """Lets nobody else write to the table until the transaction ends, so that what is not there can be added.

    Has to be the first that the transaction does.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE")
    else:
        lock_for_writing(session)


class Overtaken(Exception):
    """On SQLite somebody else has written since this transaction first read: nothing of it was written."""


@contextmanager
def written_upon_what_is_read(database: Database) -> Iterator[Session]:
    """A transaction that reads first and, on SQLite, keeps nobody from writing until it writes itself.

    Raises Overtaken if somebody else has written meanwhile. On PostgreSQL it has to lock the rows that it reads.
    """
    try:
        with database.transaction() as session:
            if database.engine.dialect.name == "sqlite":
                session.connection().exec_driver_sql("BEGIN")  # all that it reads is of one moment
            yield session
    except OperationalError as error:
        if isinstance(error.orig, sqlite3.OperationalError) and error.orig.sqlite_errorcode in _OVERTAKEN:
            raise Overtaken from error
        raise


class StillLocked(Exception):
    """Somebody else holds what is needed here for longer than this waits: nothing of it was written."""


@contextmanager
def waiting_at_most(session: Session, seconds: float) -> Iterator[None]:
    """On PostgreSQL no lock is waited for any longer from now on, until the transaction ends. Raises StillLocked."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{max(1, round(seconds * 1000))}ms'")
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise StillLocked(StillLocked.__doc__) from error
        raise


def is_away(error: Exception) -> bool:
    """Whether it could not be connected to, or the connection was lost: nothing is wrong with what was asked."""
    return isinstance(error, DBAPIError) and (error.connection_invalidated or error.statement is None)


def lock_for_writing(session: Session) -> None:
    """On SQLite nobody else writes until the transaction ends; has to be the first that it does."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("BEGIN IMMEDIATE")


def share_turn(session: Session, turn: int) -> None:
    """Whoever has this turn alone waits for this transaction, and this one for them; has to be the first that it does.

    In SQLite one transaction writes at a time anyway.
    """
    _advise(session, "pg_advisory_xact_lock_shared", turn)


def take_turn_alone(session: Session, turn: int) -> None:
    """As `share_turn`, with all who share it on the other side."""
    _advise(session, "pg_advisory_xact_lock", turn)


def _advise(session: Session, function: str, turn: int) -> None:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT {function}({turn:d})")


def parsed_url(url: str) -> URL:
    """Raises ValueError, which says what is supported and never repeats the address: it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise ValueError(f"is not the address of a database; {_SUPPORTED}") from None
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ValueError(f"{backend} is not supported; {_SUPPORTED}")
    return parsed


def _create_engine(url: str) -> Engine:
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed.set(drivername="sqlite"),
            json_deserializer=orjson.loads,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    # A statement that psycopg prepares gets a generic plan, which searches long IN lists one by one.
    within_s = parsed.query.get("connect_timeout", CONNECT_TIMEOUT_S)
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        json_deserializer=orjson.loads,
        connect_args={"prepare_threshold": None, "connect_timeout": within_s, **_KEEPALIVE},
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401
    cursor = connection.cursor()
    # synchronous=FULL: what a platform was told is accepted must survive a power cut.
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
