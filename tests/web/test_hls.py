"""HLS: for who may see any span; every byte by our own routes; played by FFmpeg as it is."""

import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, delete, select

from ingest.video.boxes import read_movie_fragment, whole_boxes
from ingest.video.fragmented import Recording
from ingest.video.frames import to_us
from ingest.video.writer import SegmentWriter, part_path
from storage.models import AccessEntry, ClockSource, Segment, User
from tests.ingest.video.encoded import START, gops, packets, read_picture
from tests.ingest.video.sounding import with_beeps
from tests.ingest.video.test_clip import at, recorded
from tests.sample import CAMERA
from tests.servers import LIMIT_S, wait_until
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.pages.browser import served
from tests.web.test_media import footage
from web import sessions
from web.services import Services

__all__ = ["footage"]
PLAYLIST = f"/media/hls/{CAMERA}/playlist.m3u8"


def span(first: datetime, last: datetime | None) -> dict[str, str]:
    return {"from": first.isoformat()} | ({"to": last.isoformat()} if last else {})


@pytest.fixture
def inspector(footage: Services, signed_in: SignedIn) -> TestClient:
    return signed_in("inspector")


def lines_of(client: TestClient, first: datetime, last: datetime | None) -> list[str]:
    answer = client.get(PLAYLIST, params=span(first, last))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    return answer.text.splitlines()


def addresses(lines: list[str]) -> list[str]:
    return [f"/media/hls/{CAMERA}/{line}" for line in lines if not line.startswith("#")]


def test_strangers_and_other_roles_get_neither_playlists_nor_segments(
    footage: Services, anonymous: TestClient, signed_in: SignedIn
) -> None:
    (address, *_) = addresses(lines_of(signed_in("inspector"), at(0), at(200)))
    asked = span(at(0), at(200))
    assert [anonymous.get(PLAYLIST, params=asked).status_code, anonymous.get(address).status_code] == [401, 401]
    for role in ("supervisor", "department"):
        client = signed_in(role)
        assert [client.get(PLAYLIST, params=asked).status_code, client.get(address).status_code] == [403, 403]


def test_a_camera_of_another_hall_is_not_there(footage: Services, signed_in: SignedIn) -> None:
    with footage.database.transaction() as session:
        row = session.exec(select(Segment)).first()
        assert row
        row.camera_id, start = "nh-cam-1", row.start
    client = signed_in("inspector")
    assert client.get("/media/hls/nh-cam-1/playlist.m3u8", params=span(at(0), at(50))).status_code == 404
    address = f"/media/hls/nh-cam-1/{row.sequence}.mp4"
    assert client.get(address, params={"at": start.isoformat()}).status_code == 404
    assert signed_in("admin").get(address, params={"at": start.isoformat()}).status_code == 200


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        (at(300), at(310), 404),
        (at(10), at(10), 422),
        (START, START + timedelta(hours=24, seconds=1), 422),
        (NOON - timedelta(hours=3), None, 422),
        (NOON + timedelta(hours=3), None, 422),
    ],
)
def test_a_span_without_footage_or_sense_is_refused(
    inspector: TestClient, first: datetime, last: datetime | None, status: int
) -> None:
    assert inspector.get(PLAYLIST, params=span(first, last)).status_code == status


