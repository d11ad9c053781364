"""What nobody has foreseen is answered like every other error."""

import asyncio
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select
from starlette.types import Message
from structlog.testing import capture_logs

from storage.database import Database
from storage.models import Case
from tests.web.conftest import PUSH_KEY, SignedIn
from web.app import create_app
from web.services import Services


@pytest.fixture
def without_database(services: Services, signed_in: SignedIn) -> TestClient:
    """An administrator whose database has gone away."""
    client = signed_in("admin")
    services.database.close()
    services.database.engine.dispose()
    object.__setattr__(services, "database", Database("postgresql+psycopg://nobody@127.0.0.1:9/none"))
    return client


def test_a_page_says_that_the_database_does_not_answer(without_database: TestClient) -> None:
    answer = without_database.get("/cases", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
    assert "127.0.0.1" not in answer.text
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("path", ["/cases.json", "/api/v1/me", "/media/still.jpg?camera=cc-cam-1"])
def test_a_program_is_told_the_same(without_database: TestClient, path: str) -> None:
    answer = without_database.get(path)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "database" in answer.json()["detail"]


@pytest.fixture
def own_app(services: Services) -> Iterator[FastAPI]:
    """With routes of its own: what is added to those of `app` would be there for every other test."""
    app = create_app(services)
    with TestClient(app):
        yield app


def test_a_fault_of_ours_is_logged_and_answered_in_the_same_dress(own_app: FastAPI) -> None:
    @own_app.get("/api/v1/broken", dependencies=[])
    def broken() -> None:
        raise ZeroDivisionError("inner matters")

    with capture_logs() as logs:
        answer = TestClient(own_app).get("/api/v1/broken")
    assert (answer.status_code, answer.json()["error"]) == (500, "error")
    assert "inner matters" not in answer.text
    assert "content-security-policy" in answer.headers
    assert [entry["path"] for entry in logs if entry["event"] == "request_failed"] == ["/api/v1/broken"]


def test_whoever_gives_up_while_sending_is_no_fault_of_ours(app: FastAPI) -> None:
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    path = "/api/v1/sources/cc-platform/batches"
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "server": ("hall", 80)}
    headers = [(b"host", b"hall"), (b"authorization", f"Bearer {PUSH_KEY}".encode())]
    with capture_logs() as logs:
        asyncio.run(app({**scope, "headers": headers, "client": ("192.0.2.1", 1)}, receive, send))
    assert [(entry["log_level"], entry["path"]) for entry in logs if entry["event"] == "sender_gave_up"] == [
        ("info", path)
    ]
    assert "request_failed" not in {entry["event"] for entry in logs}
    assert answered == []


def test_text_that_no_database_can_hold_is_refused_in_words(own_app: FastAPI, postgres_database: Database) -> None:
    @own_app.get("/api/v1/asked", dependencies=[])
    def asked(q: str) -> int:
        with postgres_database.transaction() as session:
            return len(session.exec(select(Case).where(Case.number == q)).all())

    client = TestClient(own_app)
    assert client.get("/api/v1/asked?q=a").json() == 0
    answer = client.get("/api/v1/asked?q=a%00b")
    assert (answer.status_code, "characters that are not allowed" in answer.text) == (422, True)
