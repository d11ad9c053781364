"""The relay over a real socket: joiners get the GOP first, the slow lose frames, nobody slows the recorder."""

import asyncio
import socket as sockets
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import timedelta
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.frames import EncodedFrame, StreamInfo, StreamName, from_us
from ingest.video.hub import QUEUE_BYTES, Hub
from ingest.video.relay import RelayError, RelayUnavailable, UnknownCamera, frames, subscribe
from ingest.video.relay_server import RelayServer
from ingest.video.relay_wire import HEADER, Request, body_length, decode_body, encode_message, encode_request
from tests.ingest.video.encoded import START, TIME_BASE
from tests.servers import LIMIT_S, wait_until

INFO = StreamInfo("h264", 64, 64, b"\x00\x00\x00\x01x", TIME_BASE)


def frame(number: int, keyframe: bool = False, size: int = 10) -> EncodedFrame:
    return EncodedFrame(bytes(size), number, number, START, keyframe)


class OneCamera:
    """Camera `c1` with both streams on one hub."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.users = 0

    def acquire(self, camera_id: str, stream: StreamName) -> Hub | None:
        if camera_id != "c1":
            return None
        self.users += 1
        return self.hub

    def release(self, camera_id: str, hub: Hub) -> None:
        self.users -= 1


@pytest.fixture
def camera() -> OneCamera:
    return OneCamera()


@pytest.fixture
def socket(tmp_path: Path, camera: OneCamera) -> Iterator[Path]:
    server = RelayServer(tmp_path / "run" / "relay.sock", camera)
    server.start()
    yield tmp_path / "run" / "relay.sock"
    server.stop()


async def test_a_joiner_gets_the_cached_gop_first_and_then_what_comes(socket: Path, camera: OneCamera) -> None:
    for item in (INFO, frame(0, True), frame(1)):
        camera.hub.publish(item)
    async with aclosing(subscribe(socket, "c1")) as items:
        assert [await anext(items) for _ in range(3)] == [INFO, frame(0, True), frame(1)]
        camera.hub.publish(frame(2))
        assert await anext(items) == frame(2)
    while camera.users:
        await asyncio.sleep(0.01)
    assert camera.hub.subscribers == 0


def test_a_thread_can_subscribe_to_keyframes(socket: Path, camera: OneCamera) -> None:
    for item in (INFO, frame(0, True), frame(1)):
        camera.hub.publish(item)
    items = frames(socket, "c1", "sub", keyframes_only=True, stop=threading.Event())
    assert list(islice(items, 2)) == [INFO, frame(0, True)]
    camera.hub.publish(frame(2))
    camera.hub.publish(frame(3, True))
    assert next(items) == frame(3, True)


def test_where_keyframes_are_rare_a_thread_gets_what_is_between_them(socket: Path, camera: OneCamera) -> None:
    sent = [replace(frame(number, number == 0), wall=START + timedelta(seconds=number)) for number in range(6)]
    camera.hub.publish(INFO)
    for item in sent:
        camera.hub.publish(item)
    items = frames(socket, "c1", keyframes_only=True, rare_s=4, stop=threading.Event())
    assert list(islice(items, 7)) == [INFO, *sent]


def test_a_thread_ends_when_it_is_told(socket: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert list(frames(socket, "c1", stop=stop)) == []


async def test_an_unknown_camera_is_refused(socket: Path) -> None:
    with pytest.raises(UnknownCamera, match="c2"):
        await anext(subscribe(socket, "c2"))


async def test_a_recorder_that_is_not_there_or_ends_is_said(tmp_path: Path, camera: OneCamera) -> None:
    path = tmp_path / "relay.sock"
    with pytest.raises(RelayUnavailable):
        await anext(subscribe(path, "c1"))
    server = RelayServer(path, camera)
    server.start()
    camera.hub.publish(INFO)
    async with aclosing(subscribe(path, "c1")) as items:
        assert await anext(items) == INFO
        await asyncio.to_thread(server.stop)
        with pytest.raises(RelayUnavailable):
            await anext(items)


def test_nonsense_is_refused(socket: Path) -> None:
    for line in (
        b"\n",
        b"[]\n",
        b'{"camera_id": 1}\n',
        b'{"camera_id":"c1","stream":"x"}\n',
        b'{"camera_id":"c1","rare_s":"x"}\n',
        b"x" * 10_000 + b"\n",
    ):
        with closing(sockets.socket(sockets.AF_UNIX)) as connection:
            connection.settimeout(5)
            connection.connect(str(socket))
            connection.sendall(line)
            assert connection.recv(1000)[:1] in (b"\x03", b"")


def _publish(hub: Hub, first: int, stop: int, pause_s: float = 0.0) -> None:
    for number in range(first, stop):
        hub.publish(frame(number, number % 50 == 0, QUEUE_BYTES // 100))
        time.sleep(pause_s)


def test_who_does_not_read_never_slows_the_camera_and_goes_on_at_a_keyframe(socket: Path, camera: OneCamera) -> None:
    with closing(sockets.socket(sockets.AF_UNIX)) as connection:
        connection.connect(str(socket))
        connection.sendall(encode_request(Request("c1")))
        wait_until(lambda: camera.hub.subscribers)
        camera.hub.publish(INFO)
        published = threading.Thread(target=_publish, args=(camera.hub, 0, 600), daemon=True)
        published.start()
        published.join(LIMIT_S)
        assert not published.is_alive(), "it waits for somebody who does not read"
        connection.settimeout(60)
        # The last of these may have been left out, to go on at a keyframe that is yet to come.
        threading.Thread(target=_publish, args=(camera.hub, 600, 800, 0.01), daemon=True).start()
        got = list(_received(connection, 800))
    numbers = [item.pts for item in got if isinstance(item, EncodedFrame)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 800
    assert numbers[-1] == 799
    after_jump = [later for before, later in pairwise(numbers) if later != before + 1]
    assert after_jump
    assert all(number % 50 == 0 for number in after_jump)


def _received(connection: sockets.socket, last: int) -> Iterator[StreamInfo | EncodedFrame]:
    with connection.makefile("rb") as file:
        while True:
            kind, length = body_length(file.read(HEADER.size))
            item = decode_body(kind, file.read(length))
            yield item
            if isinstance(item, EncodedFrame) and item.pts == last - 1:
                return


Walls = st.integers(0, 4_000_000_000_000_000).map(from_us)
Frames = st.builds(
    EncodedFrame,
    data=st.binary(max_size=50),
    pts=st.integers(-(2**63), 2**63 - 1),
    dts=st.integers(-(2**63), 2**63 - 1),
    wall=Walls,
    keyframe=st.booleans(),
    after_loss=st.booleans(),
)
Infos = st.builds(
    StreamInfo,
    codec=st.sampled_from(["h264", "hevc"]),
    width=st.integers(1, 16384),
    height=st.integers(1, 16384),
    extradata=st.binary(max_size=50),
    time_base=st.just(TIME_BASE),
    instead=st.booleans(),
)


@given(Frames | Infos)
def test_what_is_sent_arrives_unchanged(item: StreamInfo | EncodedFrame) -> None:
    message = encode_message(item)
    kind, length = body_length(message[: HEADER.size])
    assert length == len(message) - HEADER.size
    assert decode_body(kind, message[HEADER.size :]) == item


@given(st.integers(1, 2), st.binary(max_size=60))
def test_a_malformed_message_raises_and_nothing_else(kind: int, body: bytes) -> None:
    try:
        decode_body(kind, body)
    except RelayError:
        return
