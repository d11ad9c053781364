"""Signing in and out, and choosing a language. The page itself is one of `web.pages`."""

import threading
from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel

from web import accounts, sessions
from web.access_log import log_access
from web.addresses import client_address, local_path
from web.attempts import FailedAttempts
from web.auth import CurrentUser, OptionalViewer
from web.errors import NotSignedIn, TooManyAttempts
from web.permissions import PERMISSIONS, home_path
from web.services import Services, ServicesDep
from web.sessions import OpenedSession
from web.viewer import Viewer

router = APIRouter(tags=["signing in"])
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each check of a password takes much memory; who waits here holds no connection, and meets what others have failed."""
log = structlog.get_logger(__name__)

LANGUAGE_COOKIE = "hallwatch_language"
LANGUAGES = ("zh", "en")
_A_YEAR_S = 365 * 24 * 3600


class Credentials(BaseModel):
    name: str
    password: str


class Me(BaseModel):
    name: str
    display_name: str
    role: str
    halls: list[str] | None
    """None: all."""
    permissions: list[str]
    csrf: str
    """Repeat it as X-CSRF-Token in every changing request."""


@router.post("/sign-in", include_in_schema=False)
def sign_in(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",  # noqa: A002 (the name of the field in addresses)
) -> Response:
    try:
        opened, viewer = _sign_in(request, services, name, password)
    except (NotSignedIn, TooManyAttempts) as error:
        reason = "locked" if isinstance(error, TooManyAttempts) else "wrong"
        return RedirectResponse(f"/sign-in?{urlencode({'error': reason, 'next': local_path(next)})}", 303)
    home = home_path(viewer.role)
    # "/" is where everybody arrives who typed the bare address; not every role may see the board there.
    target = local_path(next, home)
    response = RedirectResponse(home if target == "/" else target, 303)
    return _with_cookie(response, services, opened)


@router.post("/api/v1/sign-in")
def sign_in_api(request: Request, services: ServicesDep, credentials: Credentials) -> Response:
    """Sets the session cookie; the answer's `csrf` goes into X-CSRF-Token of every changing request."""
    opened, viewer = _sign_in(request, services, credentials.name, credentials.password)
    return _with_cookie(JSONResponse(_me(viewer).model_dump()), services, opened)


@router.get("/api/v1/me")
def me(viewer: CurrentUser) -> Me:
    return _me(viewer)


@router.post("/sign-out", include_in_schema=False)
def sign_out(request: Request, services: ServicesDep) -> Response:
    token = request.cookies.get(sessions.COOKIE)
    if token:
        with services.database.transaction() as session:
            sessions.close_session(session, token)
    response = RedirectResponse("/sign-in", 303, {"Clear-Site-Data": '"cache"'})
    response.delete_cookie(sessions.COOKIE, httponly=True, samesite="lax", secure=services.settings.web.secure)
    return response


@router.post("/language", include_in_schema=False)
def choose_language(
    services: ServicesDep,
    viewer: OptionalViewer,
    language: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    response = RedirectResponse(local_path(next), 303)
    if language not in LANGUAGES:
        return response
    if viewer:
        with services.database.transaction() as session:
            accounts.set_language(session, viewer.user_id, language)
    secure = services.settings.web.secure
    response.set_cookie(LANGUAGE_COOKIE, language, _A_YEAR_S, samesite="lax", httponly=True, secure=secure)
    return response


def _sign_in(request: Request, services: Services, name: str, password: str) -> tuple[OpenedSession, Viewer]:
    """Raises NotSignedIn or TooManyAttempts."""
    with _AT_ONCE:
        return _checked_sign_in(request, services, name, password)


def _checked_sign_in(request: Request, services: Services, name: str, password: str) -> tuple[OpenedSession, Viewer]:
    attempts: FailedAttempts = request.app.state.failed_attempts
    address, now = client_address(request), services.clock()
    if attempts.is_locked(name, address, now):
        log.warning("sign_in_locked", address=address)
        raise TooManyAttempts
    with services.database.transaction() as session:
        user = accounts.authenticate(session, name, password)
        if user is None or user.id is None:
            attempts.add(name, address, now)
            log.warning("sign_in_failed", address=address)
            raise NotSignedIn("The name or the password is wrong.")
        opened = sessions.open_session(session, user.id, now)
        session.flush()
        viewer = sessions.viewer_of(session, opened.token, now)
        assert viewer is not None
        log_access(session, viewer, "sign_in", f"user:{user.name}", "", now, address)
    attempts.clear(name, address)
    return opened, viewer


def _with_cookie(response: Response, services: Services, opened: OpenedSession) -> Response:
    response.set_cookie(
        sessions.COOKIE,
        opened.token,
        max_age=int(sessions.LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=services.settings.web.secure,
    )
    return response


def _me(viewer: Viewer) -> Me:
    return Me(
        name=viewer.name,
        display_name=viewer.display_name,
        role=viewer.role,
        halls=None if viewer.halls is None else sorted(viewer.halls),
        permissions=sorted(PERMISSIONS[viewer.role]),
        csrf=viewer.csrf,
    )
