"""The forms on the page of a counter's day that register leave and cover, and end it."""

from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from web.api import covers as covers_api
from web.api.covers import CoverRequest, Registrar
from web.pages.admin.forms import SentForm, text
from web.pages.counter_day import counter_day_page
from web.pages.filters import local_moment
from web.pages.months import local_day
from web.pages.places import counters_by_id
from web.pages.rendering import ScreenDep, html
from web.pages.typed import Typed
from web.row_ids import RowId
from web.scope import scoped_counter
from web.services import ServicesDep

router = APIRouter()
_FIELDS = {"start": "from", "end": "to", "": "to"}
"""What concerns the whole is about its length."""


@router.post("/counters/{counter}/covers", include_in_schema=False)
def register(
    counter: str, request: Request, viewer: Registrar, services: ServicesDep, around: ScreenDep, form: SentForm
) -> Response:
    """From the form of the page, in the time of the counter's hall."""
    with services.database.transaction() as session:
        scoped_counter(session, viewer, counter)
        zone = counters_by_id(session, [counter])[counter].hall.timezone
    typed = {name: text(form, name) for name in ("kind", "who", "reason")}
    moments = {name: _moment(text(form, field), zone) for name, field in (("start", "from"), ("end", "to"))}
    try:
        wanted = CoverRequest.model_validate({"counter": counter, **typed, **moments})
    except ValidationError as error:
        again = around.again(Typed.refused("cover", form, error, _FIELDS), _address(counter, day=text(form, "day")))
        page = counter_day_page(counter, viewer, services, text(form, "day"))
        return html(again, "counter_day.html", page, status=422)
    covers_api.register(wanted, request, services, viewer)
    day = min(local_day(wanted.start, zone), local_day(services.clock(), zone))  # where it is shown
    return RedirectResponse(_address(counter, day=f"{day}", done="registered"), 303)


def _moment(typed: str, zone: str) -> datetime | str | None:
    """What is no moment, or none in UTC, is said to be wrong as it is, and is not taken for an empty field."""
    return local_moment(typed, zone) or (f"{typed}Z" if typed else None)


@router.post("/counters/{counter}/covers/{cover_id}/{act}", include_in_schema=False)
def change(
    counter: str,
    cover_id: RowId,
    act: Literal["end", "withdraw"],
    request: Request,
    viewer: Registrar,
    services: ServicesDep,
    form: SentForm,
) -> Response:
    {"end": covers_api.end, "withdraw": covers_api.withdraw}[act](cover_id, request, services, viewer)
    return _back(counter, form, "cover_ended")


def _back(counter: str, form: FormData, done: str) -> Response:
    return RedirectResponse(_address(counter, day=text(form, "day"), done=done), 303)


def _address(counter: str, **query: str) -> str:
    return f"/counters/{quote(counter, safe='')}/day?{urlencode(query)}"
