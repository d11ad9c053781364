"""A camera's sound in the recording: from the wire to a clip, against the clock that is burnt into its pictures."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.microphone import ClockMicrophone, SoundCodec
from ingest.simulator.rtsp_server import RtspServer
from ingest.simulator.sound import SoundStream
from ingest.video.clip import open_clip
from ingest.video.recorder import CameraFeed
from ingest.video.source import Transport
from ingest.video.unwritten import recent_segments
from storage.database import Database
from storage.footage import Footage
from storage.models import Segment
from storage.objects import ObjectStore
from tests.ingest.video.evidence import segments, stored
from tests.ingest.video.gstreamer_camera import GStreamerCamera, reason_not_available
from tests.ingest.video.recording import RtspClock, recording, status
from tests.ingest.video.sounding import beeps_in, codecs_of, off_the_clock
from tests.sample import CAMERA
from tests.servers import wait_until

IN_STEP_S = 0.1


def with_sound(database: Database) -> list[Segment]:
    """Stored segments whose sound and pictures the camera's reports have placed."""
    return [row for row in stored(database) if row.audio and row.reported_start]


def problem(database: Database) -> str:
    found = status(database)
    return found.audio_problem if found else ""


@pytest.mark.parametrize(
    ("codec", "name", "transport"),
    [("aac", "aac", "tcp"), ("aac", "aac", "udp"), ("pcmu", "pcm_mulaw", "tcp"), ("pcma", "pcm_alaw", "udp")],
)
def test_sound_is_recorded_in_step_with_the_pictures(
    site: Database, folder_store: ObjectStore, tmp_path: Path, codec: SoundCodec, name: str, transport: Transport
) -> None:
    with RtspServer() as server:
        mount = server.mount("/main")
        mount.clock_offset = timedelta(hours=-3)
        with ClockMicrophone(mount, codec), ClockCamera(mount):
            feed = CameraFeed(CAMERA, server.url("/main"), transport=transport, audio=True)
            with recording(site, folder_store, tmp_path, [feed]):
                wait_until(lambda: len(with_sound(site)) >= 3)
            assert problem(site) == ""
    first, last = with_sound(site)[0], with_sound(site)[-1]
    footage = Footage(site, folder_store, tmp_path / "spool")
    with site.transaction() as session:
        clip = open_clip(footage, session, CAMERA, first.start + timedelta(seconds=0.3), last.end)
    data = b"".join(clip.chunks())
    assert codecs_of(data) == ["h264", name]
    off = off_the_clock(data)
    assert len(off) >= 3
    assert max(map(abs, off)) < IN_STEP_S


def test_sound_is_found_again_in_each_store_and_database(hall: Database, store: ObjectStore, tmp_path: Path) -> None:
    with RtspServer() as server:
        mount = server.mount("/main")
        feed = CameraFeed(CAMERA, server.url("/main"), audio=True)
        with ClockMicrophone(mount, "aac"), ClockCamera(mount), recording(hall, store, tmp_path, [feed]):
            wait_until(lambda: len(with_sound(hall)) >= 2)
    assert {(row.audio, row.audio_hz) for row in with_sound(hall)} == {("aac", 16_000)}


def test_nothing_of_the_sound_is_asked_for_unless_it_is_wanted(
    site: Database, folder_store: ObjectStore, tmp_path: Path
) -> None:
    with RtspServer() as server:
        mount = server.mount("/main")
        feed = CameraFeed(CAMERA, server.url("/main"))
        with ClockMicrophone(mount, "aac"), ClockCamera(mount), recording(site, folder_store, tmp_path, [feed]):
            wait_until(lambda: len(stored(site)) >= 2)
    assert {row.audio for row in segments(site)} == {""}
    assert problem(site) == ""


def test_sound_that_mp4_cannot_carry_is_left_out_and_that_is_said_once(
    site: Database, folder_store: ObjectStore, tmp_path: Path, clock_camera: RtspClock
) -> None:
    clock_camera.mount.sound = SoundStream(98, "opus", 48_000, 2)
    with capture_logs() as lines:
        with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, clock_camera.url, audio=True)]):
            wait_until(lambda: len(stored(site)) >= 1)
            clock_camera.mount.drop()
            clock_camera.mount.restore()
            wait_until(lambda: (found := status(site)) is not None and found.reconnects >= 1 and found.fps > 0)
        told = [line for line in lines if line["event"] == "audio_not_recorded"]
    assert problem(site) == "opus audio is not recorded; set the camera's audio to AAC or G.711"
    assert len(told) == 1
    assert {row.audio for row in segments(site)} == {""}


def test_a_camera_that_stops_sending_its_sound_is_recorded_on(
    site: Database, folder_store: ObjectStore, tmp_path: Path
) -> None:
    with RtspServer() as server:
        mount = server.mount("/main")
        feed = CameraFeed(CAMERA, server.url("/main"), audio=True)
        with ClockMicrophone(mount, "pcma"), ClockCamera(mount), recording(site, folder_store, tmp_path, [feed]):
            wait_until(lambda: len(stored(site)) >= 2)
            mount.sound_stalled = True
            wait_until(lambda: segments(site)[-1].audio == "")
            wait_until(lambda: "has sent none" in problem(site))
            mount.sound_stalled = False
            wait_until(lambda: segments(site)[-1].audio == "pcma" and problem(site) == "")


def test_the_fragment_just_closed_is_heard_before_its_segment_has_ended(
    site: Database, folder_store: ObjectStore, tmp_path: Path
) -> None:
    with RtspServer() as server:
        mount = server.mount("/main")
        feed = CameraFeed(CAMERA, server.url("/main"), audio=True)
        with ClockMicrophone(mount, "aac"), ClockCamera(mount), recording(site, folder_store, tmp_path, [feed]):
            footage = Footage(site, folder_store, tmp_path / "spool")
            wait_until(lambda: len(segments(site)) >= 2)
            with site.transaction() as session:
                rows = recent_segments(
                    footage, session, CAMERA, segments(site)[0].start, segments(site)[0].start + timedelta(hours=1)
                )
    assert rows[-1].audio == "aac"


@pytest.mark.skipif(bool(reason_not_available()), reason=reason_not_available() or "available")
@pytest.mark.parametrize(
    ("transport", "codec", "name"), [("tcp", "aac", "aac"), ("udp", "pcma", "pcm_alaw"), ("tcp", "pcma", "pcm_alaw")]
)
def test_a_camera_that_is_not_ours_is_heard(
    site: Database, folder_store: ObjectStore, tmp_path: Path, transport: Transport, codec: str, name: str
) -> None:
    """It ticks once a second."""
    with GStreamerCamera("--gop=12", f"--ticks={codec}") as camera:
        feed = CameraFeed(CAMERA, camera.url, transport=transport, audio=True)
        with recording(site, folder_store, tmp_path, [feed]):
            wait_until(lambda: len(with_sound(site)) >= 2)
    row = max(with_sound(site), key=lambda row: row.end - row.start)
    data = folder_store.read(row.key, 0, row.size)
    assert codecs_of(data) == ["h264", name]
    assert abs(len(beeps_in(data)) - (row.end - row.start).total_seconds()) <= 1
