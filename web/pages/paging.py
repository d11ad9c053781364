"""Lists page by page: the next page begins after the last row's time and id, so it costs the same on any page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.orm import Mapped

PAGE_SIZE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Row = TypeVar("Row")


@dataclass(frozen=True)
class Cursor:
    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{self.id}"


def parse_cursor(text: str) -> Cursor | None:
    """None for the first page, and for an address that somebody has mangled."""
    micros, _, row_id = text.partition(".")
    if not (micros.isdecimal() and row_id.isdecimal() and len(micros) < 18 and len(row_id) < 18):
        return None
    return Cursor(_EPOCH + int(micros) * _MICROSECOND, int(row_id))


def after(cursor: Cursor | None, at: Mapped[Any], row_id: Mapped[Any]) -> ColumnElement[bool]:
    """Rows that come after the cursor when the newest come first."""
    if cursor is None:
        return true()
    return or_(at < cursor.at, and_(at == cursor.at, row_id < cursor.id))


def cut(rows: Sequence[Row]) -> tuple[Sequence[Row], bool]:
    """Of PAGE_SIZE + 1 rows asked for: those of this page, and whether there are more."""
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
