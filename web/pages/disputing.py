"""The form on the page of an absence that disputes it, and that decides on a dispute."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from web.api import disputes as disputes_api
from web.api.disputes import AbsenceWordRequest, Speaker
from web.errors import Conflict, Unprocessable
from web.pages.absences import absence_page
from web.pages.admin.forms import SentForm, optional, text
from web.pages.rendering import ScreenDep, html
from web.pages.typed import Typed, status_of
from web.row_ids import RowId
from web.services import ServicesDep

router = APIRouter()


@router.post("/absences/{absence_id}/say", include_in_schema=False)
def say(
    absence_id: RowId, request: Request, services: ServicesDep, viewer: Speaker, around: ScreenDep, form: SentForm
) -> Response:
    values = {"act": text(form, "act"), "text": text(form, "text"), "ground": optional(form, "ground")}
    try:
        sent = AbsenceWordRequest.model_validate(values)
        disputes_api.say(absence_id, sent, request, services, viewer)
    except (ValidationError, Unprocessable, Conflict) as error:
        again = around.again(Typed.refused("say", form, error), f"/absences/{absence_id}")
        return html(again, "absence.html", absence_page(absence_id, viewer, services), status=status_of(error))
    return RedirectResponse(f"/absences/{absence_id}?done=dispute_{sent.act.value}#dispute", 303)
