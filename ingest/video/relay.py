"""Subscribing to a camera's packets, from asyncio or from a thread.

The first item is a StreamInfo, then the frames from the last keyframe on, then what the camera sends. Nothing comes
while the camera is not connected. A slow subscriber is set forward to the next keyframe; it never slows the recorder.
"""

import asyncio
import socket as sockets
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from pathlib import Path

from ingest.video.frames import EncodedFrame, StreamInfo, StreamName
from ingest.video.relay_wire import (
    HEADER,
    RelayError,
    RelayUnavailable,
    Request,
    UnknownCamera,
    body_length,
    decode_body,
    encode_request,
)

__all__ = ["RelayError", "RelayUnavailable", "UnknownCamera", "frames", "subscribe"]

STOP_CHECK_S = 0.25


async def subscribe(
    socket: Path, camera_id: str, stream: StreamName = "main", keyframes_only: bool = False
) -> AsyncGenerator[StreamInfo | EncodedFrame, None]:
    """The packets of a camera until the consumer stops (close the generator: `contextlib.aclosing`).

    Raises RelayUnavailable when the recorder is not there or ends, UnknownCamera when it has no such camera.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError as error:
        raise RelayUnavailable(f"{socket}: {error.strerror}") from error
    try:
        writer.write(encode_request(Request(camera_id, stream, keyframes_only)))
        while True:
            kind, length = body_length(await reader.readexactly(HEADER.size))
            yield decode_body(kind, await reader.readexactly(length))
    except (asyncio.IncompleteReadError, OSError) as error:
        raise RelayUnavailable(f"{socket}: the recorder closed the connection") from error
    finally:
        writer.close()


def frames(
    socket: Path,
    camera_id: str,
    stream: StreamName = "main",
    keyframes_only: bool = False,
    rare_s: float = 0.0,
    *,
    stop: threading.Event,
) -> Iterator[StreamInfo | EncodedFrame]:
    """The same for a thread; ends within a quarter second of `stop` being set. Raises as `subscribe` does.

    `rare_s`: of keyframes alone, groups of pictures that last longer come whole; 0: none.
    """
    with closing(sockets.socket(sockets.AF_UNIX)) as connection:
        connection.settimeout(STOP_CHECK_S)
        try:
            connection.connect(str(socket))
            connection.sendall(encode_request(Request(camera_id, stream, keyframes_only, rare_s)))
        except OSError as error:
            raise RelayUnavailable(f"{socket}: {error.strerror}") from error
        while (header := _receive(connection, HEADER.size, stop)) is not None:
            kind, length = body_length(header)
            body = _receive(connection, length, stop)
            if body is None:
                return
            yield decode_body(kind, body)


def _receive(connection: sockets.socket, size: int, stop: threading.Event) -> bytes | None:
    """Exactly `size` bytes, or None when `stop` is set first."""
    received = bytearray(size)
    view = memoryview(received)
    filled = 0
    while filled < size:
        if stop.is_set():
            return None
        try:
            count = connection.recv_into(view[filled:])
        except TimeoutError:
            continue
        except OSError as error:
            raise RelayUnavailable(f"the recorder closed the connection: {error.strerror}") from error
        if not count:
            raise RelayUnavailable("the recorder closed the connection")
        filled += count
    return bytes(received)
