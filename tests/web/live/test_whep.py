import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import av
import httpx
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from hypothesis import given
from hypothesis import strategies as st

from storage.models import Role
from tests.sample import CAMERA
from tests.servers import LIMIT_S
from tests.web.live.camera import Scene, filmed
from tests.web.live.conftest import Site, Visitor, live_views
from tests.web.live.test_hub import Recorded
from web.live import peers as peers_module
from web.live.hub import LiveHub, Viewing
from web.live.packaging import Packager
from web.live.peers import Peers, UnsuitableStream
from web.live.timeline import TIMESCALE
from web.live.whep_track import CatchUp, PassThroughTrack

ADDRESS = f"/live/{CAMERA}/whep"
SDP = {"Content-Type": "application/sdp"}


@asynccontextmanager
async def browser() -> AsyncIterator[RTCPeerConnection]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def client(site: Site, visitor: Visitor) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=site.address, headers=visitor.headers, timeout=LIMIT_S) as opened:
        yield opened


async def for_ever() -> None:
    await asyncio.Event().wait()


async def offer(web: httpx.AsyncClient, connection: RTCPeerConnection) -> httpx.Response:
    return await web.post(ADDRESS, content=connection.localDescription.sdp, headers=SDP)


async def test_a_peer_gets_the_cameras_own_pictures(site: Site) -> None:
    async with client(site, site.visitor(Role.SUPERVISOR)) as web, browser() as connection:
        answer = await offer(web, connection)
        assert answer.status_code == 201, answer.text
        assert "H264" in answer.text
        assert "VP8" not in answer.text
        await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        (receiver,) = connection.getReceivers()
        async with asyncio.timeout(30):
            pictures = [await receiver.track.recv() for _ in range(15)]
        sizes = {(picture.width, picture.height) for picture in pictures if isinstance(picture, av.VideoFrame)}
        assert sizes == {(320, 180)}
        delay = (await web.get(answer.headers["Location"])).json()["delay_ms"]
        assert delay > 0


async def test_leaving_frees_the_connection_that_was_written_down_once(site: Site) -> None:
    async with client(site, site.visitor(Role.SUPERVISOR)) as web, browser() as connection:
        location = (await offer(web, connection)).headers["Location"]
        assert (await web.get(location)).status_code == 200
        assert live_views(site) == [(Role.SUPERVISOR, f"camera:{CAMERA}")]
        assert (await web.delete(location)).status_code == 204
        assert (await web.get(location)).status_code == 404


async def test_somebody_elses_connection_is_not_there(site: Site) -> None:
    async with client(site, site.visitor(Role.SUPERVISOR)) as web, browser() as connection:
        location = (await offer(web, connection)).headers["Location"]
        async with client(site, site.visitor(Role.ADMIN)) as other:
            assert (await other.get(location)).status_code == 404
            assert (await other.delete(location)).status_code == 404
        assert (await web.get(location)).status_code == 200


async def test_a_user_can_hold_only_so_many(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers_module, "PEERS_PER_USER", 1)
    async with client(site, site.visitor(Role.SUPERVISOR)) as web, browser() as one, browser() as other:
        assert (await offer(web, one)).status_code == 201
        refused = await offer(web, other)
    assert refused.status_code == 429


async def test_offers_at_the_same_moment_do_not_get_past_the_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers_module, "PEERS_PER_USER", 1)
    async with client(site, site.visitor(Role.SUPERVISOR)) as web, browser() as one, browser() as other:
        answers = await asyncio.gather(offer(web, one), offer(web, other))
        assert sorted(answer.status_code for answer in answers) == [201, 429]


async def test_a_connection_that_never_comes_about_is_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers_module, "CONNECT_S", 0.3)
    async with client(site, site.visitor(Role.SUPERVISOR)) as web, browser() as connection:
        location = (await offer(web, connection)).headers["Location"]
        async with asyncio.timeout(10):
            while (await web.get(location)).status_code == 200:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_an_anonymous_visitor_gets_nothing(site: Site, method: str) -> None:
    path = ADDRESS if method == "POST" else f"{ADDRESS}/some-id"
    assert httpx.request(method, site.address + path, headers=SDP).status_code == 401


def test_roles_halls_and_forgery_are_checked(site: Site) -> None:
    with site.client(Role.INSPECTOR) as web:
        assert web.post(ADDRESS, content="v=0", headers=SDP).status_code == 403
    with site.client(Role.SUPERVISOR) as web:
        assert web.post("/live/nh-cam-1/whep", content="v=0", headers=SDP).status_code == 404
        assert web.post(ADDRESS, content="v=0", headers={**SDP, "X-CSRF-Token": "wrong"}).status_code == 403
        assert (
            web.post(ADDRESS, content="v=0", headers={**SDP, "Origin": "http://elsewhere.example"}).status_code == 403
        )


def test_what_is_no_offer_is_refused_with_a_reason(site: Site) -> None:
    with site.client(Role.SUPERVISOR) as web:
        assert web.post(ADDRESS, json={}).status_code == 415
        assert web.post(ADDRESS, content="v=0\r\nnot sdp", headers=SDP).status_code == 422
        assert web.post(ADDRESS, content="v" * 70_000, headers=SDP).status_code == 413


@pytest.mark.parametrize("scene", [Scene(codec="hevc"), Scene(profile="High422", pixels="yuv422p")])
async def test_a_stream_that_does_not_fit_is_refused_before_anything_is_negotiated(scene: Scene) -> None:
    hub = LiveHub(Recorded(filmed(scene, 5)))
    peers = Peers(hub)
    with pytest.raises(UnsuitableStream):
        await peers.open(1, "known", "main", "", for_ever)
    await hub.close()
    assert len(peers) == 0


async def test_pictures_out_of_order_end_the_track_with_the_reason() -> None:
    viewing, packager = Viewing(), Packager()
    for item in filmed(Scene(profile="Main", b_frames=2), 12):
        for live in packager.accept(item):
            viewing.put(live)
    track = PassThroughTrack(viewing)
    with pytest.raises(MediaStreamError):
        await track.recv()
    assert track.ended_by == "b_frames"


def test_a_burst_at_the_start_is_shown_at_once() -> None:
    stamps = CatchUp(lambda: 0.0)
    given_stamps = [stamps.of(present) for present in range(0, 2 * TIMESCALE, TIMESCALE // 10)]
    assert given_stamps[-1] < TIMESCALE // 2


@given(st.lists(st.tuples(st.integers(0, TIMESCALE), st.floats(0, 1)), min_size=1))
def test_stamps_grow_and_never_run_ahead_of_the_clock(steps: list[tuple[int, float]]) -> None:
    now_s, present, first, last = 0.0, 0, 0, -1
    stamps = CatchUp(lambda: now_s)
    for index, (ticks, seconds) in enumerate(steps):
        now_s += seconds
        present += ticks + 1
        stamp = stamps.of(present)
        first = first or stamp
        assert stamp > last
        assert stamp - first <= now_s * TIMESCALE + CatchUp.SLACK + CatchUp.STEP * (index + 1)
        last = stamp
