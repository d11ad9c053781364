"""The form that publishes the erratum which its page shows as a draft."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from correlation.evaluation.addressing import shown_at
from web.api import evaluations as api
from web.api.evaluations import ErratumRequest, Publisher
from web.errors import Conflict, NotFound
from web.pages.admin.forms import SentForm, text
from web.pages.evaluation import evaluation_page
from web.pages.rendering import ScreenDep, html
from web.pages.typed import Typed, status_of
from web.row_ids import RowId
from web.services import Services, ServicesDep

router = APIRouter()


@router.post("/evaluation/{evaluation_id}/publish", include_in_schema=False)
def publish(
    evaluation_id: RowId, request: Request, viewer: Publisher, services: ServicesDep, around: ScreenDep, form: SentForm
) -> Response:
    values = {"counted_at": text(form, "counted_at"), "erratum": text(form, "erratum")}
    try:
        made = api.publish(evaluation_id, ErratumRequest.model_validate(values), request, services, viewer)
    except (ValidationError, Conflict) as error:
        month, number = _shown(services, evaluation_id)
        again = around.again(Typed.refused("erratum", form, error), _address(month, number))
        page = evaluation_page(viewer, services, month, None, str(number))
        return html(again, "evaluation.html", page, status=status_of(error))
    return RedirectResponse(f"{_address(made.month, made.number)}&done=published", 303)


def _shown(services: Services, evaluation_id: int) -> tuple[str, int]:
    """Raises NotFound."""
    with services.database.transaction() as session:
        found = shown_at(session, evaluation_id)
        if found is None:
            raise NotFound
        return found.month, found.number


def _address(month: str, number: int) -> str:
    return f"/evaluation?{urlencode({'month': month, 'number': number})}"
