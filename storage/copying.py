"""PostgreSQL's binary format of COPY, written a column at a time: that costs a third of what value after value does.

https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain, repeat
from struct import Struct
from typing import Any

import orjson
from sqlalchemy import Column as TableColumn
from sqlalchemy import Dialect, Table
from sqlalchemy.dialects.postgresql import psycopg

_HEADER, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_ROWS_AT_ONCE = 2_000
_DIALECT: Dialect = psycopg.dialect()  # type: ignore[no-untyped-call]
_NULL = b"\xff\xff\xff\xff"
_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

_count, _length = Struct(">h").pack, Struct(">i").pack
_small, _big = Struct(">ii").pack, Struct(">iq").pack
_flag, _float = Struct(">i?").pack, Struct(">id").pack

Column = Sequence[Any]
Columns = dict[str | tuple[str, ...], Column]
"""By name; several names together have what `fields_of` made of them."""


def fields_of(table: Table, columns: Mapping[str, Column] | Columns) -> list[bytes]:
    """The fields of each row in these columns, for `copy_data`; they can be made before all of a row is known."""
    return list(map(b"".join, zip(*(_fields(table, *column) for column in columns.items()), strict=True)))


def copy_data(table: Table, columns: Columns, rows_at_once: int = _ROWS_AT_ONCE) -> Iterator[bytes]:
    """What `COPY table (columns) FROM STDIN (FORMAT BINARY)` takes, so many rows at once: one part can be on its way
    while the next is made."""
    yield _HEADER
    for first in range(0, len(next(iter(columns.values()))), rows_at_once):
        part = {name: values[first : first + rows_at_once] for name, values in columns.items()}
        yield b"".join(chain.from_iterable(zip(*_parts_of_rows(table, part), strict=False)))
    yield _END


def _parts_of_rows(table: Table, columns: Columns) -> Iterator[Iterable[bytes]]:
    """The number of fields and the fields; neighbours that are the same in every row are one part."""
    same = _count(sum(1 if isinstance(names, str) else len(names) for names in columns))
    for names, values in columns.items():
        if isinstance(names, str) and _are_same(values):
            same += next(iter(_fields(table, names, values[:1])))
            continue
        if same:
            yield repeat(same)
            same = b""
        yield _fields(table, names, values)
    if same:
        yield [same] * len(values)


def value_of(field: bytes) -> bytes:
    """Of one that `fields_of` made alone."""
    return field[4:]


def _fields(table: Table, names: str | tuple[str, ...], values: Column) -> Iterable[bytes]:
    return _writer(table.c[names])(values) if isinstance(names, str) else values


def _are_same(values: Column) -> bool:
    """Unless they are objects of JSON, which are seldom so."""
    first = values[0]
    return not isinstance(first, dict | list) and values[-1] == first and values.count(first) == len(values)


@cache
def _writer(column: TableColumn[Any]) -> Callable[[Column], Iterable[bytes]]:
    written_as = column.type.compile(_DIALECT).partition("(")[0]
    if written_as == "JSON":
        return _objects
    if written_as in ("VARCHAR", "TEXT"):
        bound = column.type.dialect_impl(_DIALECT).bind_processor(_DIALECT) or _as_it_is
        return lambda values: _texts(values, bound)
    return _WRITERS[written_as]


def _objects(values: Column) -> Iterable[bytes]:
    # None, too, is a value of JSON. Each text is copied at once: orjson makes roomy ones, and many would fill memory.
    return [_length(len(written)) + written for written in map(orjson.dumps, values)]


def _texts(values: Column, bound: Callable[[Any], str | None]) -> Iterable[bytes]:
    different = set(values)
    if bound is _as_it_is and len(different) * 2 > len(values) and None not in different:
        return [_length(len(written)) + written for written in map(str.encode, values)]
    texts = {value: _text(bound(value)) for value in different}  # the same few, mostly
    return [texts[value] for value in values]


def _as_it_is(value: Any) -> Any:  # noqa: ANN401
    return value


def _text(value: str | None) -> bytes:
    return _NULL if value is None else _bytes(value.encode())


def _bytes(value: bytes) -> bytes:
    return _length(len(value)) + value


def _integers(values: Column) -> Iterable[bytes]:
    return [_NULL if value is None else _small(4, value) for value in values]


def _big_integers(values: Column) -> Iterable[bytes]:
    return [_NULL if value is None else _big(8, value) for value in values]


def _flags(values: Column) -> Iterable[bytes]:
    return [_NULL if value is None else _flag(1, value) for value in values]


def _floats(values: Column) -> Iterable[bytes]:
    return [_NULL if value is None else _float(8, value) for value in values]


def _moments(values: Column) -> Iterable[bytes]:
    return [_NULL if value is None else _big(8, (value - _EPOCH) // _MICROSECOND) for value in values]


def _days(values: Column) -> Iterable[bytes]:
    first: date = _EPOCH.date()
    return [_NULL if value is None else _small(4, (value - first).days) for value in values]


def _packed(values: Column) -> Iterable[bytes]:
    return [_NULL if value is None else _bytes(value) for value in values]


_WRITERS: dict[str, Callable[[Column], Iterable[bytes]]] = {
    "INTEGER": _integers,
    "BIGINT": _big_integers,
    "BOOLEAN": _flags,
    "FLOAT": _floats,
    "TIMESTAMP WITH TIME ZONE": _moments,
    "DATE": _days,
    "BYTEA": _packed,
}
