"""The report as a PDF: a chart and a table for each kind of unit."""

from collections.abc import Sequence

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout
from fpdf.fonts import FontFace

from correlation.evaluation.ranking import Place
from web.evaluations import UnitRow
from web.i18n import gettext_marker as _
from web.pages.formats import exact_percent
from web.reports.content import Words
from web.reports.fonts import FontFile

_FAMILY = "chinese"
_NAME_WIDTH, _BAR_WIDTH, _BAR_HEIGHT = 70.0, 150.0, 5.5
"""Millimetres."""
_MOST_BARS = 20
_GROUND, _REACHED, _INK, _PAPER = (234, 238, 242), (156, 196, 219), (19, 28, 37), (255, 255, 255)
_NARROW, _WIDE = 8, 26


def pdf(words: Words, font: FontFile) -> bytes:
    """Only the characters that it needs of the font are in it."""
    made = _Document(words, font)
    for kind, units in words.report.tables:
        made.heading(words.kind(kind))
        made.chart([unit for unit in units if unit.total is not None][:_MOST_BARS])
        made.table(units)
    made.file.ln(4)
    made.lines([*words.notes, words.source])
    return bytes(made.file.output())


class _Pages(FPDF):
    """With the number of each page at its foot."""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font_size(8)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align=Align.R)


class _Document:
    def __init__(self, words: Words, font: FontFile) -> None:
        self._words = words
        self.file = _Pages(orientation="landscape", format="A4")
        self.file.add_font(_FAMILY, fname=font.path, collection_font_number=font.face)
        self.file.set_font(_FAMILY)
        self.file.set_title(words.title)
        self.file.set_lang(words.language.tag)
        self.file.set_creation_date(words.report.published_at)
        self.file.add_page()
        self._text(words.title, 18)
        self.lines(words.about)

    def heading(self, text: str) -> None:
        if self.file.will_page_break(60):
            self.file.add_page()
        self.file.ln(4)
        self._text(text, 13)

    def lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._text(line, 9)

    def _text(self, text: str, size: float) -> None:
        self.file.set_font_size(size)
        self.file.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align=Align.L)

    def chart(self, units: Sequence[UnitRow]) -> None:
        self.file.set_font_size(8)
        for unit in units:
            if self.file.will_page_break(_BAR_HEIGHT):
                self.file.add_page()
            self.file.cell(_NAME_WIDTH, _BAR_HEIGHT, self._fitting(self._words.name(unit)))
            self._bar(unit)
            self.file.ln(_BAR_HEIGHT)
        self.file.ln(2)

    def _fitting(self, name: str) -> str:
        while name and self.file.get_string_width(name) > _NAME_WIDTH - 2:
            name = f"{name.rstrip('…')[:-1]}…"
        return name

    def _bar(self, unit: UnitRow) -> None:
        total = unit.total
        assert total is not None
        left, top, scale = self.file.get_x(), self.file.get_y() + 1, _BAR_WIDTH / 100
        for colour, x, y, width, height in (
            (_GROUND, 0.0, 0.0, _BAR_WIDTH, 3.5),
            (_REACHED, 0.0, 0.0, total.points * scale, 3.5),
            (_INK, total.low * scale, 1.6, max(total.high - total.low, 0.2) * scale, 0.3),
            (_INK, total.low * scale, 0.9, 0.3, 1.7),
            (_INK, total.high * scale - 0.3, 0.9, 0.3, 1.7),
        ):
            self.file.set_fill_color(*colour)
            self.file.rect(left + x, top + y, width, height, style="F")
        self.file.set_x(left + _BAR_WIDTH + 3)
        self.file.cell(20, _BAR_HEIGHT, f"{total.points:.2f}")

    def table(self, units: Sequence[UnitRow]) -> None:
        words = self._words
        self.file.set_font_size(8)
        self.file.set_fill_color(*_PAPER)
        widths = [_NARROW if number != 1 else _WIDE for number in range(len(words.columns))]
        aligned = [Align.R if number != 1 else Align.L for number in range(len(words.columns))]
        plain = FontFace(emphasis="")  # there is one weight of the font
        layout = TableBordersLayout.HORIZONTAL_LINES
        with self.file.table(
            col_widths=widths, headings_style=plain, borders_layout=layout, text_align=aligned
        ) as table:
            table.row(words.headings)
            for unit in units:
                table.row(row(words, unit))


def row(words: Words, unit: UnitRow) -> list[str]:
    """By the columns of the report."""
    _rank, *figures, _known = words.cells(unit)
    unknown = words.say(_("Not known"))
    return [_place(unit.rank), *(_shown(each, unknown) for each in figures), exact_percent(unit.known)]


def _place(rank: Place | None) -> str:
    """With those that it could be by chance."""
    if rank is None:
        return "–"
    return f"{rank.rank}" if rank.best == rank.worst else f"{rank.rank}\N{NO-BREAK SPACE}({rank.best}–{rank.worst})"


def _shown(value: str | float | None, unknown: str) -> str:
    return unknown if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
