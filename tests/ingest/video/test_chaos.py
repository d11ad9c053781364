"""A camera that does everything wrong, beside one that does nothing wrong: no second without an explanation.

Each test begins with a camera in order, lets it go wrong, and puts it right again: footage comes again by itself, what
was recorded plays, and the camera beside it has lost nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.mounts import Lie, Mount
from ingest.simulator.rtsp_server import RtspServer
from ingest.video import source
from ingest.video.recorder import CameraFeed
from ingest.video.source import SourcePacket, Transport
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import Camera, GapCause
from tests.ingest.video.encoded import packets
from tests.ingest.video.evidence import (
    assert_every_row_has_its_bytes,
    assert_every_second_is_explained,
    assert_every_segment_plays,
    causes,
    gaps,
    segments,
)
from tests.ingest.video.recording import recording
from tests.ingest.video.rtsp.packing import Packer
from tests.ingest.video.rtsp.scripted_camera import Asked, Client, Reply, ScriptedCamera, description, rtp
from tests.sample import CAMERA, HALL
from tests.servers import wait_until

BESIDE = "cc-cam-2"
UNDISTURBED = [GapCause.RECORDER_STOPPED]


@dataclass(frozen=True)
class Chaos:
    """A camera that may go wrong while it is recorded."""

    database: Database
    mount: Mount
    shown: ClockCamera

    def footage_comes(self, more: int = 1) -> None:
        begun = len(segments(self.database))
        wait_until(lambda: len(segments(self.database)) >= begun + more)

    def gap_comes(self, cause: GapCause) -> None:
        wait_until(lambda: cause in causes(self.database))


@pytest.fixture
def two(site: Database) -> Database:
    with site.transaction() as session:
        session.add(Camera(id=BESIDE, hall_id=HALL, name=BESIDE, url="rtsp://127.0.0.1/none"))
    return site


@pytest.fixture
def chaos(two: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Chaos]:
    """Recorded until the test ends, by TCP where the test does not say otherwise."""
    transport: Transport = getattr(request, "param", "tcp")
    with (
        RtspServer() as server,
        ClockCamera(server.mount("/main"), 320, 180) as shown,
        recorded(two, tmp_path, server.url("/main"), transport),
    ):
        camera = Chaos(two, shown.mount, shown)
        camera.footage_comes()
        yield camera
        camera.footage_comes()


by_either_transport = pytest.mark.parametrize("chaos", ["tcp", "udp"], indirect=True)


@contextmanager
def recorded(database: Database, folder: Path, url: str, transport: Transport = "tcp") -> Iterator[None]:
    """Beside a camera in order; then the evidence."""
    store = FolderStore(folder / "store")
    with RtspServer() as server, ClockCamera(server.mount("/main"), 320, 180):
        feeds = [CameraFeed(CAMERA, url, transport=transport), CameraFeed(BESIDE, server.url("/main"))]
        with recording(database, store, folder, feeds):
            wait_until(lambda: len(segments(database, BESIDE)) >= 1)
            yield
    footage = Footage(database, store, folder / "spool")
    for camera_id in (CAMERA, BESIDE):
        assert_every_row_has_its_bytes(footage, camera_id)
        assert_every_second_is_explained(database, datetime.now(UTC), camera_id)
    # By its own timestamps this camera paused, as it does where the machine is busy: nobody else's doing.
    paused = [gap for gap in gaps(database, BESIDE) if gap.cause is GapCause.CAMERA_STALLED and not gap.detail]
    assert [gap.cause for gap in gaps(database, BESIDE) if gap not in paused] == UNDISTURBED
    assert_every_segment_plays(footage, BESIDE)


@by_either_transport
def test_a_tenth_of_the_packets_lost(chaos: Chaos) -> None:
    chaos.mount.disturbance.loss = 0.1
    chaos.footage_comes(3)
    assert any(row.smears for row in segments(chaos.database))
    chaos.mount.disturbance.loss = 0


@by_either_transport
def test_nothing_arrives_while_reports_go_on(chaos: Chaos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PICTURELESS_S", 2.0)
    chaos.mount.disturbance.loss = 1
    chaos.gap_comes(GapCause.CAMERA_STALLED)
    chaos.mount.disturbance.loss = 0


@pytest.mark.parametrize("chaos", ["udp"], indirect=True)
def test_packets_that_overtake_each_other(chaos: Chaos) -> None:
    chaos.mount.disturbance.reordering = 0.2
    chaos.footage_comes(3)
    assert causes(chaos.database) == []
    chaos.mount.disturbance.reordering = 0


@by_either_transport
def test_noise_between_the_packets(chaos: Chaos) -> None:
    chaos.mount.disturbance.noise = 0.05
    chaos.footage_comes(3)
    chaos.mount.disturbance.noise = 0


def test_a_camera_that_hangs(chaos: Chaos) -> None:
    chaos.mount.stalled = True
    chaos.gap_comes(GapCause.CAMERA_STALLED)
    chaos.mount.stalled = False


@by_either_transport
def test_a_connection_that_is_only_half_open(chaos: Chaos) -> None:
    chaos.mount.half_open()
    chaos.gap_comes(GapCause.CAMERA_STALLED)


@by_either_transport
def test_a_reboot(chaos: Chaos) -> None:
    chaos.mount.reboot()
    wait_until(lambda: len(causes(chaos.database)) == 1)


def test_more_time_in_the_timestamps_than_there_is(chaos: Chaos) -> None:
    chaos.mount.rtp_clock.run_at(1.2, datetime.now(UTC))
    chaos.footage_comes(3)


def test_a_leap_of_the_timestamps(chaos: Chaos) -> None:
    now = datetime.now(UTC)
    chaos.mount.rtp_clock.set(now, chaos.mount.rtp_clock.timestamp(now) + 3600 * 90_000 & 0xFFFFFFFF)
    chaos.footage_comes()


def test_another_size_of_picture_in_the_same_stream_begins_another_segment(chaos: Chaos) -> None:
    chaos.shown.change(480, 272)
    wait_until(lambda: sizes(chaos.database)[-1] == (480, 272))
    chaos.shown.change(320, 180)
    wait_until(lambda: sizes(chaos.database)[-1] == (320, 180))
    chaos.footage_comes()
    assert sizes(chaos.database) == [(320, 180), (480, 272), (320, 180)]
    assert causes(chaos.database) == []


@pytest.mark.parametrize("lie", [Lie.NO_PARAMETER_SETS, Lie.OTHER_PARAMETER_SETS])
def test_parameter_sets_are_believed_as_they_come_in_the_stream(chaos: Chaos, lie: Lie) -> None:
    chaos.mount.lie = lie
    chaos.mount.reboot()
    wait_until(lambda: len(causes(chaos.database)) == 1)
    chaos.footage_comes()
    assert sizes(chaos.database) == [(320, 180)]


@pytest.mark.parametrize("lie", [Lie.OTHER_CODEC, Lie.NO_VIDEO, Lie.NONSENSE])
def test_a_description_of_something_else(chaos: Chaos, lie: Lie, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PICTURELESS_S", 2.0)
    chaos.mount.lie = lie
    chaos.mount.reboot()
    wait_until(lambda: len(causes(chaos.database)) >= 2)
    chaos.mount.lie = Lie.NONE
    wait_until(lambda: gaps(chaos.database)[-1].end is not None)


def sizes(database: Database) -> list[tuple[int, int]]:
    """Of the segments' pictures, each as often as it changed."""
    every = [(row.width, row.height) for row in segments(database)]
    return [size for before, size in zip([None, *every], every, strict=False) if size != before]