def test_a_segment_comes_in_the_ranges_of_the_playlist(inspector: TestClient) -> None:
    lines = lines_of(inspector, at(0), at(200))
    address = addresses(lines)[0]
    whole = inspector.get(address)
    size, first = map(int, re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", "\n".join(lines))[0])
    part = inspector.get(address, headers={"Range": f"bytes={first}-{first + size - 1}"})
    assert (part.status_code, part.content) == (206, whole.content[first : first + size])
    assert part.headers["content-range"] == f"bytes {first}-{first + size - 1}/{len(whole.content)}"
    assert inspector.get(address, headers={"If-None-Match": part.headers["etag"]}).status_code == 304
    beyond = inspector.get(address, headers={"Range": f"bytes={len(whole.content)}-"})
    assert beyond.status_code == 416
    pieces = [
        inspector.get(address, headers={"Range": f"bytes={n}-{n + 36}"}).content
        for n in range(0, len(whole.content), 37)
    ]
    assert b"".join(pieces) == whole.content


def test_the_media_time_of_a_segments_first_picture_is_its_wall_time_whatever_is_sent_ahead(
    services: Services, signed_in: SignedIn, tmp_path: Path
) -> None:
    rows = recorded(tmp_path / "spool", gops(packets(60, gop=20, fps=5, b_frames=3, x264="open-gop=1")), 1)
    assert len({row.composition_offset for row in rows}) == 2
    with services.database.transaction() as session:
        session.add_all(Segment(**row.model_dump()) for row in rows)
    client = signed_in("inspector")
    for row, address in zip(rows, addresses(lines_of(client, START, START + timedelta(seconds=12))), strict=True):
        data = client.get(address).content
        moof = next(box for box in whole_boxes(data) if box.kind == b"moof")
        read = read_movie_fragment(data[moof.start : moof.end])
        assert read.decode_time + read.shown_after == to_us(row.start) * 9 // 100


def test_a_segment_of_another_time_is_not_there(inspector: TestClient) -> None:
    address = addresses(lines_of(inspector, at(0), at(200)))[0]
    assert inspector.get(address.partition("?")[0], params={"at": at(1).isoformat()}).status_code == 404


def test_who_plays_is_written_down_once_and_who_fetches_segments_too(inspector: TestClient, footage: Services) -> None:
    lines = lines_of(inspector, at(0), at(200))
    lines_of(inspector, at(0), at(200))
    for address in addresses(lines):
        inspector.get(address)
    with footage.database.transaction() as session:
        subjects = [entry.subject for entry in session.exec(select(AccessEntry))]
    assert subjects == [f"camera:{CAMERA} 2026-01-05T01:00:00Z/PT8S", f"camera:{CAMERA} 2026-01-05T01:00:00Z/PT3600S"]


def cookie_of_the_inspector(services: Services) -> str:
    with services.database.transaction() as session:
        user = session.exec(select(User).where(User.name == "inspector")).one()
        token = sessions.open_session(session, user.id or 0, services.clock()).token
    return f"Cookie: {sessions.COOKIE}={token}\r\n"


def played(services: Services, address: str, folder: Path) -> list[int]:
    """The numbers of the pictures that FFmpeg shows."""
    cookie = cookie_of_the_inspector(services)
    out = folder / "pictures.raw"
    with served(services) as site:
        wait_until(lambda: _answers(site.address))
        command = ["ffmpeg", "-v", "error", "-nostdin", "-headers", cookie]
        command += ["-i", f"{site.address}{address}", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray"]
        done = subprocess.run([*command, str(out)], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    return [read_picture(picture) for picture in np.fromfile(out, np.uint8).reshape(-1, 96, 192)]


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/sign-in").is_success
    except httpx.TransportError:
        return False


def test_ffmpeg_plays_a_span_over_segments_and_a_gap(footage: Services, tmp_path: Path) -> None:
    with footage.database.transaction() as session:
        session.exec(delete(Segment).where(col(Segment.sequence) == 3))
    for path in footage.footage.spool.rglob("*-000000003.mp4"):
        path.unlink()
    address = f"{PLAYLIST}?from=2026-01-05T01:00:01Z&to=2026-01-05T01:00:07Z"
    assert played(footage, address, tmp_path) == [*range(25, 100), *range(150, 175)]


def test_both_tracks_come_over_http_and_go_on_together_after_a_gap(services: Services, tmp_path: Path) -> None:
    rows = recorded(tmp_path / "spool", with_beeps(gops(packets(200)), "aac"))
    with services.database.transaction() as session:
        session.add_all(row for row in rows if row.sequence != 2)  # 2 to 4 s
    (tmp_path / "spool" / rows[1].key).unlink()
    cookie = cookie_of_the_inspector(services)
    pictures: list[tuple[float, int]] = []
    sounds: list[float] = []
    heard_s = 0.0
    with served(services) as site:
        wait_until(lambda: _answers(site.address))
        address = f"{site.address}{PLAYLIST}?from=2026-01-05T01:00:00Z&to=2026-01-05T01:00:08Z"
        with av.open(address, options={"headers": cookie}) as playing:
            for frame in playing.decode():
                if isinstance(frame, av.VideoFrame):
                    shown = read_picture(frame.to_ndarray(format="bgr24").astype(np.uint8))
                    pictures.append((frame.time or 0.0, shown))
                elif isinstance(frame, av.AudioFrame):
                    sounds.append(frame.time or 0.0)
                    heard_s += frame.samples / frame.sample_rate
    assert [number for _, number in pictures] == [*range(50), *range(100, 200)]
    first = pictures[0][0]
    # Sound begins within a frame of its own and one of the pictures, before the gap and after it.
    for wanted in (first, next(time for time, number in pictures if number == 100)):
        assert min(abs(time - wanted) for time in sounds) < 0.1
    assert heard_s == pytest.approx(6, abs=0.3)


def test_a_fragment_is_played_as_soon_as_it_is_closed(
    footage: Services, signed_in: SignedIn, clock: Clock, tmp_path: Path
) -> None:
    clock.now = at(240)
    some = gops(packets(50), at(200))
    writer = SegmentWriter(
        footage.footage.spool, Recording(CAMERA, 9, some[0].wall_us, ClockSource.ARRIVAL, 0), some[0].info
    )
    writer.append(some[0])
    client = signed_in("inspector")
    lines = lines_of(client, at(150), None)
    assert lines[-1].startswith("9.mp4?")
    size, first = map(int, re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", "\n".join(lines))[-1])
    asked = {"Range": f"bytes={first}-{first + size - 1}"}
    growing = client.get(addresses(lines)[-1], headers=asked)
    assert growing.headers["content-range"] == f"bytes {first}-{first + size - 1}/*"
    assert len(growing.content) == size
    assert client.get("/media/clip.mp4", params={"camera": CAMERA} | span(at(205), at(210))).status_code == 200
    writer.append(some[1])
    finished = writer.close()
    assert finished
    part_path(footage.footage.spool, finished.key).rename(footage.footage.spool / finished.key)
    with footage.database.transaction() as session:
        session.add(finished.row())
    after = lines_of(client, at(150), None)
    assert after[: len(lines)] == lines
    assert client.get(addresses(after)[-1], headers=asked).content == growing.content
