"""Live video as fragmented MP4 over a WebSocket: what the wall of tiles uses."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime
from typing import Any

import structlog
from fastapi import APIRouter, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from ingest.video.frames import StreamName
from storage.models import Camera
from web.live.access import LiveViewerWebSocket, WatchedCameraWebSocket, log_live, stream_of, until_revoked
from web.live.hub import LiveHub, Viewing
from web.live.messages import clock_message, offline_message, start_message
from web.live.packaging import LiveFrame, LiveItem, LiveStart, Offline

log = structlog.get_logger(__name__)
router = APIRouter()

REVOKED = 4401
"""Close code: signed out, or the right was withdrawn."""
CLOCK_EVERY = 25
"""Pictures between two words about the time."""


class Messages:
    """What one viewer is sent for the items of the stream."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._frames = 0

    def of(self, items: list[LiveItem]) -> Iterator[str | bytes]:
        """Pictures that wait together go in one message."""
        waiting: list[bytes] = []
        for item in items:
            text = self._text(item)
            if text and waiting:
                yield b"".join(waiting)
                waiting.clear()
            if text:
                yield text
            if isinstance(item, LiveStart):
                yield item.init
            if isinstance(item, LiveFrame):
                waiting.append(item.fragment)
        if waiting:
            yield b"".join(waiting)

    def _text(self, item: LiveItem) -> str | None:
        if isinstance(item, Offline):
            return offline_message(item)
        if isinstance(item, LiveStart):
            self._frames = 0
            return start_message(item)
        self._frames += 1
        return clock_message(item, self._clock()) if self._frames % CLOCK_EVERY == 1 else None


@router.websocket("/live/{camera_id}/mse")
async def watch_by_mse(
    websocket: WebSocket, camera: WatchedCameraWebSocket, viewer: LiveViewerWebSocket, stream: StreamName = "sub"
) -> None:
    """Text messages as in `web.live.messages`, binary ones are MP4 for one SourceBuffer."""
    hub: LiveHub = websocket.app.state.live.hub
    await run_in_threadpool(log_live, websocket, websocket.app.state.services, viewer, camera.id)
    await websocket.accept()
    async with hub.watch(camera.id, stream_of(camera, stream)) as viewing:
        code = await _first(_send_all(websocket, viewing), _revocation(websocket, camera), _departure(websocket))
        log.debug("live_viewer_left", camera=camera.id, skips=viewing.skips)
    if code:
        await websocket.close(code)


async def _first(*ways_to_end: Coroutine[Any, Any, int | None]) -> int | None:
    """The close code of whatever ends first; None when the viewer has gone."""
    tasks = [asyncio.ensure_future(way) for way in ways_to_end]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    except WebSocketDisconnect:
        return None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send_all(websocket: WebSocket, viewing: Viewing) -> int:
    messages = Messages(websocket.app.state.services.clock)
    while True:
        for message in messages.of(await viewing.get()):
            if isinstance(message, str):
                await websocket.send_text(message)
            else:
                await websocket.send_bytes(message)


async def _revocation(websocket: WebSocket, camera: Camera) -> int:
    await until_revoked(websocket, camera.id)
    return REVOKED


async def _departure(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        continue
