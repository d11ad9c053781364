"""Server-sent events at /events: what changes in the halls that the viewer may see."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from storage.models import Role
from web.auth import optional_viewer, require
from web.changes import Entry, State
from web.events import EventHub, EventName, Listener
from web.permissions import Permission
from web.scope import may_see_alert, scoped_hall
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter(tags=["events"])

HEARTBEAT_S = 15.0
_NEEDED: dict[EventName, Permission] = {
    "presence": Permission.BOARD,
    "alert": Permission.ALERTS,
    "step": Permission.CASES,
    "camera": Permission.BOARD,
}
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

ListeningViewer = Annotated[Viewer, Depends(require(Permission.BOARD, Permission.ALERTS, Permission.CASES))]


@router.get("/events", response_class=StreamingResponse)
async def events(
    request: Request, services: ServicesDep, viewer: ListeningViewer, hall: str | None = None
) -> StreamingResponse:
    """Events as described in `web.events`; `hall` narrows them to one hall. Ends when the session does."""
    if hall is not None:
        await run_in_threadpool(_check_hall, services, viewer, hall)
    hub: EventHub = request.app.state.events
    stream = _stream(request, services, hub, hall)
    return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)


def _check_hall(services: Services, viewer: Viewer, hall_id: str) -> None:
    with services.database.transaction() as session:
        scoped_hall(session, viewer, hall_id)


async def _stream(request: Request, services: Services, hub: EventHub, hall: str | None) -> AsyncIterator[bytes]:
    listener = Listener(asyncio.get_running_loop())
    state = await run_in_threadpool(hub.listen, listener)
    viewer = await run_in_threadpool(optional_viewer, request, services)
    checked = time.monotonic()
    try:
        if viewer:
            yield _snapshot(state, viewer, hall)
        while viewer and not listener.ended:
            if time.monotonic() - checked >= HEARTBEAT_S:
                # Roles and scopes change, and people sign out: the stream follows within one heartbeat.
                viewer = await run_in_threadpool(optional_viewer, request, services)
                checked = time.monotonic()
                yield encode("beat", {})
            elif message := await _next_message(listener, hub, viewer, hall):
                yield message
    finally:
        hub.leave(listener)


async def _next_message(listener: Listener, hub: EventHub, viewer: Viewer, hall: str | None) -> bytes | None:
    """None when nothing came for a while, or nothing that this viewer may see."""
    try:
        event = await asyncio.wait_for(listener.queue.get(), HEARTBEAT_S)
    except TimeoutError:
        return None
    if event is None:
        return _snapshot(hub.state(), viewer, hall)
    return encode(event.name, event.entry.data) if may_see(viewer, event.name, event.entry, hall) else None


def may_see(viewer: Viewer, name: EventName, entry: Entry, hall: str | None) -> bool:
    if name == "alert" and entry.hall_id is None:
        return may_see_alert(viewer, None)
    if not viewer.may(_NEEDED[name]) or (hall is not None and entry.hall_id != hall):
        return False
    if name == "step" and viewer.role is Role.DEPARTMENT and entry.department_id != viewer.department_id:
        return False
    return viewer.halls is None or (entry.hall_id is not None and entry.hall_id in viewer.halls)


def _snapshot(state: State, viewer: Viewer, hall: str | None) -> bytes:
    def visible(name: EventName, entries: Iterable[Entry]) -> list[Mapping[str, Any]]:
        return [entry.data for entry in entries if may_see(viewer, name, entry, hall)]

    return encode(
        "snapshot",
        {
            "presence": visible("presence", state.presence.values()),
            "alerts": visible("alert", state.alerts.values()),
            "cameras": visible("camera", state.cameras.values()),
        },
    )


def encode(name: EventName, data: Mapping[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
