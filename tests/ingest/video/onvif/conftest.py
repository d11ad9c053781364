"""Something at an address that answers whatever a test wants, and remembers what it was asked."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answering = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Whoever:
    url: str
    asked: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    """Path, body and headers of each request."""


Answerer = Callable[[Answering], Whoever]


@pytest.fixture
def whoever() -> Iterator[Answerer]:
    """`whoever(answering)`: what listens at its `url`."""
    servers: list[socketserver.BaseServer] = []

    def listen(answering: Answering) -> Whoever:
        server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        made = Whoever(f"http://127.0.0.1:{server.server_port}/onvif/device_service")

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                made.asked.append((self.path, body, dict(self.headers)))
                answering(self)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                pass

        server.RequestHandlerClass = Handler
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        return made

    yield listen
    for server in servers:
        server.shutdown()
        server.server_close()


def sending(body: bytes, status: int = 200, **headers: str) -> Answering:
    """Every request gets the same answer."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer
