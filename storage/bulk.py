"""Many rows at once: COPY and arrays on PostgreSQL, executemany on SQLite; none of it passes through the ORM."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import orjson
import psycopg
from psycopg import sql
from psycopg.copy import QueuedLibpqWriter
from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Dialect,
    Table,
    TypeDecorator,
    any_,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlmodel import Session, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from storage.copying import Columns, copy_data

Values = dict[str, Any]


def table_of(model: type[SQLModel]) -> Table:
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def is_among(session: Session, wanted: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """`wanted IN (values)` with one parameter for all: thousands of them cost more to prepare than to look up."""
    listed = list(values)
    if _is_postgres(session):
        return wanted == any_(sql_cast(literal(listed, _Written(wanted.type)), ARRAY(wanted.type)))
    each = func.json_each(orjson.dumps(listed).decode()).table_valued(column("value", wanted.type))
    return wanted.in_(select(each.c.value))


def look_up_by_index(session: Session) -> None:
    """From here to the end of the transaction PostgreSQL reads no whole table for a list of values where an index has
    them. By its own reckoning, which takes pages for slow to reach, it reads all of a table of half a million rows for
    a few thousand of them, and starts processes for it."""
    if _is_postgres(session):
        session.execute(select(*(func.set_config(name, value, True) for name, value in _BY_INDEX.items())))


_BY_INDEX = {
    "enable_seqscan": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",  # what has no index seems so dear now that it would be compiled
}


class _Written(TypeDecorator[list[Any]]):
    """An array as `_array` writes it."""

    impl, cache_ok = ARRAY, True

    def bind_processor(self, dialect: Dialect) -> Callable[[Iterable[Any] | None], str]:
        return _array


def _array(values: Iterable[Any] | None) -> str:
    """As PostgreSQL reads it: the driver would look at each value by itself, which costs more than to look it up."""
    written = (
        "NULL" if value is None else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
        for value in values or ()
    )
    return "{" + ",".join(written) + "}"


def take_ids(session: Session, table: Table, count: int) -> list[int]:
    """Ids for new rows. On SQLite the transaction must hold the write lock already."""
    if not count:
        return []
    if _is_postgres(session):
        numbers = func.generate_series(1, count).table_valued("n").alias("numbers")
        found = sql_cast(func.pg_get_serial_sequence(table.name, "id"), REGCLASS)
        sequence = select(found).scalar_subquery()  # looked up only once
        each = select(func.nextval(sequence).label("id")).select_from(numbers).subquery()
        first, last = session.execute(select(func.min(each.c.id), func.max(each.c.id))).one()
        if last - first + 1 == count:
            return list(range(first, last + 1))
        # Somebody else has taken some between them.
        taken = func.array_agg(func.nextval(sequence))
        return list(session.execute(select(taken).select_from(numbers)).scalar_one())
    highest = session.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    return list(range(highest + 1, highest + 1 + count))


def pass_over_ids(session: Session, table: Table) -> None:
    """After rows that brought their ids: new rows get others. No other transaction may add rows meanwhile."""
    if _is_postgres(session):
        session.flush()
        highest = select(func.max(table.c.id)).scalar_subquery()
        session.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), highest)))


def insert_many(session: Session, table: Table, rows: Sequence[Values]) -> None:
    """Every row has the same columns; defaults of the model are not applied."""
    if rows:
        insert_columns(session, table, {name: [row[name] for row in rows] for name in rows[0]})


def insert_columns(session: Session, table: Table, columns: Columns) -> None:
    """As many rows as each column has values; defaults of the model are not applied."""
    with inserting(session, table, columns):
        pass


@contextmanager
def inserting(session: Session, table: Table, columns: Columns) -> Iterator[None]:
    """Inserts as many rows as each column has values; defaults of the model are not applied.

    PostgreSQL writes them during the block, which asks it for nothing else; they are all there when the block ends.
    """
    if not columns or not all(columns.values()):
        yield
        return
    session.flush()
    if not _is_postgres(session):
        session.execute(
            insert(table),
            [dict(zip(map(str, columns), row, strict=True)) for row in zip(*columns.values(), strict=True)],
        )
        yield
        return
    names = chain.from_iterable([each] if isinstance(each, str) else each for each in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table.name), _listed(names))
    # A thread of the writer's own sends while the next rows are made.
    with (
        _connection(session).cursor() as cursor,
        cursor.copy(statement, writer=QueuedLibpqWriter(cursor)) as copy,
    ):
        for part in copy_data(table, columns):
            copy.write(part)
        yield


def update_many(session: Session, table: Table, rows: Sequence[Values], key: str = "id") -> None:
    """Writes the columns of the rows named by their `key`; every row has the same columns.

    PostgreSQL leaves alone what is so already, unless it has JSON: a row that is written goes into every index again.
    """
    if rows:
        update_columns(session, table, {name: [row[name] for row in rows] for name in rows[0]}, key)


def update_columns(session: Session, table: Table, columns: Columns, key: str = "id") -> None:
    """The same of as many rows as each column has values, `key` among them."""
    if not columns or not columns[key]:
        return
    session.flush()
    names = [str(name) for name in columns if name != key]
    if not _is_postgres(session):
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        keys = ["the_key", *(f"new_{name}" for name in names)]
        given = [dict(zip(keys, row, strict=True)) for row in zip(*(columns[n] for n in (key, *names)), strict=True)]
        session.execute(update(table).where(table.c[key] == bindparam("the_key")).values(values), given)
        return
    _update_from_arrays(session, table, key, names, columns)


def _update_from_arrays(session: Session, table: Table, key: str, names: list[str], columns: Columns) -> None:
    dialect = session.get_bind().dialect
    stored = _as_stored(session, table, [key, *names])
    arrays = [_array(map(change, columns[name]) if change else columns[name]) for name, change in stored]
    types = (sql.SQL("%s::{}[]").format(sql.SQL(table.c[name].type.compile(dialect))) for name, _ in stored)
    statement = sql.SQL(
        "UPDATE {table} SET {changes} FROM unnest({types}) AS new({key}, {names})"
        " WHERE {table}.{key} = new.{key} AND {differs}"
    )
    differs = sql.SQL("({}) IS DISTINCT FROM ({})").format(_listed(names, of=table.name), _listed(names, of="new"))
    has_json = any(isinstance(table.c[name].type, JSON) for name in names)
    changes = (sql.SQL("{0} = new.{0}").format(sql.Identifier(name)) for name in names)
    _connection(session).execute(
        statement.format(
            table=sql.Identifier(table.name),
            key=sql.Identifier(key),
            differs=sql.SQL("true") if has_json else differs,
            changes=sql.SQL(", ").join(changes),
            types=sql.SQL(", ").join(types),
            names=_listed(names),
        ),
        arrays,
    )


def _as_stored(session: Session, table: Table, names: Iterable[str]) -> list[tuple[str, Callable[[Any], Any] | None]]:
    """What makes a value of each column ready for the database; None where nothing has to be done."""
    dialect = session.get_bind().dialect

    def change(name: str) -> Callable[[Any], Any] | None:
        if isinstance(table.c[name].type, JSON):
            return _as_json
        if isinstance(table.c[name].type, UTCDateTime) and dialect.name == "postgresql":
            return None  # the driver writes aware moments as they are
        return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)

    return [(name, change(name)) for name in names]


def _as_json(value: Any) -> str:  # noqa: ANN401
    return orjson.dumps(value).decode()


def _listed(names: Iterable[str], of: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(of, name) if of else sql.Identifier(name) for name in names)


def _connection(session: Session) -> psycopg.Connection[Any]:
    """The driver's own, in the transaction of the session."""
    found = session.connection().connection.driver_connection
    assert isinstance(found, psycopg.Connection)
    return found


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
