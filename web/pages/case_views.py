"""The forms of saved views on the list of cases."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from web.api import case_views as api
from web.api.case_views import CaseViewer, DefaultRequest
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.pages.admin.forms import SentForm, text
from web.pages.case_filters import WantedDep
from web.pages.cases import cases_page
from web.pages.rendering import ScreenDep, html
from web.pages.typed import Typed
from web.row_ids import RowId
from web.saved_views import NameRequest, ViewRequest, filters_of
from web.services import ServicesDep

router = APIRouter()
EVERYTHING = "view=all"
"""In the address of the list: without the default view."""


def list_address(query: str, done: str = "") -> str:
    return f"/cases?{'&'.join(part for part in (query or EVERYTHING, done and f'done={done}') if part)}"


@router.post("/cases/views", include_in_schema=False)
def save(wanted: WantedDep, request: Request, services: ServicesDep, around: ScreenDep, form: SentForm) -> Response:
    """With the filters of this address, which are those of the list."""
    query = filters_of(request.url.query)
    flags = {name: bool(text(form, name)) for name in ("shared", "default")}
    try:
        asked = ViewRequest.model_validate({"name": text(form, "name"), "query": query} | flags)
        view = api.save(asked, services, wanted.viewer)
    except (ValidationError, Unprocessable) as error:
        again = around.again(Typed.refused("view", form, error), list_address(query))
        return html(again, "cases.html", cases_page(wanted, request, services), status=422)
    return RedirectResponse(list_address(view.query, "saved"), 303)


@router.post("/cases/views/{view_id}/rename", include_in_schema=False)
def rename(
    view_id: RowId, wanted: WantedDep, request: Request, services: ServicesDep, around: ScreenDep, form: SentForm
) -> Response:
    """The list stays with the filters of this address."""
    shown = list_address(filters_of(request.url.query))
    try:
        api.rename(view_id, NameRequest.model_validate({"name": text(form, "name")}), services, wanted.viewer)
    except (ValidationError, Unprocessable) as error:
        again = around.again(Typed.refused(f"view-{view_id}", form, error), shown)
        return html(again, "cases.html", cases_page(wanted, request, services), status=422)
    return RedirectResponse(f"{shown}&done=saved", 303)


@router.post("/cases/views/{view_id}/remove", include_in_schema=False)
def remove(view_id: RowId, request: Request, viewer: CaseViewer, services: ServicesDep) -> Response:
    """The list stays with the filters of this address."""
    api.remove(view_id, services, viewer)
    return RedirectResponse(list_address(filters_of(request.url.query), "removed"), 303)


@router.post("/cases/views/default", include_in_schema=False)
def choose_default(viewer: CaseViewer, services: ServicesDep, form: SentForm) -> Response:
    """`view` empty: the list opens with everything."""
    chosen = text(form, "view")
    if chosen and not chosen.isdecimal():
        raise Unprocessable(fields=[FieldProblem("view", FieldProblem.of({"type": "int_parsing", "loc": ()}).problem)])
    api.choose_default(DefaultRequest(view=int(chosen) if chosen else None), services, viewer)
    return RedirectResponse(list_address(filters_of(text(form, "query")), "saved"), 303)
