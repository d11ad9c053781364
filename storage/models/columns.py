"""Column helpers shared by the tables."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Enum, Integer, Table
from sqlmodel import Field

JsonObject = dict[str, Any]
_NAMES = "names"


def enum_column(kind: type[StrEnum], comment: str, **options: Any) -> Any:  # noqa: ANN401
    """A column that holds an enum's value as plain text: a native enum type would make each new member a migration."""
    stored_as: Any = Enum(
        kind, native_enum=False, length=32, create_constraint=False, values_callable=lambda e: [m.value for m in e]
    )
    return Field(sa_type=stored_as, sa_column_kwargs=_commented(comment), **options)


def json_column(comment: str, **options: Any) -> Any:  # noqa: ANN401
    return Field(sa_type=JSON, sa_column_kwargs=_commented(comment), **options)


def column(comment: str, **options: Any) -> Any:  # noqa: ANN401
    return Field(sa_column_kwargs=_commented(comment), **options)


def column_held_by_hand(comment: str, names: str, **options: Any) -> Any:  # noqa: ANN401
    """Names a row as a foreign key does, e.g. "counter.id", where the database would look for it too often.

    Who writes it locks that row, and who removes such a row locks it first and then asks `refers_to`.
    """
    return Field(sa_column_kwargs={**_commented(comment), "info": {_NAMES: names}}, **options)


def refers_to(column: Column[Any], table: Table) -> bool:
    """Whether a row of the table has to stay while a value of the column names it."""
    by_key = any(key.column.table is table and key.ondelete is None for key in column.foreign_keys)
    return by_key or str(column.info.get(_NAMES, "")).partition(".")[0] == table.name


def big_id() -> Any:  # noqa: ANN401
    """A generated key of 64 bits: a thousand cameras use up 31 bits of segments within a year."""
    # SQLite generates keys for INTEGER alone, which has 64 bits there anyway.
    stored_as: Any = BigInteger().with_variant(Integer(), "sqlite")
    return Field(default=None, primary_key=True, sa_type=stored_as)


def _commented(comment: str) -> dict[str, Any]:
    return {"comment": comment or None}  # an empty comment reads back from PostgreSQL as none
