"""A view of a platform's database is read as it changes, each row once, and never written to."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import func, select

from ingest.approvals.mapping import Mapping, MappingFile
from ingest.approvals.pull import Puller, PullFailed, View, ViewReader
from storage.database import Database
from storage.models import Batch
from tests.conftest import create_database
from tests.ingest.approvals.samples import NOW, SOURCE, steps
from tests.servers import MariaDbServer, PostgresServer

START = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 -- as the platform keeps it
MAPPING = Mapping(
    MappingFile.model_validate(
        {
            "fields": {"case": "办件编号", "step": "环节编号", "start": "开始时间", "operator": "经办人"},
            "constants": {"kind": "accept"},
            "time": {"zone": "Asia/Shanghai"},
        }
    )
)
TABLE = sa.Table(
    "环节",
    sa.MetaData(),
    sa.Column("办件编号", sa.String(40)),
    sa.Column("环节编号", sa.String(40), primary_key=True),
    sa.Column("开始时间", sa.DateTime),
    sa.Column("经办人", sa.String(40)),
    sa.Column("changed", sa.DateTime),
    sa.Column("number", sa.Integer),
)


@pytest.fixture(scope="module")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDbServer]:
    if MariaDbServer.program() is None:
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server-core")
    server = MariaDbServer(tmp_path_factory.mktemp("mariadb"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def address(request: pytest.FixtureRequest) -> str:
    if request.param == "mariadb":
        server: MariaDbServer = request.getfixturevalue("mariadb_server")
        return server.url
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    create_database(postgres, "approvals")
    return postgres.url("approvals").replace("postgresql", "postgresql+psycopg")


@pytest.fixture
def platforms(address: str) -> Iterator[sa.Engine]:
    """The platform's own, with its table empty."""
    engine = sa.create_engine(address.replace("mariadb:", "mariadb+pymysql:"))
    TABLE.drop(engine, checkfirst=True)
    TABLE.create(engine)
    yield engine
    engine.dispose()


def write(engine: sa.Engine, *steps: tuple[str, int], operator: str = "李敏") -> None:
    """Steps with the second in which each was changed."""
    rows = [
        {
            "办件编号": "C1",
            "环节编号": step,
            "开始时间": START,
            "经办人": operator,
            "changed": START + timedelta(seconds=second),
            "number": second,
        }
        for step, second in steps
    ]
    with engine.begin() as connection:
        connection.execute(TABLE.delete().where(TABLE.c["环节编号"].in_([step for step, _ in steps])))
        connection.execute(TABLE.insert(), rows)


def a_view(address: str, changed: str = "changed", mapping: Mapping | None = MAPPING, name: str = "环节") -> View:
    return View(SOURCE, address, name, changed, mapping)


def batches(database: Database) -> int:
    with database.transaction() as session:
        return session.exec(select(func.count()).select_from(Batch)).one()


@pytest.mark.parametrize("changed", ["changed", "number"])
def test_what_changes_is_read_once_in_pages_that_part_no_mark(
    sqlite_platform: Database, platforms: sa.Engine, address: str, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.approvals.pull.PAGE", 3)
    write(platforms, *((f"S{number}", 2_000 + number // 4) for number in range(10)))
    with closing(Puller(sqlite_platform, a_view(address, changed))) as puller:
        assert puller.run_once(NOW) == 10
        read = batches(sqlite_platform)
        assert puller.run_once(NOW) == 0
        assert batches(sqlite_platform) == read
        write(platforms, ("S0", 3_000), operator="王芳")
        write(platforms, ("late", 1_500))
        assert puller.run_once(NOW) == 2
    assert {step.reference: step.operator for step in steps(sqlite_platform)} == {
        **{f"S{number}": "李敏" for number in range(1, 10)},
        "S0": "王芳",
        "late": "李敏",
    }


def test_a_reader_that_begins_again_goes_on_where_the_one_before_was(
    sqlite_platform: Database, platforms: sa.Engine, address: str
) -> None:
    write(platforms, ("S1", 0), ("S2", 5_000))
    with closing(Puller(sqlite_platform, a_view(address))) as puller:
        assert puller.run_once(NOW) == 2
    write(platforms, ("too late", 100), ("S3", 5_100))
    with closing(Puller(sqlite_platform, a_view(address))) as puller:
        assert puller.run_once(NOW) == 1
    assert [step.reference for step in steps(sqlite_platform)] == ["S1", "S2", "S3"]


def test_the_platforms_database_is_not_written_to(
    sqlite_platform: Database, platforms: sa.Engine, address: str
) -> None:
    write(platforms, ("S1", 0))
    with (
        closing(ViewReader(a_view(address))) as reader,
        pytest.raises(PullFailed, match=r"(?i)read.only"),
        reader.reading() as connection,
    ):
        connection.execute(TABLE.delete())
    with platforms.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(TABLE)) == 1


def test_rows_without_a_mark_are_told(sqlite_platform: Database, platforms: sa.Engine, address: str) -> None:
    write(platforms, ("S1", 0), ("S2", 1))
    with platforms.begin() as connection:
        connection.execute(TABLE.update().where(TABLE.c["环节编号"] == "S2").values(changed=None))
    with closing(Puller(sqlite_platform, a_view(address))) as puller:
        with pytest.raises(PullFailed, match="1 rows have no changed"):
            puller.run_once(NOW)
        assert len(steps(sqlite_platform)) == 1


def test_a_sample_shows_what_would_become_of_the_rows(
    sqlite_platform: Database, platforms: sa.Engine, address: str
) -> None:
    write(platforms, ("S1", 0), ("", 1))
    with closing(ViewReader(a_view(address))) as reader:
        good, bad = reader.sample(5, NOW)
    assert (good.record, good.said["经办人"], good.becomes["operator"]) == ("step", "李敏", "李敏")
    assert bad.refused
    assert not bad.becomes
    assert steps(sqlite_platform) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"changed": "经办人"}, "must be a time or a number, and is str"),
        ({"changed": "nothing"}, "nothing"),
        ({"name": "nowhere"}, "nowhere"),
        ({"mapping": None}, "column"),
    ],
)
def test_a_view_that_cannot_be_read_is_told(
    sqlite_platform: Database, platforms: sa.Engine, address: str, changes: dict[str, Any], said: str
) -> None:
    write(platforms, ("S1", 0))
    with (
        closing(Puller(sqlite_platform, a_view(address, **changes))) as puller,
        pytest.raises(PullFailed, match=said),
    ):
        puller.run_once(NOW)
    assert batches(sqlite_platform) == 0


def test_a_refused_password_is_told_and_not_shown(sqlite_platform: Database, mariadb_server: MariaDbServer) -> None:
    view = a_view(mariadb_server.url.replace(mariadb_server.password, "not-the-word"))
    with closing(Puller(sqlite_platform, view)) as puller, pytest.raises(PullFailed, match="Access denied") as failed:
        puller.run_once(NOW)
    assert "not-the-word" not in f"{failed.value} {view!r}"


@pytest.mark.parametrize("url", ["nonsense", "oracle://a:b@c/d", "postgresql://a:secret@h:port/d"])
def test_an_address_that_cannot_be_used_is_told_without_it(sqlite_platform: Database, url: str) -> None:
    with pytest.raises(PullFailed, match="cannot be read, or its driver is missing"):
        Puller(sqlite_platform, a_view(url))
