"""Nobody makes the server read more than it should: the end comes by bytes counted, not by what headers promise."""

from collections.abc import Iterable

import pytest
from fastapi import FastAPI
from starlette.types import Message, Scope

from tests.web.conftest import PUSH_KEY, SignedIn
from web import sessions
from web.auth import CSRF_HEADER
from web.body_limits import DEFAULT, IMPORT, PUSH, SIGNING_IN, Limit

FORM = "application/x-www-form-urlencoded"
FILE = "multipart/form-data; boundary=x"
PIECE = 32 * 1024


class Sender:
    """Sends a body piece by piece, as long as somebody reads it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.read = 0
        self.answer: list[Message] = []

    async def receive(self) -> Message:
        piece = b"a" * min(PIECE, self.size - self.read)
        self.read += len(piece)
        return {"type": "http.request", "body": piece, "more_body": self.read < self.size}

    async def send(self, message: Message) -> None:
        self.answer.append(message)

    @property
    def status(self) -> int:
        return int(self.answer[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.answer[0]["headers"])


async def post(app: FastAPI, path: str, size: int, headers: Iterable[tuple[str, str]] = ()) -> Sender:
    sender = Sender(size)
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (("Host", "hall"), *headers)],
        "client": ("192.0.2.1", 1),
        "server": ("hall", 80),
    }
    await app(scope, sender.receive, sender.send)
    return sender


def session_of(signed_in: SignedIn, role: str) -> list[tuple[str, str]]:
    browser = signed_in(role)
    cookie = f"{sessions.COOKIE}={browser.cookies[sessions.COOKIE]}"
    return [("Cookie", cookie), (CSRF_HEADER, browser.headers[CSRF_HEADER])]


BODIES = [
    ("/sign-in", FORM, SIGNING_IN),
    ("/api/v1/sign-in", "application/json", SIGNING_IN),
    ("/theme", FORM, DEFAULT),
    ("/api/v1/sources/cc-platform/batches", "application/json", PUSH),
]


@pytest.mark.parametrize(("path", "kind", "limit"), BODIES)
async def test_a_body_that_says_it_is_too_large_is_not_read(app: FastAPI, path: str, kind: str, limit: Limit) -> None:
    size = limit.size + 1
    sender = await post(app, path, size, [("Content-Type", kind), ("Content-Length", str(size))])
    assert (sender.status, sender.read) == (413, 0)
    assert sender.headers[b"connection"] == b"close"


@pytest.mark.parametrize("claim", [[], [("Content-Length", "10")], [("Content-Length", "many")]])
@pytest.mark.parametrize(("path", "kind", "limit"), BODIES)
async def test_a_body_that_hides_its_size_is_cut_at_the_limit(
    app: FastAPI, path: str, kind: str, limit: Limit, claim: list[tuple[str, str]]
) -> None:
    key = [("Authorization", f"Bearer {PUSH_KEY}")]
    sender = await post(app, path, 60 * 1024 * 1024, [("Content-Type", kind), *key, *claim])
    assert sender.status == 413
    assert sender.read <= limit.size + PIECE


async def test_a_file_of_a_stranger_is_not_read(app: FastAPI) -> None:
    sender = await post(app, "/import", 30 * 1024 * 1024, [("Content-Type", FILE)])
    assert (sender.status, sender.read) == (303, 0)
    assert sender.headers[b"location"] == b"/sign-in?next=/import"


async def test_a_file_of_somebody_who_may_not_import_is_not_read(app: FastAPI, signed_in: SignedIn) -> None:
    headers = session_of(signed_in, "supervisor")
    sender = await post(app, "/import", 30 * 1024 * 1024, [("Content-Type", FILE), *headers])
    assert (sender.status, sender.read) == (403, 0)


async def test_a_file_over_512_mib_is_not_read_even_from_who_may_import(app: FastAPI, signed_in: SignedIn) -> None:
    headers = [("Content-Type", FILE), ("Content-Length", str(IMPORT.size + 1)), *session_of(signed_in, "admin")]
    sender = await post(app, "/import", IMPORT.size + 1, headers)
    assert (sender.status, sender.read) == (413, 0)


def test_a_file_of_some_megabytes_is_read_from_who_may_import(signed_in: SignedIn) -> None:
    answer = signed_in("admin").post("/import", files={"file": ("cases.csv", b"a" * 2 * DEFAULT.size)})
    assert answer.status_code == 422  # no source was chosen
