"""One subscription per camera and stream, shared by all who watch it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import structlog

from ingest.video.frames import EncodedFrame, StreamInfo, StreamName
from ingest.video.relay import RelayError, UnknownCamera
from web.live.packaging import LiveFrame, LiveItem, LiveStart, Offline, Packager

log = structlog.get_logger(__name__)

Subscribe = Callable[[str, StreamName], AsyncGenerator[StreamInfo | EncodedFrame]]
LINGER_S = 5.0
"""How long a stream goes on without viewers: turning a page must not reconnect a camera."""
QUEUE_BYTES = 8 * 1024 * 1024
"""What a viewer may lag behind; then the viewer is set forward to the next keyframe."""
GROUP_BYTES = QUEUE_BYTES // 2
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0


class Viewing:
    """What one viewer has still to be sent."""

    def __init__(self, limit_bytes: int = QUEUE_BYTES) -> None:
        self._items: deque[LiveItem] = deque()
        self._bytes = 0
        self._limit = limit_bytes
        self._needs_keyframe = True
        self._filled = asyncio.Event()
        self._arrived = asyncio.Event()
        self.skips = 0
        """How often this viewer was too slow."""

    def put(self, item: LiveItem) -> None:
        if isinstance(item, LiveFrame):
            if self._needs_keyframe and not item.keyframe:
                return
            self._needs_keyframe = False
            if self._bytes + len(item.fragment) > self._limit:
                self._skip()
                return
            self._bytes += len(item.fragment)
        self._items.append(item)
        self._filled.set()
        self._arrived.set()

    async def get(self) -> list[LiveItem]:
        """Everything that waits, at least one item."""
        await self._filled.wait()
        items = list(self._items)
        self._items.clear()
        self._bytes = 0
        self._filled.clear()
        return items

    async def peek(self) -> list[LiveItem]:
        """What waits, as soon as it tells the stream's parameters, and without taking it."""
        while latest_start(list(self._items)) is None:
            self._arrived.clear()
            await self._arrived.wait()
        return list(self._items)

    def _skip(self) -> None:
        """Forgets the frames, keeps word of new parameters, and waits for a keyframe."""
        kept = [item for item in self._items if not isinstance(item, LiveFrame)]
        self._items = deque(kept)
        self._bytes = 0
        self._needs_keyframe = True
        self.skips += 1


class Source:
    """The stream of one camera: its last start, the frames since the last keyframe, and its viewers."""

    def __init__(self, camera_id: str, stream: StreamName, subscribe: Subscribe) -> None:
        self._name = (camera_id, stream)
        self._subscribe = subscribe
        self._packager = Packager()
        self._head: LiveItem | None = None
        self._group: list[LiveFrame] = []
        self._group_bytes = 0
        self._viewings: set[Viewing] = set()

    @property
    def watched(self) -> bool:
        return bool(self._viewings)

    def join(self, viewing: Viewing) -> None:
        self._viewings.add(viewing)
        for item in ([self._head] if self._head else []) + list[LiveItem](self._group):
            viewing.put(item)

    def leave(self, viewing: Viewing) -> None:
        self._viewings.discard(viewing)

    async def run(self) -> None:
        """Subscribes again and again until cancelled."""
        wait_s = FIRST_RETRY_S
        while True:
            try:
                if await self._run_once():
                    wait_s = FIRST_RETRY_S
            except RelayError as error:
                reason = Offline.NOT_RECORDED if isinstance(error, UnknownCamera) else Offline.RECORDER_DOWN
                log.info("live_stream_lost", stream=self._name, reason=reason, retry_s=wait_s)
                self._send(reason)
            except Exception:
                log.exception("live_stream_failed", stream=self._name)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LAST_RETRY_S)

    async def _run_once(self) -> bool:
        """Follows one subscription to its end; says whether anything came."""
        came = False
        async with aclosing(self._subscribe(*self._name)) as items:
            async for item in items:
                came = True
                for live in self._packager.accept(item):
                    self._send(live)
        return came

    def _send(self, item: LiveItem) -> None:
        self._remember(item)
        for viewing in self._viewings:
            viewing.put(item)

    def _remember(self, item: LiveItem) -> None:
        if not isinstance(item, LiveFrame):
            self._head, self._group, self._group_bytes = item, [], 0
            return
        if item.keyframe:
            self._group, self._group_bytes = [], 0
        elif not self._group:
            return
        self._group.append(item)
        self._group_bytes += len(item.fragment)
        if self._group_bytes > GROUP_BYTES:  # who joins now waits for the next keyframe
            self._group = []


class LiveHub:
    """The streams that somebody watches; belongs to one event loop."""

    def __init__(self, subscribe: Subscribe, linger_s: float = LINGER_S) -> None:
        self._subscribe = subscribe
        self._linger_s = linger_s
        self._sources: dict[tuple[str, StreamName], tuple[Source, asyncio.Task[None]]] = {}
        self._goodbyes: set[asyncio.Task[None]] = set()

    @property
    def streams(self) -> int:
        """How many subscriptions are open."""
        return len(self._sources)

    @asynccontextmanager
    async def watch(self, camera_id: str, stream: StreamName) -> AsyncIterator[Viewing]:
        """What the camera sends, from its last keyframe on, as long as the block lasts."""
        source = self._source(camera_id, stream)
        viewing = Viewing()
        source.join(viewing)
        try:
            yield viewing
        finally:
            source.leave(viewing)
            self._end_later((camera_id, stream))

    async def close(self) -> None:
        tasks = [task for _, task in self._sources.values()] + list(self._goodbyes)
        self._sources.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _source(self, camera_id: str, stream: StreamName) -> Source:
        found = self._sources.get((camera_id, stream))
        if found:
            return found[0]
        source = Source(camera_id, stream, self._subscribe)
        task = asyncio.create_task(source.run(), name=f"live {camera_id} {stream}")
        self._sources[camera_id, stream] = (source, task)
        return source

    def _end_later(self, name: tuple[str, StreamName]) -> None:
        goodbye = asyncio.create_task(self._end_if_unwatched(name))
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)

    async def _end_if_unwatched(self, name: tuple[str, StreamName]) -> None:
        await asyncio.sleep(self._linger_s)
        found = self._sources.get(name)
        if found is None or found[0].watched:
            return
        del self._sources[name]
        found[1].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await found[1]


def latest_start(items: list[LiveItem]) -> LiveStart | None:
    """The parameters in force after these items."""
    return next((item for item in reversed(items) if isinstance(item, LiveStart)), None)
