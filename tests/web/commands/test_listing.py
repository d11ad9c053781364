"""What a list looks like where the terminal is narrow."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from web.commands.listing import block, listing

COLUMNS = ("version", "effective", *(f"indicator{n}" for n in range(9)), "source")
ROW = ("usual-2026", "2026-01-01", *["10"] * 8, "", "[red] measure of the city")
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=12)


def shown(width: int, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(listing(console, columns, rows))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_list_that_fits_is_a_table() -> None:
    header, row = shown(200, COLUMNS, [ROW])
    assert header.split() == list(COLUMNS)
    assert row.rstrip().endswith("[red] measure of the city")


def test_a_list_that_is_too_wide_has_a_few_lines_for_each_row() -> None:
    lines = shown(80, COLUMNS, [ROW])
    assert lines[0].rstrip() == "version: usual-2026"
    assert [line.rstrip() for line in lines if "source" in line] == ["  source: [red] measure of the city"]
    assert [line for line in lines if "indicator8" in line] == [], "an empty cell has no line"
    assert shown(5, ("id", "name"), []) == []


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=4), st.integers(30, 90))
def test_no_word_is_broken_and_no_line_is_too_long(rows: list[tuple[str, str, str]], width: int) -> None:
    text = shown(width, ("id", "name", "reason"), list(rows))
    assert max(map(len, text)) <= width
    assert [cell for row in rows for cell in row if not any(cell in line for line in text)] == []


def test_long_lines_of_a_block_are_broken_between_words() -> None:
    console = Console(file=io.StringIO(), width=20)
    console.print(block("Correction 1", ["the server's clock was fast"]))
    assert isinstance(console.file, io.StringIO)
    written = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert written == ["Correction 1", "  the server's clock", "  was fast"]
