"""Tables to take along: what a list shows, as CSV and as XLSX, at the list's own address with that ending.

Times are those of the hall's zone, which the heading names: in CSV as ISO 8601 with the offset, in XLSX as dates.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import Response, StreamingResponse
from sqlmodel import Session

from storage.database import Database
from storage.sayings import Saying
from web.csv_lines import UTF8_MARK, csv_line
from web.i18n import Language, say
from web.pages.rendering import ScreenDep, refuse_what_pages_bear_with

MOST_ROWS = 100_000
MOST_IN_WORKBOOK = 20_000
"""A workbook costs twenty times as much as the same rows in CSV."""
AT_ONCE = 500
"""Rows that are read in one transaction."""
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Cell = str | float | datetime | date | None
Row = TypeVar("Row")
Position = TypeVar("Position")


class Moments(str):
    """The name of a column of times."""

    __slots__ = ()


@dataclass(frozen=True)
class Table:
    name: str
    """Of the file, without its ending."""
    zone: str
    """Empty: each moment is told in the zone that it bears, which a column of the table names."""
    columns: tuple[str, ...]
    """Under the names of the page's JSON; `Moments` for times."""
    rows: Iterable[Sequence[Cell]]

    @property
    def headings(self) -> list[str]:
        named = bool(self.zone)
        return [f"{name} ({self.zone})" if named and isinstance(name, Moments) else name for name in self.columns]

    @property
    def at(self) -> ZoneInfo | None:
        """Where the moments are told; None: each where it bears."""
        return ZoneInfo(self.zone) if self.zone else None


def add_table(router: APIRouter, path: str, table: Callable[..., Table]) -> None:
    """Serves what `table` (a FastAPI dependency) returns at `path`.csv and `path`.xlsx."""

    @router.get(f"{path}.csv", include_in_schema=False)
    def as_csv(found: Annotated[Table, Depends(table)], around: ScreenDep) -> Response:
        refuse_what_pages_bear_with(around.request)
        headers = _attachment(found.name, "csv")
        return StreamingResponse(
            csv_lines(found, around.language), media_type="text/csv; charset=utf-8", headers=headers
        )

    @router.get(f"{path}.xlsx", include_in_schema=False)
    def as_xlsx(found: Annotated[Table, Depends(table)], around: ScreenDep) -> Response:
        from web.pages.table_workbook import workbook  # only who wants one loads what it needs

        refuse_what_pages_bear_with(around.request)
        return Response(workbook(found, around.language), media_type=_XLSX, headers=_attachment(found.name, "xlsx"))


def _attachment(name: str, ending: str) -> dict[str, str]:
    """A header takes no other signs; names of platforms may have any."""
    return {"Content-Disposition": f'attachment; filename="{_NO_FILE_NAME.sub("-", name)}.{ending}"'}


def csv_lines(table: Table, language: Language) -> Iterator[str]:
    zone = table.at
    yield UTF8_MARK + csv_line(table.headings)
    for row in limited(table.rows, MOST_ROWS, language):
        yield csv_line(_in_csv(cell, zone) for cell in row)


def limited(rows: Iterable[Sequence[Cell]], most: int, language: Language) -> Iterator[Sequence[Cell]]:
    """As many as a file has; where there are more its last line says so."""
    remaining = iter(rows)
    yield from islice(remaining, most)
    if next(remaining, None) is not None:
        cut = Saying("There are more rows: a file has at most %(most)s. Narrow the filters.", most=most)
        yield (say(language, cut),)


def _in_csv(cell: Cell, zone: ZoneInfo | None) -> str | float | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return (cell.astimezone(zone) if zone else cell).isoformat()
    return cell.isoformat() if isinstance(cell, date) else cell


def read_on(
    database: Database,
    read: Callable[[Session, Position | None, int], Sequence[Row]],
    position: Callable[[Row], Position],
) -> Iterator[Row]:
    """All rows, some at a time, each in a transaction of its own; `position` says where the next ones begin."""
    at: Position | None = None
    while True:
        with database.transaction() as session:
            rows = read(session, at, AT_ONCE)
        yield from rows
        if len(rows) < AT_ONCE:
            return
        at = position(rows[-1])
