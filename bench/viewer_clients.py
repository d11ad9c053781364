"""Those who watch in `bench.viewers`: one who reads the clock in what it gets, and a crowd that looks at nothing."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import Any

import av
import httpx
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcrtpreceiver
from aiortc.codecs.base import Decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from websockets.asyncio.client import connect
from websockets.typing import Origin

from ingest.simulator.clock_code import read_clock
from web import sessions

CAMERA = "c0"
SIZE, FPS = "640x360", 25
SETTLE_S = 4.0
THERE = "there"


async def watch(way: str, address: str, cookie: str, seconds: float) -> list[float]:
    """The ages of the pictures, in milliseconds."""
    return await _WAYS[way](address, cookie, seconds, _say_there)


async def crowd(way: str, address: str, cookies: list[str], count: int) -> None:
    """Viewers who take every picture and look at none, until they are ended."""
    rtcrtpreceiver.__dict__["get_decoder"] = lambda _: _Blind()
    left = count

    def one_more() -> None:
        nonlocal left
        left -= 1
        if not left:
            _say_there()

    if not count:
        _say_there()
    await asyncio.gather(*(_WAYS[way](address, cookies[n % len(cookies)], None, one_more) for n in range(count)))


def ages_of(came: Sequence[tuple[float, bytes]]) -> list[float]:
    """Of fragmented MP4, in milliseconds; `came`: when, and what: the header, or pieces of pictures or of many."""
    with av.open(BytesIO(b"".join(data for _, data in came)), "r") as container:
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    shown = [read_clock(picture) for picture in pictures]
    # What was waiting when the viewer came is older.
    ages = [(at - s.timestamp()) * 1000 for at, s in zip(_completed(came), shown, strict=False) if s is not None]
    return ages[int(FPS * SETTLE_S) :]


def _completed(came: Sequence[tuple[float, bytes]]) -> Iterator[float]:
    """When the last byte of each `mdat` came."""
    whole = b"".join(data for _, data in came)
    ends = iter(came)
    at, here, there = 0.0, 0, 0
    while here + 8 <= len(whole):
        size, kind = int.from_bytes(whole[here : here + 4]), whole[here + 4 : here + 8]
        here += size
        while there < min(here, len(whole)):
            at, data = next(ends)
            there += len(data)
        if kind == b"mdat" and here <= len(whole):
            yield at


def _say_there() -> None:
    print(THERE, flush=True)


async def _watch_mse(address: str, cookie: str, seconds: float | None, there: Callable[[], None]) -> list[float]:
    """`seconds`: None for one of the crowd."""
    came: list[tuple[float, bytes]] = []
    headers = {"Cookie": f"{sessions.COOKIE}={cookie}"}
    url = f"{address.replace('http', 'ws')}/live/{CAMERA}/mse?stream=main"
    async with connect(url, origin=Origin(address), additional_headers=headers, proxy=None, max_size=None) as socket:
        there()
        end = time.time() + seconds if seconds else None
        while end is None or time.time() < end:
            message = await socket.recv()
            if end and isinstance(message, bytes):
                came.append((time.time(), message))
    return ages_of(came)


async def _watch_whep(address: str, cookie: str, seconds: float | None, there: Callable[[], None]) -> list[float]:
    """`seconds`: None for one of the crowd."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    async with httpx.AsyncClient(base_url=address, cookies={sessions.COOKIE: cookie}, timeout=60) as web:
        csrf = (await web.get("/api/v1/me")).json()["csrf"]
        headers = {"Content-Type": "application/sdp", "X-CSRF-Token": csrf}
        answer = await web.post(f"/live/{CAMERA}/whep", content=connection.localDescription.sdp, headers=headers)
        answer.raise_for_status()
    await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
    return await _received(connection, seconds, there)


async def _watch_janus(address: str, _: str, seconds: float | None, there: Callable[[], None]) -> list[float]:
    """By the HTTP API of Janus and its streaming plugin: the server offers."""
    async with httpx.AsyncClient(timeout=60) as web:

        async def asked(url: str, janus: str, **more: object) -> dict[str, Any]:
            answer = await web.post(url, json={"janus": janus, "transaction": "t", **more})
            told: dict[str, Any] = answer.json()
            if told["janus"] not in ("success", "ack"):
                raise RuntimeError(f"Janus does not take {janus}: {told}")
            return told

        session = f"{address}/janus/{(await asked(f'{address}/janus', 'create'))['data']['id']}"
        attached = await asked(session, "attach", plugin="janus.plugin.streaming")
        handle = f"{session}/{attached['data']['id']}"
        await asked(handle, "message", body={"request": "watch", "id": 1})
        offer = None
        while offer is None:
            event = (await web.get(session)).json()
            if "error" in event.get("plugindata", {}).get("data", {}):
                raise RuntimeError(f"Janus has no stream: {event}")
            offer = event.get("jsep")
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        await connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        jsep = {"type": "answer", "sdp": connection.localDescription.sdp}
        await asked(handle, "message", body={"request": "start"}, jsep=jsep)

        async def kept_alive() -> None:
            while True:
                await web.get(session)

        keeping = asyncio.create_task(kept_alive())
        try:
            return await _received(connection, seconds, there)
        finally:
            keeping.cancel()


async def _received(connection: RTCPeerConnection, seconds: float | None, there: Callable[[], None]) -> list[float]:
    (receiver,) = connection.getReceivers()
    there()
    if seconds is None:
        await asyncio.Event().wait()
        return []
    ages: list[float] = []
    end = time.time() + seconds
    while time.time() < end:
        try:
            picture = await receiver.track.recv()
        except MediaStreamError:
            break
        if isinstance(picture, av.VideoFrame):
            arrived, shown = time.time(), read_clock(picture.to_ndarray(format="bgr24"))
            if shown is not None:
                ages.append((arrived - shown.timestamp()) * 1000)
    await connection.close()
    return ages[int(FPS * SETTLE_S) :]


class _Blind(Decoder):
    """Decodes nothing."""

    def decode(self, encoded_frame: JitterFrame) -> list[Any]:
        return []


_WAYS = {"mse": _watch_mse, "whep": _watch_whep, "janus": _watch_janus}
