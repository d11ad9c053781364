"""uvicorn in a thread, so that every role starts and stops in the same way."""

import threading
from collections.abc import Callable

import structlog
import uvicorn

from web.app import create_app
from web.services import Services

log = structlog.get_logger(__name__)

_GRACE_S = 8
"""Longer than an offer waits for the first picture."""


class WebServer:
    """Serves the pages until stopped. `on_end` is called when it ends by itself, e.g. because the port is taken."""

    def __init__(self, services: Services, on_end: Callable[[], None]) -> None:
        web = services.settings.web
        self._app = create_app(services)
        config = uvicorn.Config(
            self._app,
            host=web.host,
            port=web.port,
            ws="websockets-sansio",
            # Video does not get smaller, and compressing it would cost more than sending it.
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            server_header=False,
            # Else anybody could claim any address, and so escape the limit on failed attempts to sign in.
            proxy_headers=bool(web.trusted_proxies),
            forwarded_allow_ips=list(web.trusted_proxies),
            # A download may take longer than anybody wants to wait.
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = uvicorn.Server(config)
        self._on_end = on_end
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._app.state.events.end_streams()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._server.run()
        except SystemExit as end:  # uvicorn's way of saying that it could not listen
            log.error("web_could_not_start", status=end.code)
        finally:
            self._on_end()
