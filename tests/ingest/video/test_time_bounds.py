"""Real streams, with and without reports and with every lie: the time of each recorded picture, and what it shows."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from sqlmodel import col, select

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.clock_code import read_clock
from ingest.simulator.mounts import Mount
from ingest.simulator.rtsp_server import RtspServer
from ingest.video.recorder import CameraFeed
from ingest.video.server_clock import ServerClock
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.fragments import Fragment, unpack_fragments
from storage.models import Camera, ClockSource, Segment, is_clock_trusted
from tests.ingest.video.recording import recording
from tests.sample import HALL
from tests.servers import wait_until

WITH_REPORTS_S, WITHOUT_S = 0.1, 0.5
WHOLE_S = 28
FPS = 10
WRAP_AFTER_S = 12


def rows(database: Database, camera_id: str) -> list[Segment]:
    with database.transaction() as session:
        query = select(Segment).where(Segment.camera_id == camera_id).order_by(col(Segment.sequence))
        return list(session.exec(query))


def recorded_s(database: Database, camera_id: str) -> float:
    return sum((row.end - row.start).total_seconds() for row in rows(database, camera_id))


def shown(data: bytes, row: Segment, fragment: Fragment) -> Iterator[tuple[datetime, datetime]]:
    """Wall time by the recording, and by the picture, of every frame of a fragment."""
    start, init = fragment.byte_offset, data[: row.init_size]
    with av.open(BytesIO(init + data[start : start + fragment.byte_size]), "r", format="mp4") as container:
        first: float | None = None
        for frame in container.decode(video=0):
            assert frame.time is not None
            first = frame.time if first is None else first
            wall = row.start + timedelta(microseconds=fragment.offset_us, seconds=frame.time - first)
            read = read_clock(frame.to_ndarray(format="bgr24").astype(np.uint8))
            assert read is not None
            yield wall, read


def errors_s(footage: Footage, camera_id: str) -> list[float]:
    """Of every recorded picture, asserting the bound of its segment; from where it must be known how it counts."""
    found: list[float] = []
    first, *_ = segments = rows(footage.database, camera_id)
    known = first.start + timedelta(seconds=NOTICED_S if camera_id in COUNTING else 0)
    for row in segments:
        data = footage.read(row)
        walls = [pair for fragment in unpack_fragments(row.fragments) for pair in shown(data, row, fragment)]
        errors = [(wall - read).total_seconds() for wall, read in walls if wall >= known]
        assert max(map(abs, errors), default=0) * 1_000_000 <= row.clock_error_us
        found += errors
    return found


def p99(errors: list[float]) -> float:
    assert len(errors) > (WHOLE_S - NOTICED_S - 4) * FPS
    return sorted(map(abs, errors))[len(errors) * 99 // 100]


@contextmanager
def cameras(database: Database, ids: list[str], fps: int = FPS) -> Iterator[tuple[dict[str, Mount], list[CameraFeed]]]:
    """One picture for all of them, so that many cost little."""
    with database.transaction() as session:
        for camera_id in ids:
            session.add(Camera(id=camera_id, hall_id=HALL, name=camera_id, url=f"rtsp://127.0.0.1/{camera_id}"))
    with RtspServer() as server:
        mounts = {camera_id: server.mount(f"/{camera_id}") for camera_id in ids}
        feeds = [CameraFeed(camera_id, server.url(f"/{camera_id}")) for camera_id in ids]
        first, *others = mounts.values()
        with ClockCamera(first, fps=fps, others=others):
            yield mounts, feeds


def wraps_soon(mount: Mount) -> None:
    mount.rtp_clock.set(datetime.now(UTC), 2**32 - WRAP_AFTER_S * 90_000)


def leap(mount: Mount, seconds: int) -> None:
    now = datetime.now(UTC)
    mount.rtp_clock.set(now, mount.rtp_clock.timestamp(now) + seconds * 90_000 & 0xFFFFFFFF)


def counts_as_25_what_are_21(mount: Mount) -> None:
    mount.rtp_clock.run_at(21 / 25, datetime.now(UTC))


COUNTING = ("counting", "silent-counting")
NOTICED_S = 14
"""On a busy machine pictures do not come evenly: that they are counted wrongly is sure when no delay explains it."""
SANE = ("sane", "wrapping", "leaping", "leaping-little", "rebooting")
SILENT = ("silent", "silent-wrapping", "silent-leaping", "silent-rebooting", "silent-counting")
LYING = ("hours-off", "seconds-off", "jumping", "fast", "slow", "counting")


def test_p99_of_the_error_is_100_ms_with_sane_reports_and_500_ms_without_or_with_any_lie(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    with cameras(site, [*SANE, *SILENT, *LYING]) as (mounts, feeds):
        for name in SILENT:
            mounts[name].reports = False
        for name in ("wrapping", "silent-wrapping"):
            wraps_soon(mounts[name])
        for name in COUNTING:
            counts_as_25_what_are_21(mounts[name])
        mounts["hours-off"].clock_offset = timedelta(hours=5)
        mounts["seconds-off"].clock_offset = timedelta(seconds=-2)
        mounts["fast"].set_clock_rate(0.02)
        mounts["slow"].set_clock_rate(-0.005)
        with recording(site, folder_store, tmp_path, feeds):
            wait_until(lambda: recorded_s(site, "sane") >= 8, 60)
            mounts["jumping"].clock_offset = timedelta(seconds=90)
            for name in ("rebooting", "silent-rebooting"):
                mounts[name].reboot()
            leap(mounts["leaping"], 3_600)
            leap(mounts["silent-leaping"], 3_600)
            leap(mounts["leaping-little"], 2)
            wait_until(lambda: recorded_s(site, "sane") >= 16, 60)
            mounts["jumping"].clock_offset = timedelta(seconds=1.5)
            leap(mounts["leaping"], -7_200)
            wait_until(lambda: min(recorded_s(site, name) for name in mounts) >= WHOLE_S, 120)
    footage = Footage(site, folder_store, tmp_path / "spool")
    found = {name: p99(errors_s(footage, name)) for name in mounts}
    print({name: round(error, 3) for name, error in found.items()})
    assert {name: error for name, error in found.items() if error > WITHOUT_S} == {}
    assert {name: found[name] for name in SANE if found[name] > WITH_REPORTS_S} == {}
    assert {row.clock_source for row in rows(site, "sane")} == {ClockSource.SENDER_REPORT}
    assert {row.clock_source for row in rows(site, "hours-off")} == {ClockSource.ARRIVAL}
    assert not any(is_clock_trusted(row.clock_offset_us, row.clock_error_us) for row in rows(site, "hours-off"))


@pytest.mark.parametrize("step_s", [10, -10])
def test_a_step_of_the_servers_clock_in_the_middle_of_recording_is_noticed_and_not_followed(
    site: Database, folder_store: FolderStore, tmp_path: Path, step_s: int
) -> None:
    off = [0]
    clock = ServerClock(lambda: time.time_ns() + off[0] * 1_000_000_000)
    with cameras(site, ["sane", "silent"]) as (mounts, feeds):
        mounts["silent"].reports = False
        with recording(site, folder_store, tmp_path, feeds, clock=clock):
            wait_until(lambda: recorded_s(site, "silent") >= 8, 60)
            off[0] = step_s
            wait_until(lambda: recorded_s(site, "silent") >= 18, 60)
            off[0] = 0
            wait_until(lambda: min(recorded_s(site, name) for name in mounts) >= WHOLE_S, 60)
    footage = Footage(site, folder_store, tmp_path / "spool")
    assert p99(errors_s(footage, "sane")) <= WITH_REPORTS_S
    assert p99(errors_s(footage, "silent")) <= WITHOUT_S
    for name in mounts:
        found = rows(site, name)
        stepped = [row for row in found if row.server_step_us]
        assert 0 < len(stepped) < len(found)
        assert all(abs(row.server_step_us - step_s * 1_000_000) < 50_000 for row in stepped)
        assert not any(is_clock_trusted(row.clock_offset_us, row.clock_error_us) for row in stepped)
        holes = [(after.start - before.end).total_seconds() for before, after in pairwise(found)]
        assert max(map(abs, holes)) < 0.2
