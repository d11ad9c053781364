"""Simulated ONVIF devices on one port, each under its own path."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ingest.simulator.onvif_device import Answer, OnvifDevice
from ingest.simulator.onvif_discovery import DISCOVERY_PORT, DiscoveryResponder
from ingest.simulator.onvif_messages import BadMessageError, fault, read_message
from ingest.simulator.running import Running

_MAX_BODY = 65_536
_CLIENT_SECONDS = 10.0
_FIRST = "/onvif/device_service"
"""Where ONVIF expects the only device of an address."""


class OnvifServer(Running):
    """Port 0 takes a free one, `port` tells which. They are found by WS-Discovery, too.

    >>> with OnvifServer([OnvifDevice("cam-1", "Entrance", streams)]) as server:
    ...     server.address("cam-1")
    """

    def __init__(
        self,
        devices: Sequence[OnvifDevice],
        host: str = "127.0.0.1",
        port: int = 0,
        discovery_port: int = DISCOVERY_PORT,
    ) -> None:
        """Raises OSError when the port is taken."""
        self.host = host
        self._devices = tuple(devices)
        self._server = _Server((host, port), self._answer)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="onvif", daemon=True
        )
        named = [(device, self.address(device.id)) for device in self._devices]
        self.discovery = DiscoveryResponder(named, host, discovery_port)

    @property
    def base(self) -> str:
        return f"http://{self.host}:{self.port}"

    def address(self, device_id: str) -> str:
        """Of its device service."""
        return f"{self.base}/onvif/{device_id}/device_service"

    def start(self) -> None:
        self._thread.start()
        self.discovery.start()

    def stop(self) -> None:
        self.discovery.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, path: str, body: bytes) -> Answer:
        device = self._device(path)
        if device is None:
            return Answer(404, b"")
        try:
            asked = read_message(body)
        except BadMessageError as error:
            return Answer(400, fault("Sender", "WellFormed", str(error)))
        return device.answer(asked, self.base, datetime.now(UTC))

    def _device(self, path: str) -> OnvifDevice | None:
        if path == _FIRST:
            return next(iter(self._devices), None)
        return next((device for device in self._devices if path.startswith(f"/onvif/{device.id}/")), None)


_Answering = Callable[[str, bytes], Answer]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], answer: _Answering) -> None:
        self.answer = answer
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = _CLIENT_SECONDS
    server: _Server

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY:
            self.send_error(413)
            return
        answer = self.server.answer(self.path, self.rfile.read(int(length)))
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Who asks a simulated camera is of no interest."""
