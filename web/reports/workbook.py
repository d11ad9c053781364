"""The report as a workbook (XLSX): a sheet for each kind of unit, and one about the formula."""

import io
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from storage.models import UnitKind
from web.evaluations import UnitRow
from web.i18n import gettext_marker as _
from web.reports.content import Words

Row = Sequence[str | float | None]
_BOLD = Font(bold=True)
_MOST_BARS = 30
_UNIT, _POINTS, _CHANCE = 2, 3, 5
"""Columns; the last of what the points could be by chance."""
_WIDTH = 15
"""Of a column of figures: its heading is seen."""


def workbook(words: Words) -> bytes:
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    first.title = words.say(_("Formula"))
    _formula(first, words)
    for number, (kind, units) in enumerate(words.report.tables):
        _table(book.create_sheet(words.kind(kind), number), kind, units, words)
    book.active = 0
    book.properties.title = words.title
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _table(sheet: Worksheet, kind: UnitKind, units: Sequence[UnitRow], words: Words) -> None:
    chance = [words.say(_("Best rank by chance")), words.say(_("Worst rank by chance"))]
    _write(sheet, [_with(chance, words.columns), *(_with(_by_chance(unit), words.cells(unit)) for unit in units)])
    known = len(words.columns) + len(chance)
    for row in range(2, len(units) + 2):
        sheet.cell(row, known).number_format = "0.0%"
    sheet.freeze_panes = "C2"
    for column in range(1, known + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 40 if column == _UNIT else _WIDTH
    ranked = sum(unit.total is not None for unit in units)
    if ranked:
        sheet.add_chart(_chart(sheet, min(ranked, _MOST_BARS), words.kind(kind)), f"B{len(units) + 4}")


def _with(chance: Row, row: Row) -> Row:
    """The ranks that it could have, behind the points."""
    return [*row[:_CHANCE], *chance, *row[_CHANCE:]]


def _by_chance(unit: UnitRow) -> Row:
    return (unit.rank.best, unit.rank.worst) if unit.rank else (None, None)


def _chart(sheet: Worksheet, count: int, title: str) -> BarChart:
    chart = BarChart()
    chart.type, chart.title, chart.legend = "bar", title, None
    chart.add_data(Reference(sheet, min_col=_POINTS, min_row=1, max_row=count + 1), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=_UNIT, min_row=2, max_row=count + 1))
    chart.x_axis.scaling.orientation = "maxMin"  # the best on top
    chart.y_axis.scaling.min, chart.y_axis.scaling.max = 0, 100
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.height, chart.width = 4 + 0.6 * count, 24
    return chart


def _formula(sheet: Worksheet, words: Words) -> None:
    numbers: list[Row] = [[name, value] for name, value in words.numbers]
    lines = [words.title, *words.about, *words.notes, words.source]
    _write(sheet, [*([line] for line in lines), *numbers])
    sheet.column_dimensions["A"].width = 60


def _write(sheet: Worksheet, rows: Sequence[Row]) -> None:
    for at, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(at, column, value)
            assert isinstance(cell, Cell)
            if isinstance(value, str):
                cell.data_type = "s"  # a name that begins with = is no formula
            elif isinstance(value, float):
                cell.number_format = "0.00"
            if at == 1:
                cell.font = _BOLD
