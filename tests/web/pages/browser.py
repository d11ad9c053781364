"""The pages in a real browser: how they are served there, and how a test waits for what they show."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, Route
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.web.apps import app_of
from web.services import Services

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WITHIN_MS = 60_000
IN_BROWSER = [
    pytest.mark.e2e,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium"),
]


@dataclass
class Site:
    """The product with a gate before `/events`: it can be shut, and it counts who is within."""

    app: ASGIApp
    address: str = ""
    shut: bool = False
    listening: int = 0
    listened: int = 0
    """How often somebody began to listen."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/events":
            await self.app(scope, receive, send)
        elif self.shut:
            await PlainTextResponse("", 503)(scope, receive, send)
        else:
            await self._listen(scope, receive, send)

    async def _listen(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.listening += 1
        self.listened += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.listening -= 1


@contextmanager
def served(services: Services) -> Iterator[Site]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        site = Site(app_of(services), f"http://127.0.0.1:{listening.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(site, log_level="warning", ws="websockets-sansio"))
        thread = threading.Thread(target=server.run, args=([listening],), name="pages")
        thread.start()
        yield site
        server.should_exit = True
        thread.join()


def with_footage(page: Page, footage: bytes) -> None:
    """Every clip is this one, whatever was asked for."""

    def answer(route: Route) -> None:
        asked = re.match(r"bytes=(\d+)-(\d*)", route.request.headers.get("range", ""))
        begin, end = (int(asked[1]), int(asked[2] or len(footage) - 1)) if asked else (0, len(footage) - 1)
        headers = {
            "Content-Type": "video/mp4",
            "Accept-Ranges": "bytes",
            "Content-Range": f"bytes {begin}-{end}/{len(footage)}",
        }
        route.fulfill(status=206, headers=headers, body=footage[begin : end + 1])

    page.route("**/media/clip.mp4?*", answer)


def until(page: Page, condition: str) -> None:
    """Not `wait_for_function`: the page's policy forbids what that does."""
    deadline = time.monotonic() + WITHIN_MS / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)
