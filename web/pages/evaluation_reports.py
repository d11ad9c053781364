"""The report of a published evaluation, as it was made, and that of a period, made when it is asked for."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from correlation.evaluation.addressing import shown_at
from storage.models import EvaluationReport, ReportFormat
from storage.sayings import Saying
from web.errors import Conflict, NotFound
from web.i18n import Language
from web.long_periods import read_period
from web.pages.evaluation import Reader
from web.row_ids import RowId
from web.services import ServicesDep

router = APIRouter()
_NO_FONT = Saying("There is no PDF: this server has no font with Chinese characters. Take the page or the workbook.")
_TYPES = {
    ReportFormat.HTML: "text/html; charset=utf-8",
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.PDF: "application/pdf",
}
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""The page carries its own style, and nothing in it runs."""


@router.get("/evaluation/{evaluation_id}/report.{made_as}", include_in_schema=False)
def report(
    evaluation_id: RowId,
    made_as: ReportFormat,
    viewer: Reader,
    services: ServicesDep,
    language: Annotated[Language, Query()] = Language.ZH,
) -> Response:
    """What it says is published, so everybody with the permission reads all of it."""
    with services.database.transaction() as session:
        evaluation = shown_at(session, evaluation_id)
        found = session.get(EvaluationReport, (evaluation.id, made_as, language.value)) if evaluation else None
        if found is None or evaluation is None:
            raise NotFound
        name = f"evaluation-{evaluation.month}-{evaluation.number}-{language}.{made_as}"
    return _answer(found.body, made_as, name)


@router.get("/evaluation/periods/{period}/report.{made_as}", include_in_schema=False)
def report_over_months(
    period: str,
    made_as: ReportFormat,
    viewer: Reader,
    services: ServicesDep,
    language: Annotated[Language, Query()] = Language.ZH,
) -> Response:
    """The same months give the same report; an erratum of one of them gives another."""
    from web.reports.content import Words  # only who makes reports loads what they need
    from web.reports.fonts import NoFont
    from web.reports.making import maker_of
    from web.reports.periods import report_of_period

    wanted = read_period(period)
    with services.database.transaction() as session:
        found = report_of_period(session, viewer, wanted) if wanted else None
    if found is None:
        raise NotFound
    try:
        make = maker_of(made_as, services.settings.evaluation.font)
    except NoFont:
        raise Conflict(_NO_FONT) from None
    return _answer(make(Words(language, found)), made_as, f"evaluation-{wanted}-{language}.{made_as}")


def _answer(body: bytes, made_as: ReportFormat, name: str) -> Response:
    headers = {"Content-Security-Policy": _ALONE} if made_as is ReportFormat.HTML else {}
    if made_as is not ReportFormat.HTML:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(body, media_type=_TYPES[made_as], headers=headers)
