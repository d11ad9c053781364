"""A table as a workbook (XLSX)."""

import io
from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Font
from openpyxl.workbook.child import INVALID_TITLE_REGEX
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from web.i18n import Language
from web.pages import tables
from web.pages.tables import Cell as Value
from web.pages.tables import Table, limited

_LONGEST_NAME = 31
_LONGEST_CELL = 32_767
_BOLD = Font(bold=True)


def workbook(table: Table, language: Language) -> bytes:
    """One sheet whose first row stays in sight."""
    zone = table.at
    book = Workbook(write_only=True)
    sheet = book.create_sheet(INVALID_TITLE_REGEX.sub("-", table.name)[:_LONGEST_NAME])
    sheet.freeze_panes = "A2"
    sheet.append(_cells(sheet, table.headings, zone, bold=True))
    for row in limited(table.rows, tables.MOST_IN_WORKBOOK, language):
        sheet.append(_cells(sheet, row, zone))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _cells(
    sheet: WriteOnlyWorksheet, row: Iterable[Value], zone: ZoneInfo | None, *, bold: bool = False
) -> "list[Cell | str | float | datetime | None]":
    """Plain values wherever they do: a cell of its own costs several times as much."""
    return [_cell(sheet, _written(value, zone), bold=bold) for value in row]


def _cell(
    sheet: WriteOnlyWorksheet, written: str | float | datetime | None, *, bold: bool
) -> "Cell | str | float | datetime | None":
    looks_like_formula = isinstance(written, str) and written.startswith("=")
    if not (bold or looks_like_formula):
        return written
    made = WriteOnlyCell(sheet, written)
    assert isinstance(made, Cell)
    if looks_like_formula:
        made.data_type = "s"  # it is text
    if bold:
        made.font = _BOLD
    return made


def _written(value: Value, zone: ZoneInfo | None) -> str | float | datetime | None:
    """Workbooks know no zones: the heading names it, or a column."""
    if isinstance(value, str):
        return ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST_CELL]
    if isinstance(value, datetime):
        return (value.astimezone(zone) if zone else value).replace(tzinfo=None)
    return datetime.combine(value, time()) if isinstance(value, date) else value
