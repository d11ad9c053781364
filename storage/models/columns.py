"""Column helpers shared by the tables."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Enum
from sqlmodel import Field

JsonObject = dict[str, Any]


def enum_column(kind: type[StrEnum], comment: str, **options: Any) -> Any:  # noqa: ANN401
    """A column that holds an enum's value as plain text: a native enum type would make each new member a migration."""
    stored_as: Any = Enum(
        kind, native_enum=False, length=32, create_constraint=False, values_callable=lambda e: [m.value for m in e]
    )
    return Field(sa_type=stored_as, sa_column_kwargs={"comment": comment}, **options)


def json_column(comment: str, **options: Any) -> Any:  # noqa: ANN401
    return Field(sa_type=JSON, sa_column_kwargs={"comment": comment}, **options)


def column(comment: str, **options: Any) -> Any:  # noqa: ANN401
    return Field(sa_column_kwargs={"comment": comment}, **options)
