"""The database: one engine, and one transaction for each unit of work."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlmodel import Session, SQLModel, create_engine

BUSY_TIMEOUT_MS = 15_000


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


def _create_engine(url: str) -> Engine:
    backend = make_url(url).get_backend_name()
    if backend == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if backend == "postgresql":
        # A statement that psycopg prepares gets a generic plan, which searches long IN lists one by one.
        return create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            # Who records goes on without a database that does not answer, and must know that soon.
            connect_args={"prepare_threshold": None, "connect_timeout": 5},
        )
    raise ValueError(f"database.url: {backend} is not supported; use sqlite:///file.db or postgresql://user@host/name")


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401
    cursor = connection.cursor()
    # synchronous=FULL: what a platform was told is accepted must survive a power cut.
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
