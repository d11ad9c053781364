"""The sign-in page, the choice of colours, and how errors look."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from storage.sayings import Saying
from web.addresses import local_path
from web.auth import OptionalViewer, optional_viewer
from web.errors import Unprocessable, WebError
from web.field_problems import FieldProblem
from web.pages.rendering import ScreenDep, html
from web.pages.screen import THEME_COOKIE, THEMES, screen
from web.permissions import home_path
from web.services import ServicesDep

router = APIRouter()
_A_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class SignInPage:
    next: str
    error: str
    """wrong, locked or nothing."""


@dataclass(frozen=True)
class ErrorPage:
    status: int
    code: str
    detail: str
    """Empty where there is no more to say than the status does."""
    fields: tuple[FieldProblem, ...]
    is_public: bool
    """On the pages for everybody, whose visitors have no administrator to ask."""
    was_sent: bool
    """By a form, not by the address."""


@router.get("/sign-in", include_in_schema=False)
def sign_in_page(
    around: ScreenDep,
    viewer: OptionalViewer,
    next: Annotated[str, Query()] = "",  # noqa: A002 (the name of the field in addresses)
    error: Annotated[Literal["", "wrong", "locked"], Query()] = "",
) -> Response:
    if viewer:
        return RedirectResponse(home_path(viewer.role), 303)
    return html(around, "sign_in.html", SignInPage(local_path(next, ""), error), status=401 if error else 200)


@router.post("/theme", include_in_schema=False)
def choose_theme(
    services: ServicesDep,
    theme: Annotated[str, Form()] = "auto",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    response = RedirectResponse(local_path(next), 303)
    chosen = theme if theme in THEMES else "auto"
    response.set_cookie(THEME_COOKIE, chosen, _A_YEAR_S, samesite="lax", secure=services.settings.web.secure)
    return response


def render_error(request: Request, error: WebError) -> Response:
    """The page of an error, with the navigation of whoever met it."""
    services = request.app.state.services
    try:
        viewer = optional_viewer(request, services)
    except SQLAlchemyError:
        viewer = None  # the database is what went wrong
    around = screen(request, services, viewer)
    detail = error.detail if isinstance(error.detail, Saying) else ""
    fields = error.fields if isinstance(error, Unprocessable) else ()
    path = request.url.path
    is_public = services.settings.public.enabled and (path == "/public" or path.startswith("/public/"))
    page = ErrorPage(error.status, error.code, detail, fields, is_public, request.method == "POST")
    is_tablet = path.startswith("/rate/")
    return html(around, "public/tablet.html" if is_tablet else "error.html", page, status=error.status)
