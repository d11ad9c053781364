"""Which form of a report is made by what; only who makes one loads what it needs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from storage.models import ReportFormat
from web.reports.content import Words


def maker_of(made_as: ReportFormat, font: Path | None) -> Callable[[Words], bytes]:
    """`font`: of the configuration. Raises NoFont for a PDF where there is none with Chinese."""
    if made_as is ReportFormat.HTML:
        from web.reports.page import page

        return page
    if made_as is ReportFormat.XLSX:
        from web.reports.workbook import workbook

        return workbook
    from web.reports.fonts import chinese_font
    from web.reports.pdf import pdf

    return partial(pdf, font=chinese_font(font))
