"""One transaction for each unit of work, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlmodel import col, select

from storage.database import CONNECT_TIMEOUT_S, Database, insert_new
from storage.models import CameraStatus, Declared, District, Hall, Node
from tests.sample import CAMERA, a_hall

NOW = datetime(2026, 1, 5, 4, 0, 0, 123456, tzinfo=UTC)
WRITERS = 4
ROUNDS = 25


def a_node(name: str, started_at: datetime = NOW) -> Node:
    return Node(name=name, role="recorder", started_at=started_at, heartbeat=NOW)


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    def work() -> None:
        with database.transaction() as session:
            session.add(a_node("recorder-1"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    with database.transaction() as session:
        assert session.get(Node, "recorder-1") is None


def test_rows_stay_readable_after_the_transaction(database: Database) -> None:
    with database.transaction() as session:
        session.add(a_node("recorder-1"))
    with database.transaction() as session:
        found = session.get(Node, "recorder-1")
    assert found is not None
    assert found.role == "recorder"


def test_times_come_back_as_utc_with_their_microseconds(database: Database) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=8)))
    with database.transaction() as session:
        session.add(a_node("recorder-1", started_at=elsewhere))
    with database.transaction() as session:
        found = session.exec(select(Node).where(col(Node.started_at) == elsewhere)).one()
    assert found.started_at == NOW
    assert found.started_at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError), database.transaction() as session:
        session.add(a_node("recorder-1", started_at=naive))


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(Hall(id="nowhere", district_id="none", name="无"))


def test_a_status_of_the_recorder_survives_the_round_trip(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        session.add(CameraStatus(camera_id=CAMERA, since=NOW, updated=NOW, clock_offset_us=-7_000_000_000))
    with database.transaction() as session:
        assert session.get_one(CameraStatus, CAMERA).clock_offset_us == -7_000_000_000


def test_writers_that_read_first_wait_for_each_other(database: Database) -> None:
    """Several processes share the database: none may fail because another one wrote in between."""

    def work(writer: int) -> None:
        for number in range(ROUNDS):
            with database.transaction() as session:
                seen = len(session.exec(select(District)).all())
                session.add(District(id=f"{writer}-{number}", name=str(seen)))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, range(WRITERS)))
    with database.transaction() as session:
        assert len(session.exec(select(District)).all()) == WRITERS * ROUNDS


@pytest.fixture
def declared(database: Database) -> Database:
    with database.transaction() as session:
        session.add(Declared(kind="hall", key="a", digest="first"))
    return database


def test_inserting_new_rows_leaves_the_old_ones(declared: Database) -> None:
    rows = [{"kind": "hall", "key": key, "digest": "second"} for key in ("a", "b")]
    with declared.transaction() as session:
        insert_new(session, Declared, rows)
        insert_new(session, Declared, [])
    with declared.transaction() as session:
        found = {row.key: row.digest for row in session.exec(select(Declared))}
    assert found == {"a": "first", "b": "second"}


def test_an_unknown_database_is_named() -> None:
    with pytest.raises(ValueError, match="mysql is not supported"):
        Database("mysql://root@host/name")


@pytest.mark.parametrize(("query", "seconds"), [("", CONNECT_TIMEOUT_S), ("?connect_timeout=3", "3")])
def test_a_server_that_keeps_silent_is_given_up_soon_unless_the_address_says_otherwise(
    query: str, seconds: object
) -> None:
    database = Database(f"postgresql://hall@127.0.0.1:1/hall{query}")
    asked: list[dict[str, object]] = []
    event.listen(database.engine, "do_connect", lambda *arguments: asked.append(dict(arguments[3])))
    with pytest.raises(OperationalError):
        database.engine.connect()
    assert asked[0]["connect_timeout"] == seconds
