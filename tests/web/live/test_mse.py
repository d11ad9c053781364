import asyncio
import io
import json
from datetime import UTC, datetime
from typing import Any

import av
import pytest
from sqlmodel import select
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from ingest.simulator.clock_code import read_clock
from storage.models import AccessEntry, PrivacyMask, Role
from tests.sample import CAMERA
from tests.web.live.conftest import Site, live_views
from web import sessions
from web.live import access


def watch(site: Site, role: Role, camera: str = CAMERA, origin: str | None = None) -> connect:
    address = f"{site.websocket}/live/{camera}/mse?stream=main"
    return connect(
        address, origin=Origin(origin or site.address), additional_headers=site.visitor(role).headers, proxy=None
    )


async def received(site: Site, fragments: int) -> tuple[list[dict[str, Any]], bytes]:
    """What a supervisor's browser gets, up to so many binary messages."""
    texts: list[dict[str, Any]] = []
    binary: list[bytes] = []
    async with asyncio.timeout(30), watch(site, Role.SUPERVISOR) as socket:
        while len(binary) < fragments:
            message = await socket.recv()
            if isinstance(message, str):
                texts.append(json.loads(message))
            else:
                binary.append(message)
    return texts, b"".join(binary)


async def test_a_browser_gets_parameters_then_pictures_of_this_moment(site: Site) -> None:
    asked = datetime.now(UTC)
    texts, mp4 = await received(site, 30)
    start = next(text for text in texts if text["type"] == "start")
    assert (start["width"], start["height"]) == (320, 180)
    assert start["codecs"].startswith("avc1.")
    with av.open(io.BytesIO(mp4), "r") as container:
        pictures = list(container.decode(video=0))
    shown = read_clock(pictures[-1].to_ndarray(format="bgr24"))
    assert shown is not None
    assert shown > asked


async def test_the_wall_time_of_a_media_time_is_that_in_the_picture(site: Site) -> None:
    texts, mp4 = await received(site, 30)
    clock = next(text for text in texts if text["type"] == "clock")
    with av.open(io.BytesIO(mp4), "r") as container:
        picture = next(iter(container.decode(video=0)))
    burnt_in = read_clock(picture.to_ndarray(format="bgr24"))
    assert burnt_in is not None
    told_ms = clock["wall_ms"] + (float(picture.time or 0) - clock["media_s"]) * 1000
    assert abs(told_ms - burnt_in.timestamp() * 1000) < 250


@pytest.mark.parametrize(("role", "status"), [(Role.INSPECTOR, 403), (Role.DEPARTMENT, 403)])
async def test_who_may_not_watch_is_refused_before_anything_opens(site: Site, role: Role, status: int) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with watch(site, role):
            pass
    assert refusal.value.response.status_code == status


async def test_an_anonymous_browser_is_refused(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(f"{site.websocket}/live/{CAMERA}/mse", origin=Origin(site.address), proxy=None):
            pass
    assert refusal.value.response.status_code == 401


async def test_another_halls_camera_is_not_there(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with watch(site, Role.SUPERVISOR, camera="nh-cam-1"):
            pass
    assert refusal.value.response.status_code == 404


async def test_another_sites_page_may_not_use_our_cookie(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with watch(site, Role.SUPERVISOR, origin="http://elsewhere.example"):
            pass
    assert refusal.value.response.status_code == 403


async def test_a_camera_that_is_not_recorded_is_told_and_the_connection_stays(site: Site) -> None:
    async with asyncio.timeout(20), watch(site, Role.ADMIN, camera="nh-cam-1") as socket:
        assert json.loads(await socket.recv()) == {"type": "offline", "reason": "not_recorded"}


async def test_each_connection_is_written_down_once(site: Site) -> None:
    for connections in (1, 2):
        async with asyncio.timeout(20), watch(site, Role.SUPERVISOR) as socket:
            await socket.recv()
        assert live_views(site) == [(Role.SUPERVISOR, f"camera:{CAMERA}")] * connections


async def test_a_refused_connection_is_no_live_view(site: Site) -> None:
    with pytest.raises(InvalidStatus):
        async with watch(site, Role.INSPECTOR):
            pass
    assert live_views(site) == []


async def test_signing_out_ends_the_stream(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "RECHECK_S", 0.2)
    visitor = site.visitor(Role.SUPERVISOR)
    address = f"{site.websocket}/live/{CAMERA}/mse"
    async with connect(address, origin=Origin(site.address), additional_headers=visitor.headers, proxy=None) as socket:
        await socket.recv()
        with site.services.database.transaction() as session:
            sessions.close_session(session, visitor.cookie)
        with pytest.raises(ConnectionClosed) as closed:
            await drain(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_a_mask_that_is_drawn_ends_the_stream_of_who_may_not_see_under_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "RECHECK_S", 0.2)
    address, origin = f"{site.websocket}/live/{CAMERA}/mse", Origin(site.address)
    supervisor, investigator = (site.visitor(role).headers for role in (Role.SUPERVISOR, Role.INVESTIGATOR))
    async with (
        connect(address, origin=origin, additional_headers=supervisor, proxy=None) as ended,
        connect(f"{address}?purpose=c7", origin=origin, additional_headers=investigator, proxy=None) as going_on,
    ):
        await ended.recv()
        with site.services.database.transaction() as session:
            session.add(PrivacyMask(camera_id=CAMERA, polygon=[[0, 0], [1, 0], [1, 1]], reason="door"))
        with pytest.raises(ConnectionClosed) as closed:
            await drain(ended)
        assert await going_on.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    async with connect(f"{address}?purpose=c7", origin=origin, additional_headers=investigator, proxy=None) as watched:
        assert await watched.recv()
    with site.services.database.transaction() as session:
        seen = session.exec(select(AccessEntry.action, AccessEntry.purpose).where(AccessEntry.purpose == "c7")).all()
    assert sorted(seen) == [("live", "c7"), ("live_unmasked", "c7")]


async def drain(socket: ClientConnection) -> None:
    async with asyncio.timeout(10):
        while True:
            await socket.recv()
