"""Peer connections: negotiated, counted per user, ended when their viewer is gone."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.exceptions import InvalidStateError

from ingest.video.frames import StreamName
from web.errors import NotFound, TooManyAttempts, Unavailable, Unprocessable, WebError
from web.live.codecs import peer_problem
from web.live.hub import LiveHub, Viewing, latest_start
from web.live.packaging import LiveFrame
from web.live.whep_track import PassThroughTrack

log = structlog.get_logger(__name__)

PEERS_PER_USER = 6
FIRST_PICTURE_S = 6.0
CONNECT_S = 20.0


class UnsuitableStream(WebError):
    """This stream cannot go through a peer connection; take the other way (MSE) or the sub-stream."""

    status = 415
    code = "stream_unsuitable"


class TooManyPeers(TooManyAttempts):
    """Too many focused pictures are open. Close one of them."""

    code = "too_many_peers"


@dataclass(eq=False)
class Peer:
    """One viewer's connection. `close` ends everything that it holds and may be called twice."""

    id: str
    user_id: int
    camera_id: str
    connection: RTCPeerConnection
    track: PassThroughTrack
    answer: str = ""
    resources: AsyncExitStack = field(default_factory=AsyncExitStack)

    def delay_ms(self, now: datetime) -> float | None:
        """How old the newest picture was at most when it was sent."""
        sent: LiveFrame | None = self.track.last_sent
        return None if sent is None else (now - sent.wall).total_seconds() * 1000

    async def close(self) -> None:
        self.track.stop()
        await self.connection.close()
        await self.resources.aclose()


class Peers:
    """All peer connections of this process; belongs to one event loop."""

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub
        self._peers: dict[str, Peer] = {}
        self._opening: list[int] = []
        """The users whose offers are being answered, which takes a while."""
        self._guards: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._peers)

    async def open(
        self, user_id: int, camera_id: str, stream: StreamName, offer: str, until_revoked: Callable[[], Awaitable[None]]
    ) -> Peer:
        """Answers an SDP offer. Raises UnsuitableStream, TooManyPeers, Unavailable, Unprocessable."""
        with self._one_more_of(user_id):
            peer = await self._answered(user_id, camera_id, stream, offer)
            self._keep(peer, until_revoked)
        return peer

    @contextmanager
    def _one_more_of(self, user_id: int) -> Iterator[None]:
        """Offers that are being answered count, too. Raises TooManyPeers."""
        open_now = sum(peer.user_id == user_id for peer in self._peers.values())
        if open_now + self._opening.count(user_id) >= PEERS_PER_USER:
            raise TooManyPeers
        self._opening.append(user_id)
        try:
            yield
        finally:
            self._opening.remove(user_id)

    async def _answered(self, user_id: int, camera_id: str, stream: StreamName, offer: str) -> Peer:
        async with AsyncExitStack() as stack:
            viewing = await stack.enter_async_context(self._hub.watch(camera_id, stream))
            await _check_suitable(viewing)
            connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            stack.push_async_callback(connection.close)
            track = PassThroughTrack(viewing)
            peer = Peer(secrets.token_urlsafe(24), user_id, camera_id, connection, track)
            peer.answer = await _answer(connection, track, offer)
            peer.resources = stack.pop_all()
        return peer

    def of_user(self, user_id: int, peer_id: str) -> Peer:
        """Raises NotFound for another user's connection as for none."""
        peer = self._peers.get(peer_id)
        if peer is None or peer.user_id != user_id:
            raise NotFound
        return peer

    async def end(self, peer: Peer) -> None:
        if self._peers.pop(peer.id, None):
            log.info("live_peer_closed", camera=peer.camera_id, left=len(self._peers), ended_by=peer.track.ended_by)
        await peer.close()

    async def close(self) -> None:
        for guard in list(self._guards):
            guard.cancel()
        await asyncio.gather(*self._guards, return_exceptions=True)
        await asyncio.gather(*(self.end(peer) for peer in list(self._peers.values())))

    def _keep(self, peer: Peer, until_revoked: Callable[[], Awaitable[None]]) -> None:
        self._peers[peer.id] = peer
        log.info("live_peer_opened", camera=peer.camera_id, open=len(self._peers))
        guard = asyncio.create_task(self._guard(peer, until_revoked), name=f"live peer {peer.camera_id}")
        self._guards.add(guard)
        guard.add_done_callback(self._guards.discard)

    async def _guard(self, peer: Peer, until_revoked: Callable[[], Awaitable[None]]) -> None:
        """Ends the peer when it does not connect, disconnects, its track ends or its viewer loses the right."""
        ends = [asyncio.ensure_future(_ended(peer).wait()), asyncio.ensure_future(until_revoked())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        await self.end(peer)


async def _check_suitable(viewing: Viewing) -> None:
    """Looks at the first parameters without taking frames from the track. Raises UnsuitableStream, Unavailable."""
    try:
        async with asyncio.timeout(FIRST_PICTURE_S):
            start = latest_start(await viewing.peek())
    except TimeoutError:
        start = None
    if start is None:
        raise Unavailable("No picture comes from this camera now.")
    reason = peer_problem(start.sets)
    if reason:
        raise UnsuitableStream(f"{UnsuitableStream.__doc__} ({reason})")


async def _answer(connection: RTCPeerConnection, track: PassThroughTrack, offer: str) -> str:
    connection.addTrack(track)
    (transceiver,) = connection.getTransceivers()
    codecs = RTCRtpSender.getCapabilities("video").codecs
    # Before the offer is applied: afterwards VP8 has been chosen and the picture stays black without an error.
    transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/H264"])
    try:
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
    except (ValueError, InvalidStateError, KeyError, IndexError, AssertionError) as error:
        raise Unprocessable(f"The offer cannot be answered: {error}") from error
    answer: str = connection.localDescription.sdp
    if "H264" not in answer:
        raise UnsuitableStream("This browser offers no H.264.")
    return answer


def _ended(peer: Peer) -> asyncio.Event:
    ended = asyncio.Event()

    def on_state_change() -> None:
        if peer.connection.connectionState in ("closed", "failed"):
            ended.set()

    def on_timeout() -> None:
        if peer.connection.connectionState != "connected":
            ended.set()

    peer.connection.on("connectionstatechange", on_state_change)
    peer.track.on("ended", ended.set)
    asyncio.get_running_loop().call_later(CONNECT_S, on_timeout)
    return ended
