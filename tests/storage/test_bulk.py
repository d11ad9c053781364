"""Many rows at once, on both databases: what is written is what the ORM would have written."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from psycopg.errors import UniqueViolation
from sqlmodel import Session, col, select

from storage.bulk import insert_many, is_among, look_up_by_index, table_of, take_ids, update_many
from storage.database import Database
from storage.models import AccessEntry, Batch, Department, RecordKind, RecordRevision, Role, Source, User

NOW = datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=UTC)
ODD = "a\tb\\n\"'\n, {NULL} \\N 受理"
"""Text with everything that means something to COPY or to an array."""


def a_batch(database: Database) -> int:
    with database.transaction() as session:
        session.add(Source(id="s"))
        session.flush()
        session.add(Batch(id=1, source_id="s", received_at=NOW))
    return 1


def test_what_goes_in_comes_out(database: Database) -> None:
    batch_id = a_batch(database)
    row = {"text": ODD, "list": [1, None, {"a": ODD}], "amount": "10.00"}
    values = {"record": RecordKind.FEE, "record_id": 7, "batch_id": batch_id, "row": row, "received_at": NOW}
    with database.transaction() as session:
        insert_many(session, table_of(RecordRevision), [values | {"revision": number} for number in (1, 2)])
    with database.transaction() as session:
        found = session.exec(select(RecordRevision).order_by(col(RecordRevision.revision))).all()
    assert [(r.record, r.revision, r.row, r.received_at) for r in found] == [
        (RecordKind.FEE, n, row, NOW) for n in (1, 2)
    ]


def test_ids_need_not_be_neighbours(postgres_database: Database) -> None:
    """Another session may take some between them."""
    with postgres_database.transaction() as session:
        session.connection().exec_driver_sql("ALTER SEQUENCE user_account_id_seq INCREMENT BY 2")
        taken = [*take_ids(session, table_of(User), 3), *take_ids(session, table_of(User), 1)]
    assert len(set(taken)) == 4
    assert {later - earlier for earlier, later in pairwise(taken[:3])} == {2}


def test_ids_that_were_taken_are_not_given_again(database: Database) -> None:
    a_batch(database)
    with database.transaction() as session:
        taken = take_ids(session, table_of(User), 3)
        common = {"password_hash": "", "role": Role.ADMIN, "created_at": NOW, "language": ""}
        rows = [
            common | {"id": n, "name": f"u{n}", "display_name": ODD, "all_halls": True, "active": n % 2 == 0}
            for n in taken
        ]
        insert_many(session, table_of(User), rows)
        session.add(User(name="later", password_hash="", role=Role.ADMIN, created_at=NOW))
    with database.transaction() as session:
        users = session.exec(select(User).order_by(col(User.id))).all()
        assert take_ids(session, table_of(User), 0) == []
    assert len({user.id for user in users}) == 4
    assert [user.display_name for user in users] == [ODD] * 3 + [""]


def test_many_rows_are_changed_each_to_its_own_values(database: Database) -> None:
    with database.transaction() as session:
        session.add_all(User(id=n, name=f"u{n}", password_hash="", role=Role.ADMIN, created_at=NOW) for n in (1, 2, 3))
        session.add(Department(id="d", name="d"))
    changes = [
        {"id": 1, "name": ODD, "role": Role.DEPARTMENT, "department_id": "d", "created_at": NOW + timedelta(days=1)},
        {"id": 3, "name": "", "role": Role.ADMIN, "department_id": None, "created_at": NOW},
    ]
    with database.transaction() as session:
        update_many(session, table_of(User), changes)
        update_many(session, table_of(User), [])
    with database.transaction() as session:
        users = session.exec(select(User).order_by(col(User.id))).all()
    assert [(u.name, u.role, u.department_id) for u in users] == [
        (ODD, Role.DEPARTMENT, "d"),
        ("u2", Role.ADMIN, None),
        ("", Role.ADMIN, None),
    ]
    assert users[0].created_at == NOW + timedelta(days=1)


def test_any_number_of_values_is_looked_for_at_once(database: Database) -> None:
    with database.transaction() as session:
        session.add(User(id=1, name="u", password_hash="", role=Role.ADMIN, created_at=NOW))
        session.flush()
        session.add_all(AccessEntry(at=NOW, user_id=1, action=ODD if n == 3 else str(n), subject="") for n in range(5))
        session.flush()
        table = table_of(AccessEntry)
        wanted = [ODD, "1", *map(str, range(100, 70_000))]
        found = session.execute(select(table.c.action).where(is_among(session, table.c.action, wanted))).scalars()
        assert sorted(found) == sorted([ODD, "1"])
        ids = session.execute(select(table.c.id).where(is_among(session, table.c.id, []))).scalars().all()
        assert ids == []


def test_what_postgresql_refuses_in_the_middle_is_raised_and_the_next_rows_go_in(postgres_database: Database) -> None:
    """They are sent by a thread of their own while the next ones are made."""
    names = [f"d{number}" for number in range(5_000)]
    twice = [{"id": name, "name": name, "name_en": ""} for name in [*names, names[0]]]
    with pytest.raises(UniqueViolation), postgres_database.transaction() as session:
        insert_many(session, table_of(Department), twice)
    with postgres_database.transaction() as session:
        insert_many(session, table_of(Department), twice[:-1])
    with postgres_database.transaction() as session:
        assert sorted(session.exec(select(Department.id))) == sorted(names)


def test_listed_values_are_looked_up_by_their_index_until_the_transaction_ends(postgres_database: Database) -> None:
    names = [f"d{number}" for number in range(5_000)]
    listed = ",".join(names[::2])

    def plan(session: Session) -> str:
        asked = f"EXPLAIN SELECT name FROM department WHERE id = ANY('{{{listed}}}')"  # noqa: S608
        return "".join(session.connection().exec_driver_sql(asked).scalars())

    with postgres_database.transaction() as session:
        insert_many(session, table_of(Department), [{"id": name, "name": name, "name_en": ""} for name in names])
        session.connection().exec_driver_sql("ANALYZE department")
    for by_index in (False, True, False):
        with postgres_database.transaction() as session:
            if by_index:
                look_up_by_index(session)
            assert ("Seq Scan" not in plan(session)) == by_index
