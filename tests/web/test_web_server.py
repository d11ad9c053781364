"""Who asks, as the served application sees it: the address is the proxy's own unless that proxy is trusted."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from sqlmodel import select

from storage.models import AccessEntry
from tests.servers import LIMIT_S, free_port
from web import accounts, sessions
from web.services import Services
from web.settings import WebSettings
from web.web_server import WebServer

PASSWORD = "a long enough password"


@contextmanager
def served(services: Services, *trusted: str) -> Iterator[str]:
    port = free_port()
    web = WebSettings(listen=f"127.0.0.1:{port}", trusted_proxies=trusted)
    server = WebServer(replace(services, settings=services.settings.model_copy(update={"web": web})), lambda: None)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def give_password(services: Services) -> None:
    with services.database.transaction() as session:
        user = accounts.find_user(session, "inspector")
        assert user is not None
        accounts.set_password(session, user, PASSWORD)


def sign_in(site: str, forwarded_for: str) -> None:
    body = {"name": "inspector", "password": PASSWORD}
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            answer = httpx.post(f"{site}/api/v1/sign-in", json=body, headers={"X-Forwarded-For": forwarded_for})
        except httpx.ConnectError:  # it does not listen yet
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            assert answer.status_code == 200
            return


def test_a_page_that_listens_is_let_go_when_the_server_stops(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream that is torn off would raise here, and log an error there."""
    give_password(services)
    with ThreadPoolExecutor() as threads, served(services) as address:
        sign_in(address, "")
        with services.database.transaction() as session:
            token = sessions.open_session(session, 1, services.clock()).token
        begun = threading.Event()
        listening = threads.submit(listen_to_the_end, address, token, begun)
        assert begun.wait(LIMIT_S)
    assert listening.result(LIMIT_S) > 0
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def listen_to_the_end(address: str, token: str, begun: threading.Event) -> int:
    """How many lines came."""
    count = 0
    with httpx.stream("GET", f"{address}/events", cookies={sessions.COOKIE: token}, timeout=LIMIT_S) as answer:
        for _ in answer.iter_lines():
            count += 1
            begun.set()
    return count


@pytest.mark.parametrize(
    ("trusted", "forwarded_for", "seen"),
    [
        ((), "203.0.113.9", "127.0.0.1"),
        (("192.0.2.1",), "203.0.113.9", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.0/8",), "198.51.100.1, 203.0.113.9", "203.0.113.9"),
    ],
)
def test_an_address_is_believed_only_from_a_trusted_proxy(
    services: Services, trusted: tuple[str, ...], forwarded_for: str, seen: str
) -> None:
    give_password(services)
    with served(services, *trusted) as site:
        sign_in(site, forwarded_for)
    with services.database.transaction() as session:
        assert [entry.address for entry in session.exec(select(AccessEntry))] == [seen]
