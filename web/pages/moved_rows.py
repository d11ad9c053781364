"""Cases whose dates a change would move, as a table to take along."""

from web.consequences import Consequence, MovedRow
from web.pages.tables import Cell, Moments, Table

_COLUMNS = (
    *("id", "number", *map(Moments, ("due_before", "due_after", "legal_before", "legal_after"))),
    *("yellow", "red", "late", "in_time", "provisional", "source"),
)


def moved_table(name: str, zone: str, found: Consequence | None) -> Table:
    return Table(name, zone, _COLUMNS, map(_cells, found.rows if found else ()))


def _cells(row: MovedRow) -> list[Cell]:
    return [
        *(row.case_id, row.number, row.due_before, row.due_after, row.legal_before, row.legal_after),
        *(row.yellow, row.red, row.late, row.in_time, row.provisional, row.source),
    ]
