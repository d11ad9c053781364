"""The report of a published evaluation, as it was made."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from correlation.evaluation.addressing import shown_at
from storage.models import EvaluationReport, ReportFormat
from web.errors import NotFound
from web.i18n import Language
from web.pages.evaluation import Reader
from web.row_ids import RowId
from web.services import ServicesDep

router = APIRouter()
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
    headers = {"Content-Security-Policy": _ALONE} if made_as is ReportFormat.HTML else {}
    if made_as is not ReportFormat.HTML:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(found.body, media_type=_TYPES[made_as], headers=headers)
