"""Workbooks (.xlsx, .xls, .ods): the first sheet is a table like a CSV file, with a header row."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from ingest.approvals.cells import cell_text
from ingest.approvals.file_format import UnusableFile
from ingest.approvals.formats import Columns, Numbered, OnCells, read_header
from ingest.approvals.mapping import Mapping
from storage.sayings import Saying

MAX_UNPACKED = 1 << 30
"""Bytes: a workbook is read as a whole."""
_UNREADABLE = Saying("The workbook cannot be read: it is damaged or none. Open it, save it again, and import that.")
_LOCKED = Saying("The workbook has a password: save it without one, and import that.")
_TOO_LARGE = Saying("The workbook is too large to be read as a whole: save it as “CSV UTF-8”, and import that.")


def read_workbook(file: BinaryIO, mapping: Mapping | None, on_cells: OnCells | None = None) -> Iterator[Numbered]:
    """The rows of the first sheet that is not hidden, numbered as there. Raises UnusableFile."""
    rows = _rows(_first_sheet(file))
    header = next(rows, None)
    if header is None:
        return
    line, names = header
    columns = read_header([name.strip() for name in names], mapping, _raw(names))
    if not isinstance(columns, Columns):
        yield line, columns
        return
    width = len(names)
    for line, cells in rows:
        padded = [*cells, *[""] * (width - len(cells))]
        if on_cells is not None:
            on_cells(dict(zip(columns.names, padded, strict=False)))
        yield line, columns.read(padded, _raw(cells))


def _first_sheet(file: BinaryIO) -> CalamineSheet:
    _check_size(file)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        shown = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
        return workbook.get_sheet_by_name((shown or workbook.sheet_names)[0])
    except PasswordError as error:
        raise UnusableFile(_LOCKED) from error
    except (CalamineError, IndexError) as error:
        raise UnusableFile(_UNREADABLE) from error


def _check_size(file: BinaryIO) -> None:
    """Before anything is unpacked; only the old .xls is not packed."""
    if zipfile.is_zipfile(file):
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    else:
        size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size > MAX_UNPACKED:
        raise UnusableFile(_TOO_LARGE)


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    """Those that are not empty, with their numbers; empty cells at their ends are left out."""
    for number, values in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        cells = [cell_text(value) for value in values]
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, cells


def _raw(cells: Sequence[str]) -> str:
    return "\t".join(cells)