H264, HEVC = packets(50), packets(50, codec="hevc")


def paced(client: Client, some: Sequence[SourcePacket], packer: Packer, first: int = 0) -> None:
    """At their own pace."""
    for picture in some:
        for packet in rtp([picture], first, packer):
            client.send(packet)
        client.closed.wait(1 / 25)


def test_another_codec_after_the_camera_was_set_anew(two: Database, tmp_path: Path) -> None:
    codecs = iter(["h264", "hevc"])

    def describes(asked: Asked, usual: Reply) -> Reply:
        if asked.method != "DESCRIBE":
            return usual
        playing.append(next(codecs, "hevc"))
        return Reply(headers=usual.headers, body=description("hevc" if playing[-1] == "hevc" else "h264"))

    def plays(client: Client) -> None:
        hevc = playing[-1] == "hevc"
        packer = Packer("hevc" if hevc else "h264")
        paced(client, HEVC if hevc else H264, packer)
        client.close()

    playing: list[str] = []
    with ScriptedCamera(plays, describes) as camera, recorded(two, tmp_path, camera.url):
        wait_until(lambda: {"h264", "hevc"} <= {row.codec for row in segments(two)})


def test_another_codec_in_the_same_stream_breaks_nothing(two: Database, tmp_path: Path) -> None:
    """No camera may do so; what comes then is no footage, until the stream is what it said again."""

    def plays(client: Client) -> None:
        packer, foreign = Packer("h264"), Packer("hevc")
        for turn in range(1000):
            if client.is_open:
                foreign.sequence = packer.sequence
                some, used = (HEVC, foreign) if turn == 1 else (H264, packer)
                paced(client, some, used, first=turn * 180_000)
                packer.sequence = used.sequence

    with ScriptedCamera(plays) as camera, recorded(two, tmp_path, camera.url):
        begun = datetime.now(UTC)
        wait_until(lambda: any((row.start - begun).total_seconds() > 5 for row in segments(two)))
    assert {row.codec for row in segments(two)} == {"h264"}
