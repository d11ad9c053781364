"""Makes the reports of what is published, each once, and keeps them as they are."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog
from sqlmodel import Session, col, select

from storage.database import Database, insert_new
from storage.models import Evaluation, EvaluationReport, EvaluationState, ReportFormat
from web.i18n import Language

if TYPE_CHECKING:
    from web.reports.content import Words

_log = structlog.get_logger(__name__)


class Wanted(NamedTuple):
    evaluation_id: int
    made_as: ReportFormat
    language: Language


class Reporting:
    """The clerk's job; what it leaves out for want of a font it makes once there is one."""

    def __init__(self, database: Database, font: Path | None) -> None:
        self._database = database
        self._font = font
        self._told = ""

    def run_once(self, now: datetime) -> int:
        """Returns how many it made."""
        with self._database.transaction() as session:
            todo = list(_missing(session))
        return sum(self._make(each, now) for each in todo)

    def _make(self, wanted: Wanted, now: datetime) -> int:
        from web.reports.content import Words, report_of  # only who makes reports loads what they need

        maker = self._maker(wanted.made_as)
        if maker is None:
            return 0
        with self._database.transaction() as session:
            report = report_of(session, session.get_one(Evaluation, wanted.evaluation_id))
        body = maker(Words(wanted.language, report))
        row = {"evaluation_id": wanted.evaluation_id, "format": wanted.made_as, "language": wanted.language.value}
        with self._database.transaction() as session:
            insert_new(session, EvaluationReport, [{**row, "body": body, "made_at": now}])
        return 1

    def _maker(self, made_as: ReportFormat) -> "Callable[[Words], bytes] | None":
        """None where there is no font for it."""
        from web.reports.fonts import NoFont
        from web.reports.making import maker_of

        try:
            return maker_of(made_as, self._font)
        except NoFont as problem:
            self._tell(str(problem))
            return None

    def _tell(self, problem: str) -> None:
        """Once."""
        if self._told != problem:
            _log.warning("report_without_pdf", problem=problem)
        self._told = problem


def _missing(session: Session) -> Iterator[Wanted]:
    kept = select(EvaluationReport.evaluation_id, EvaluationReport.format, EvaluationReport.language)
    there = set(session.exec(kept))
    published = select(Evaluation.id).where(Evaluation.state == EvaluationState.PUBLISHED).order_by(col(Evaluation.id))
    for evaluation_id in session.exec(published):
        assert evaluation_id is not None
        for made_as, language in product(ReportFormat, Language):
            if (evaluation_id, made_as, language.value) not in there:
                yield Wanted(evaluation_id, made_as, language)
