"""PostgreSQL reads what we write for its binary COPY."""

from datetime import UTC, date, datetime
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from storage.copying import Columns, copy_data, fields_of
from storage.database import Database

moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
KINDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "small": (Integer, st.integers(-(2**31), 2**31 - 1)),
    "big": (BigInteger, st.integers(-(2**63), 2**63 - 1)),
    "flag": (Boolean, st.booleans()),
    "number": (Float, st.floats(allow_nan=False)),
    "packed": (LargeBinary, st.binary(max_size=5)),
    "moment": (DateTime(timezone=True), moments),
    "day": (Date, st.dates(date(1990, 1, 1), date(2100, 1, 1))),
    "name": (String(32), texts),
    "words": (Text, texts),
}
TABLE = Table("of_all_kinds", MetaData(), *(Column(name, kind) for name, (kind, _) in KINDS.items()))
rows = st.lists(st.tuples(*(st.none() | values for _, values in KINDS.values())), min_size=1, max_size=4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_what_is_copied_comes_out_as_it_went_in(postgres_database: Database, rows: list[tuple[Any, ...]]) -> None:
    columns: Columns = dict(zip(KINDS, zip(*rows, strict=True), strict=True))
    early = {name: columns.pop(name) for name in ("moment", "day", "name", "words")}
    columns[tuple(early)] = fields_of(TABLE, early)
    with psycopg.connect(postgres_database.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE of_all_kinds (small int, big bigint, flag boolean, number float, packed bytea,"
            " moment timestamptz, day date, name varchar(32), words text)"
        )
        with cursor.copy("COPY of_all_kinds FROM STDIN (FORMAT BINARY)") as copy:
            for part in copy_data(TABLE, columns, rows_at_once=3):
                copy.write(part)
        assert cursor.execute("SELECT * FROM of_all_kinds").fetchall() == rows
        connection.rollback()
