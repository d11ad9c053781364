"""Column helpers shared by the tables."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Enum, Integer
from sqlmodel import Field

JsonObject = dict[str, Any]


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


def big_id() -> Any:  # noqa: ANN401
    """A generated key of 64 bits: a thousand cameras use up 31 bits of segments within a year."""
    # SQLite generates keys for INTEGER alone, which has 64 bits there anyway.
    stored_as: Any = BigInteger().with_variant(Integer(), "sqlite")
    return Field(default=None, primary_key=True, sa_type=stored_as)


def _commented(comment: str) -> dict[str, str | None]:
    return {"comment": comment or None}  # an empty comment reads back from PostgreSQL as none
