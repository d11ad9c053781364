"""Lists on the terminal: a table where its rows fit on lines, else a few lines for each row."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_ENDLESS = 10_000
"""As wide as a line is when it is measured; nothing is shown like this."""


def listing(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> RenderableType:
    """Cells are told as they are; an empty one is left out where each has a line of its own."""
    cells = [tuple(row) for row in rows]
    table = _table(columns, cells)
    if Measurement.get(console, console.options.update(width=_ENDLESS), table).maximum <= console.width:
        return table
    return Group(*(_lines(columns, row) for row in cells))


def block(heading: str, lines: Iterable[str]) -> RenderableType:
    """Under a heading, lines that are broken between words only."""
    return Group(Text(heading, "bold"), *(Padding(Text(line), (0, 0, 0, 2), expand=False) for line in lines))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _lines(columns: Sequence[str], row: Sequence[str]) -> RenderableType:
    first, *others = _told(columns, row)
    return block(first, others)


def _told(columns: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    for name, cell in zip(columns, row, strict=True):
        if cell:
            yield f"{name}: {cell}"
