"""The records of a CSV file, one after the other, so that a fault in one costs no other.

A quote that is not closed would take the lines after it, up to the next quote, into one cell. So a record of several
lines counts only if it has as many cells as the header and none of its lines is a row by itself; else its first line
alone is refused, and the others are read again.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingest.approvals.lines import Line
from ingest.approvals.problems import Problem
from ingest.approvals.row import RowError, row_error
from storage.sayings import Saying

MOST_LINES = 100
"""Of one record: so many line breaks stand in no cell."""
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Record:
    line: int
    """Where it begins, 1 = first."""
    cells: list[str] | RowError
    raw: str


def no_row(_cells: Sequence[str]) -> bool:
    return False


class Records:
    """Empty ones are passed over."""

    def __init__(self, source: Iterator[Line]) -> None:
        self._source = source
        self._again: deque[Line] = deque()
        self._delimiter = ""
        self._columns = 0

    def next(self, are_a_row: Callable[[Sequence[str]], bool] = no_row) -> Record | None:
        """None at the end. `are_a_row`: whether the cells of a line make a good row without any other line."""
        while (first := self._take()) is not None:
            if first.problem:
                return Record(first.number, row_error(first.problem, first.text), first.text)
            self._delimiter = self._delimiter or max(_DELIMITERS, key=first.text.count)
            cells, taken, error = self._read(first)
            if len(taken) > 1 and (error or self._took_others(cells, taken[1:], are_a_row)):
                self._again.extendleft(reversed(taken[1:]))
                taken, error = [first], "unexpected end of data"
            raw = "\n".join(line.text for line in taken)
            if error:
                return Record(first.number, row_error(_not_csv(error), raw), raw)
            if any(cell.strip() for cell in cells):
                self._columns = self._columns or len(cells)
                return Record(first.number, cells, raw)
        return None

    def _take(self) -> Line | None:
        return self._again.popleft() if self._again else next(self._source, None)

    def _read(self, first: Line) -> tuple[list[str], list[Line], str]:
        """Cells, the lines that they took, and what is wrong with them."""
        taken = [first]

        def texts() -> Iterator[str]:
            yield first.text + "\n"
            while len(taken) < MOST_LINES and (line := self._take()) is not None:
                taken.append(line)
                if line.problem:
                    return
                yield line.text + "\n"

        try:
            return next(csv.reader(texts(), delimiter=self._delimiter, strict=True), []), taken, ""
        except csv.Error as error:
            return [], taken, str(error)

    def _took_others(
        self, cells: Sequence[str], others: Sequence[Line], are_a_row: Callable[[Sequence[str]], bool]
    ) -> bool:
        return len(cells) != (self._columns or len(cells)) or any(are_a_row(self._unquoted(line)) for line in others)

    def _unquoted(self, line: Line) -> list[str]:
        return [cell.strip('"') for cell in line.text.split(self._delimiter)]


def _not_csv(error: str) -> Problem:
    """Python's reader of CSV gives its reasons in English alone."""
    if "field limit" in error:
        said = Saying("a cell has more than %(most)s characters", most=csv.field_size_limit())
    elif "new-line" in error:
        said = Saying("is not CSV: a line break stands in a cell without quotes")
    else:
        said = Saying("is not CSV: a quote is not closed or stands inside a cell")
    return Problem("", said, Saying("close every quote; write a quote inside a cell twice"))
