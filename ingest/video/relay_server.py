"""The relay: a Unix socket on which other processes subscribe to a camera's packets."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog

from ingest.video.frames import StreamName
from ingest.video.hub import Hub, Item, StreamEnd, TakerQueue
from ingest.video.relay_wire import MAX_REQUEST, Request, decode_request, encode_message, encode_refusal
from ingest.video.sparse import SparseQueue

WRITE_BUFFER = 256 * 1024
"""Bytes that wait in the socket's own buffer; what is more waits in the taker's queue, where it can be dropped."""

log = structlog.get_logger(__name__)


class Streams(Protocol):
    """Where the relay gets its packets from."""

    def acquire(self, camera_id: str, stream: StreamName) -> Hub | None:
        """The stream's hub, started if need be; None if there is no such camera. Must not block."""

    def release(self, camera_id: str, hub: Hub) -> None:
        """Once for each `acquire` that gave this hub."""


class RelayServer:
    """Runs in a thread of its own, so that no subscriber ever waits for a camera or the other way round."""

    def __init__(self, socket: Path, streams: Streams) -> None:
        self._socket, self._streams = socket, streams
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._listening = threading.Event()
        self._failure: OSError | None = None
        self._subscribers: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Returns when the socket accepts connections. Raises OSError when it cannot."""
        self._socket.parent.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        self._thread.start()
        self._listening.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Closes every subscription."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        self._socket.unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            asyncio.run(self._listen())
        except OSError as error:
            self._failure = error
        finally:
            self._listening.set()

    async def _listen(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_unix_server(self._accept, str(self._socket), limit=MAX_REQUEST)
        self._socket.chmod(0o600)
        self._listening.set()
        await self._stopping.wait()
        server.close()
        for task in self._subscribers:
            task.cancel()
        await asyncio.gather(*self._subscribers, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._subscribers.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the subscriber or the recorder has gone
        except Exception:
            log.exception("relay_subscriber_failed")
        finally:
            self._subscribers.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = decode_request(await reader.readline())
        except ValueError as error:
            writer.write(encode_refusal(f"request not understood: {error}"))
            return
        while (hub := self._streams.acquire(request.camera_id, request.stream)) is not None:
            try:
                ended = await self._deliver(request, hub, reader, writer)
            finally:
                self._streams.release(request.camera_id, hub)
            if not ended:
                return
        writer.write(encode_refusal(f"no camera {request.camera_id}"))

    async def _deliver(
        self, request: Request, hub: Hub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the stream has ended while the subscriber is still there; what replaces it may be had."""
        writer.transport.set_write_buffer_limits(high=WRITE_BUFFER)
        taker = _Taker(request)
        sink = _from_any_thread(asyncio.get_running_loop(), taker.offer)
        unsubscribe = hub.subscribe(sink, live=not request.keyframes_only)
        sending = asyncio.create_task(taker.send_to(writer))
        gone = asyncio.create_task(reader.read(1))
        try:
            done, _ = await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return gone not in done
        finally:
            unsubscribe()
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)


class _Taker:
    """A subscriber's queue and its sender, both in the relay's loop."""

    def __init__(self, request: Request) -> None:
        self._queue = SparseQueue(request.rare_s) if request.keyframes_only else TakerQueue()
        self._filled = asyncio.Event()

    def offer(self, item: Item) -> None:
        self._queue.offer(item)
        self._filled.set()

    async def send_to(self, writer: asyncio.StreamWriter) -> None:
        """Returns when the stream has ended."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while (item := self._queue.take()) is not None:
                if isinstance(item, StreamEnd):
                    return
                writer.write(encode_message(item))
                await writer.drain()


def _from_any_thread(loop: asyncio.AbstractEventLoop, offer: Callable[[Item], None]) -> Callable[[Item], None]:
    def sink(item: Item) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(offer, item)

    return sink
