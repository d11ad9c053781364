"""One handler renders every error, for programs and for people."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from storage.sayings import Saying
from web.addresses import sign_in_address, wants_json
from web.errors import (
    KeyNeeded,
    NotFound,
    NotSignedIn,
    TokenRefused,
    TooLarge,
    Unavailable,
    Unprocessable,
    WebError,
    WrongKey,
)
from web.field_problems import FieldProblem
from web.form_addresses import page_of_form

log = structlog.get_logger(__name__)


class ErrorPage(Protocol):
    """Renders an error as a page; `web.pages.entrance.render_error` is the real one."""

    def __call__(self, request: Request, error: WebError) -> Response: ...


_CHALLENGES: dict[type[WebError], str] = {NotSignedIn: "Session", KeyNeeded: "Bearer", WrongKey: "Bearer"}


async def _respond(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, WebError)
    if isinstance(connection, WebSocket):
        await connection.send_denial_response(JSONResponse(_body(error), error.status))
        return None
    assert isinstance(connection, Request)
    return response_to(connection, error)


def response_to(request: Request, error: WebError) -> Response:
    """JSON for programs; for people a page, or the way to the sign-in page; for scrapers a line of text."""
    if isinstance(error, TokenRefused):
        return PlainTextResponse(f"{error.detail}\n", error.status, {"WWW-Authenticate": "Bearer"})
    if wants_json(request):
        headers = {"WWW-Authenticate": _CHALLENGES[type(error)]} if type(error) in _CHALLENGES else None
        return JSONResponse(_body(error), error.status, headers)
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request)
    return _page(request, error)


def _to_sign_in(request: Request) -> Response:
    """A part of a page that renews itself must not be replaced by the sign-in page: the whole page goes there."""
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": sign_in_address(request)})
    return RedirectResponse(sign_in_address(request), 303)


def _body(error: WebError) -> dict[str, Any]:
    body: dict[str, Any] = {"error": error.code, "detail": error.detail}
    if isinstance(error, Unprocessable):
        body["fields"] = [asdict(problem) for problem in error.fields]
    return body


def _page(request: Request, error: WebError) -> Response:
    render: ErrorPage | None = getattr(request.app.state, "render_error", None)
    return render(request, error) if render else HTMLResponse(f"<h1>{error.status}</h1>", error.status)


async def _respond_to_framework(connection: HTTPConnection, error: Exception) -> Response | None:
    """The framework's own 404, 405 and so on look like ours."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405 and (page := _page_of_form(connection)):
        return page
    known: dict[int, type[WebError]] = {404: NotFound, 413: TooLarge}
    own = known.get(error.status_code, WebError)("" if error.status_code in known else str(error.detail))
    own.status = error.status_code
    return await _respond(connection, own)


def _page_of_form(connection: HTTPConnection) -> Response | None:
    """The way to the page on which the form of this address stands, for who opens it instead of sending it."""
    address = page_of_form(connection) if isinstance(connection, Request) else None
    return RedirectResponse(address, 303) if address else None


async def _respond_to_validation(connection: HTTPConnection, error: Exception) -> Response | None:
    """The framework's own answer would repeat the input, passwords included."""
    assert isinstance(error, RequestValidationError)
    if any(detail["loc"][0] == "path" for detail in error.errors()):
        if page := _page_of_form(connection):  # cases/views is no case
            return page
        return await _respond(connection, NotFound())  # an address that nothing can have
    fields = list(dict.fromkeys([*map(FieldProblem.of, error.errors()), *borne_with(connection)]))
    return await _respond(connection, Unprocessable(fields=fields))


def also_wrong(connection: HTTPConnection, problems: Sequence[FieldProblem]) -> None:
    """Notes what a page bears with, so that it is told beside what it does not bear with."""
    connection.state.also_wrong = [*problems]


def borne_with(connection: HTTPConnection) -> Sequence[FieldProblem]:
    """What `also_wrong` has noted: a page that shows it does so with 422, a program gets it instead of the page."""
    noted: list[FieldProblem] = getattr(connection.state, "also_wrong", [])
    return noted


async def _respond_to_database(connection: HTTPConnection, error: Exception) -> Response | None:
    """It is away, or it is locked for too long; what it says may name its address and is for the log alone."""
    log.warning("database_away", path=connection.url.path, error=type(error).__name__)
    return await _respond(connection, Unavailable(Saying("The database does not answer. Try again in a minute.")))


async def _respond_to_refused_text(connection: HTTPConnection, error: Exception) -> Response | None:
    """PostgreSQL takes no NUL, wherever in an address or a form it stands."""
    log.warning("database_refused_value", path=connection.url.path, error=type(error).__name__)
    return await _respond(connection, Unprocessable(Saying("This has characters that are not allowed here.")))


async def _respond_to_overflow(connection: HTTPConnection, _error: Exception) -> Response | None:
    said = Saying("That time or number is out of range. Give a time between 1971 and 9000.")
    return await _respond(connection, Unprocessable(said))


class Unforeseen:
    """The innermost middleware: what nobody has foreseen is logged and answered like every other error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:  # before all was sent: nobody is left to be answered
            log.info("sender_gave_up", path=scope["path"])
        except Exception:
            if scope["type"] != "http" or begun:
                raise
            log.exception("request_failed", path=scope["path"])
            await response_to(Request(scope, receive), WebError())(scope, receive, send)


def install(app: FastAPI) -> None:
    app.add_middleware(Unforeseen)
    for kind, respond in (
        (OperationalError, _respond_to_database),
        (InterfaceError, _respond_to_database),
        (DataError, _respond_to_refused_text),
        (OverflowError, _respond_to_overflow),
        (WebError, _respond),
        (HTTPException, _respond_to_framework),
        (RequestValidationError, _respond_to_validation),
    ):
        app.add_exception_handler(kind, respond)  # type: ignore[arg-type]  # it takes web sockets, too, and may answer nothing
