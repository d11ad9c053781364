"""Who may watch a camera live, checked before anything opens and again while it lasts."""

import asyncio
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

import structlog
from fastapi import Depends, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from ingest.video.frames import StreamName
from storage.masks import masks_between
from storage.models import Camera
from web.access_log import log_access
from web.addresses import client_address
from web.auth import optional_viewer, require, require_websocket
from web.hiding import check_unmasked
from web.permissions import Permission
from web.scope import scoped_camera
from web.services import Services, ServicesDep
from web.viewer import Viewer

log = structlog.get_logger(__name__)

RECHECK_S = 30.0
"""How soon a stream ends after its viewer has signed out or lost the right."""


def watched_camera(
    camera_id: str,
    services: ServicesDep,
    viewer: Annotated[Viewer, Depends(require(Permission.LIVE))],
    purpose: str = "",
) -> Camera:
    """The camera of the address, if it lies in the viewer's scope. Raises NotFound.

    Live pictures are the camera's own: while it has privacy masks, it takes the permission to see under them and a
    stated `purpose`. Raises Forbidden and Unprocessable.
    """
    with services.database.transaction() as session:
        return _watched(session, viewer, camera_id, purpose, services.clock())


def watched_camera_websocket(
    camera_id: str,
    services: ServicesDep,
    viewer: Annotated[Viewer, Depends(require_websocket(Permission.LIVE))],
    purpose: str = "",
) -> Camera:
    """The same for a WebSocket."""
    with services.database.transaction() as session:
        return _watched(session, viewer, camera_id, purpose, services.clock())


def _watched(session: Session, viewer: Viewer, camera_id: str, purpose: str, now: datetime) -> Camera:
    camera = scoped_camera(session, viewer, camera_id)
    if masks_between(session, camera.id, now, now):
        check_unmasked(viewer, purpose)
    return camera


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
    now = services.clock()
    with services.database.transaction() as session:
        action = "live_unmasked" if masks_between(session, camera_id, now, now) else "live"
        stated = connection.query_params.get("purpose") or page
        log_access(session, viewer, action, f"camera:{camera_id}", stated, now, client_address(connection))


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
    now = services.clock()
    with services.database.transaction() as session:
        camera = session.get(Camera, camera_id)
        if camera is None or not viewer.may_see_hall(camera.hall_id):
            return False
        sees_under_masks = viewer.may(Permission.UNMASKED) and bool(connection.query_params.get("purpose", "").strip())
        return sees_under_masks or not masks_between(session, camera_id, now, now)
