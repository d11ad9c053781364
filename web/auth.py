"""Who asks, whether they may, and whether the request really comes from our own pages.

A route says `viewer: Annotated[Viewer, Depends(require(Permission.CASES))]`. The guard against forged requests
(`guard`) is put on the whole app by `web.app`, so no route can forget it.
"""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from web import sessions
from web.errors import CsrfFailed, Forbidden, NotSignedIn
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SIGNING_IN = frozenset({"/sign-in", "/api/v1/sign-in"})
_PUSH_PREFIX = "/api/v1/sources/"
_PUSH_SUFFIX = "/batches"


def optional_viewer(connection: HTTPConnection, services: ServicesDep) -> Viewer | None:
    """The signed-in person, or None."""
    return _load(connection, services)


def _load(connection: HTTPConnection, services: Services) -> Viewer | None:
    token = connection.cookies.get(sessions.COOKIE)
    if not token:
        return None
    with services.database.transaction() as session:
        return sessions.viewer_of(session, token, services.clock())


OptionalViewer = Annotated[Viewer | None, Depends(optional_viewer)]


def current_user(viewer: OptionalViewer) -> Viewer:
    """Any signed-in person. Raises NotSignedIn."""
    if viewer is None:
        raise NotSignedIn
    return viewer


CurrentUser = Annotated[Viewer, Depends(current_user)]


def require(*permissions: Permission) -> Callable[[Viewer], Viewer]:
    """A dependency that gives the Viewer if their role has one of these permissions."""

    def permitted(viewer: CurrentUser) -> Viewer:
        if not any(viewer.may(permission) for permission in permissions):
            raise Forbidden
        return viewer

    return permitted


def require_websocket(*permissions: Permission) -> Callable[[WebSocket, Viewer | None], Viewer]:
    """The same for a WebSocket, which browsers open across sites with our cookies: its Origin must be ours."""

    def permitted(websocket: WebSocket, viewer: OptionalViewer) -> Viewer:
        if viewer is None:
            raise NotSignedIn
        if not any(viewer.may(permission) for permission in permissions):
            raise Forbidden
        if not same_origin(websocket):
            raise CsrfFailed
        return viewer

    return permitted


def same_origin(connection: HTTPConnection) -> bool:
    """Whether the Origin header names the host that the request was sent to, or the public address."""
    origin = urlsplit(connection.headers.get("origin", ""))
    settings = connection.app.state.services.settings
    known = {connection.headers.get("host", ""), urlsplit(settings.web.public_url).netloc}
    return bool(origin.netloc) and origin.netloc in known


async def guard(connection: HTTPConnection, services: ServicesDep) -> None:
    """Refuses a changing request that another site could have made the browser send. Raises CsrfFailed."""
    if not isinstance(connection, Request) or connection.method in _SAFE_METHODS or is_push(connection):
        return
    if connection.headers.get("origin") and not same_origin(connection):
        raise CsrfFailed
    if is_signing_in(connection):
        return  # uses no session that there may be; the Origin above keeps other sites from signing a visitor in
    viewer = await run_in_threadpool(_load, connection, services)
    # Without a session there is nothing to forge.
    if viewer and not await _repeats_token(connection, viewer.csrf):
        raise CsrfFailed


def is_signing_in(request: Request) -> bool:
    return request.url.path in _SIGNING_IN


def is_push(request: Request) -> bool:
    """A platform's push carries a key of its own and no cookie counts for it."""
    path = request.url.path
    return path.startswith(_PUSH_PREFIX) and path.endswith(_PUSH_SUFFIX)


async def _repeats_token(request: Request, expected: str) -> bool:
    sent = request.headers.get(CSRF_HEADER, "")
    kind = request.headers.get("content-type", "").split(";")[0]
    if not sent and kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        sent = str((await request.form()).get(CSRF_FIELD, ""))
    return sessions.equal(sent, expected)
