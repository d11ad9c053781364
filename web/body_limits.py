"""How much a request may carry, and who must have signed in before the server reads a large one."""

from dataclasses import dataclass

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storage.sayings import Saying
from web.auth import is_push, is_signing_in, optional_viewer
from web.error_answers import response_to
from web.errors import Forbidden, NotSignedIn, TooLarge, WebError
from web.permissions import Permission

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limit:
    size: int
    """Bytes."""
    advice: str = ""
    """What to do instead of sending more."""
    permission: Permission | None = None
    """What the sender must be allowed to before a byte is read."""


DEFAULT = Limit(1 * MIB)
SIGNING_IN = Limit(64 * KIB)
STRANGER = Limit(64 * KIB)
PUSH = Limit(16 * MIB, f"A push has at most {16 * MIB} bytes; send the rows in several.")
IMPORT = Limit(
    512 * MIB, Saying("The file is larger than 512 MB. Split it, or use: hallwatch import-cases"), Permission.IMPORT
)


_OF_STRANGERS = ("/public/", "/rate/")


def limit_of(request: Request) -> Limit:
    if is_signing_in(request):
        return SIGNING_IN
    if is_push(request):
        return PUSH
    if request.url.path.startswith(_OF_STRANGERS):
        return STRANGER
    return IMPORT if _is_import(request) else DEFAULT


def _is_import(request: Request) -> bool:
    """A file of cases, by page or by API."""
    path = request.url.path
    return path == "/import" or (path.startswith("/api/v1/sources/") and path.endswith("/files"))


class BodyLimits:
    """Refuses early by Content-Length, and in any case once more bytes than allowed have come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limit = limit_of(request)
        refused = await run_in_threadpool(_refused, request, limit) if _may_change(request) else None
        if refused is None:
            await self._app(scope, _counted(receive, limit.size), send)
        else:
            await refused(scope, receive, send)


def _may_change(request: Request) -> bool:
    return request.method not in ("GET", "HEAD", "OPTIONS")


def _refused(request: Request, limit: Limit) -> Response | None:
    """The answer when it is plain before the body is read; the connection ends with it, and with it the sending."""
    problem = _problem(request, limit)
    if problem is None:
        return None
    answer = response_to(request, problem)
    answer.headers["Connection"] = "close"
    return answer


def _problem(request: Request, limit: Limit) -> WebError | None:
    if limit.permission:
        viewer = optional_viewer(request, request.app.state.services)
        if viewer is None:
            return NotSignedIn()
        if not viewer.may(limit.permission):
            return Forbidden()
    return TooLarge(limit.advice) if _declared(request) > limit.size else None


def _declared(request: Request) -> int:
    """The length that the sender claims; 0 without a claim that can be read."""
    claim = request.headers.get("content-length", "")
    return int(claim) if claim.isascii() and claim.isdigit() else 0


def _counted(receive: Receive, size: int) -> Receive:
    left = size

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            # The framework passes its own kind of error through from wherever the body is being read.
            raise HTTPException(TooLarge.status)
        return message

    return counted
