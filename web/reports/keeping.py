"""Makes the reports of what is published, each once, and keeps them as they are."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import Session, col, select

from storage.database import Database, insert_new
from storage.models import Evaluation, EvaluationReport, EvaluationState, ReportFormat
from web.i18n import Language
from web.reports.content import Report, Words, report_of
from web.reports.fonts import NoFont, chinese_font

_log = structlog.get_logger(__name__)
Maker = Callable[[Words], bytes]


class Reporting:
    """The clerk's job; what it leaves out for want of a font it makes once there is one."""

    def __init__(self, database: Database, font: Path | None) -> None:
        self._database = database
        self._font = font
        self._told = ""

    def run_once(self, now: datetime) -> int:
        """Returns how many it made."""
        makers = self._makers()
        with self._database.transaction() as session:
            todo = list(_missing(session, makers))
            reports = {each.id: report_of(session, each) for each, _, _ in todo}
        for evaluation, made_as, language in todo:
            self._make(makers[made_as], reports[evaluation.id], made_as, language, now)
        return len(todo)

    def _make(self, maker: Maker, report: Report, made_as: ReportFormat, language: Language, now: datetime) -> None:
        body = maker(Words(language, report))
        row = {"evaluation_id": report.shown.id, "format": made_as, "language": language.value}
        with self._database.transaction() as session:
            insert_new(session, EvaluationReport, [{**row, "body": body, "made_at": now}])

    def _makers(self) -> dict[ReportFormat, Maker]:
        from web.reports.page import page  # only who makes reports loads what they need
        from web.reports.pdf import pdf
        from web.reports.workbook import workbook

        makers: dict[ReportFormat, Maker] = {ReportFormat.HTML: page, ReportFormat.XLSX: workbook}
        try:
            font = chinese_font(self._font)
        except NoFont as problem:
            if self._told != str(problem):
                _log.warning("report_without_pdf", problem=str(problem))
            self._told = str(problem)
            return makers
        return {**makers, ReportFormat.PDF: lambda words: pdf(words, font)}


def _missing(
    session: Session, makers: dict[ReportFormat, Maker]
) -> Iterator[tuple[Evaluation, ReportFormat, Language]]:
    there = set(
        session.exec(select(EvaluationReport.evaluation_id, EvaluationReport.format, EvaluationReport.language))
    )
    published = select(Evaluation).where(Evaluation.state == EvaluationState.PUBLISHED).order_by(col(Evaluation.id))
    for evaluation in session.exec(published):
        for made_as in makers:
            for language in Language:
                if (evaluation.id or 0, made_as, language.value) not in there:
                    yield evaluation, made_as, language
