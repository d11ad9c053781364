"""Who may watch a camera live, checked before anything opens and again while it lasts."""

import asyncio
from typing import Annotated
from urllib.parse import urlsplit

import structlog
from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from ingest.video.frames import StreamName
from storage.models import Camera
from web.access_log import log_access
from web.addresses import client_address
from web.auth import optional_viewer, require, require_websocket
from web.permissions import Permission
from web.scope import scoped_camera
from web.services import Services, ServicesDep
from web.viewer import Viewer

log = structlog.get_logger(__name__)

RECHECK_S = 30.0
"""How soon a stream ends after its viewer has signed out or lost the right."""


def watched_camera(
    camera_id: str, services: ServicesDep, viewer: Annotated[Viewer, Depends(require(Permission.LIVE))]
) -> Camera:
    """The camera of the address, if it lies in the viewer's scope. Raises NotFound."""
    with services.database.transaction() as session:
        return scoped_camera(session, viewer, camera_id)


def watched_camera_websocket(
    camera_id: str, services: ServicesDep, viewer: Annotated[Viewer, Depends(require_websocket(Permission.LIVE))]
) -> Camera:
    """The same for a WebSocket."""
    with services.database.transaction() as session:
        return scoped_camera(session, viewer, camera_id)


LiveViewer = Annotated[Viewer, Depends(require(Permission.LIVE))]
LiveViewerWebSocket = Annotated[Viewer, Depends(require_websocket(Permission.LIVE))]
WatchedCamera = Annotated[Camera, Depends(watched_camera)]
WatchedCameraWebSocket = Annotated[Camera, Depends(watched_camera_websocket)]


def stream_of(camera: Camera, wanted: StreamName) -> StreamName:
    """The stream to subscribe to: a camera without sub-stream is shared as its main stream."""
    return wanted if camera.sub_url else "main"


def log_live(connection: HTTPConnection, services: Services, viewer: Viewer, camera_id: str) -> None:
    """Writes down one live view; called once per connection, before a picture is sent. Uses the database."""
    page = urlsplit(connection.headers.get("referer", "")).path
    with services.database.transaction() as session:
        address = client_address(connection)
        log_access(session, viewer, "live", f"camera:{camera_id}", page, services.clock(), address)


async def until_revoked(connection: Request | WebSocket, camera_id: str) -> None:
    """Returns when the viewer may no longer watch this camera."""
    services: Services = connection.app.state.services
    while await run_in_threadpool(_may_watch, connection, services, camera_id):
        await asyncio.sleep(RECHECK_S)
    log.info("live_access_revoked", camera=camera_id)


def _may_watch(connection: HTTPConnection, services: Services, camera_id: str) -> bool:
    viewer = optional_viewer(connection, services)
    if viewer is None or not viewer.may(Permission.LIVE):
        return False
    with services.database.transaction() as session:
        camera = session.get(Camera, camera_id)
        return camera is not None and viewer.may_see_hall(camera.hall_id)
