"""A served site with one real camera: RTSP → recorder → relay → web, in this process."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx
import pytest
from sqlmodel import col, select

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_server import RtspServer
from ingest.video.recorder import CameraFeed, RecorderNode, RecorderSettings
from storage.models import AccessEntry, Role, User
from tests.sample import CAMERA
from tests.servers import LIMIT_S, free_port, wait_until
from web import sessions
from web.services import Services
from web.settings import WebSettings
from web.web_server import WebServer


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """Live video is about now."""
    return lambda: datetime.now(UTC)


@pytest.fixture
def camera() -> Iterator[RtspServer]:
    """Serves /main; stop it to lose the camera."""
    with RtspServer() as server, ClockCamera(server.mount("/main"), width=320, height=180):
        yield server


@pytest.fixture
def feeds(camera: RtspServer) -> list[CameraFeed]:
    """What the recorder records; may be changed while it runs."""
    return [CameraFeed(CAMERA, camera.url("/main"))]


@pytest.fixture
def recorder(services: Services, feeds: list[CameraFeed]) -> Iterator[RecorderNode]:
    settings = RecorderSettings(services.settings.spool, services.relay_socket, poll_seconds=0.5)
    node = RecorderNode(services.database, services.store, settings, lambda: list(feeds))
    node.start()
    yield node
    node.stop()


@dataclass(frozen=True)
class Visitor:
    """A signed-in browser's cookie and token."""

    cookie: str
    csrf: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{sessions.COOKIE}={self.cookie}", "X-CSRF-Token": self.csrf}


@dataclass(frozen=True)
class Site:
    address: str
    services: Services

    def visitor(self, role: Role) -> Visitor:
        with self.services.database.transaction() as session:
            user = session.get_one(User, list(Role).index(role) + 1)
            opened = sessions.open_session(session, user.id or 0, self.services.clock())
        return Visitor(opened.token, opened.csrf)

    def client(self, role: Role) -> httpx.Client:
        return httpx.Client(base_url=self.address, headers=self.visitor(role).headers, timeout=LIMIT_S)

    @property
    def websocket(self) -> str:
        return self.address.replace("http", "ws")


@pytest.fixture
def site(services: Services, recorder: RecorderNode) -> Iterator[Site]:
    port = free_port()
    settings = services.settings.model_copy(update={"web": WebSettings(listen=f"127.0.0.1:{port}")})
    served = replace(services, settings=settings)
    server = WebServer(served, lambda: None)
    server.start()
    wait_until(lambda: _listens(port))
    yield Site(f"http://127.0.0.1:{port}", served)
    server.stop()


def live_views(site: Site) -> list[tuple[Role, str]]:
    """Who watched what, by the access log, oldest first."""
    with site.services.database.transaction() as session:
        found = select(User.role, AccessEntry.subject).join(User, col(User.id) == col(AccessEntry.user_id))
        views = session.exec(found.where(AccessEntry.action == "live").order_by(col(AccessEntry.id)))
        return [(Role(role), subject) for role, subject in views]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
