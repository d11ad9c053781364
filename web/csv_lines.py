"""Lines of CSV files that are opened in spreadsheets."""

import csv
import io
from collections.abc import Iterable

UTF8_MARK = "\ufeff"
"""At the beginning of a file: without it spreadsheets take Chinese for something else."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula, the wide signs of Chinese keyboards among it."""


def csv_line(cells: Iterable[str | float | None]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return buffer.getvalue()


def _harmless(cell: str) -> str:
    """Spreadsheets run what begins like a formula; a quote before it keeps it text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
