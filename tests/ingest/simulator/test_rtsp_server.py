"""The simulated cameras, seen by FFmpeg through PyAV, by ffmpeg and by GStreamer."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import av
import pytest

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.clock_code import read_clock
from ingest.simulator.mounts import AccessUnit, Mount
from ingest.simulator.rtsp_messages import Credentials
from ingest.simulator.rtsp_server import RtspServer
from tests.servers import LIMIT_S, wait_until

OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "100000", "fpsprobesize": "0"}
Wait = Callable[[Callable[[], object]], None]


@pytest.fixture
def server() -> Iterator[RtspServer]:
    with RtspServer() as server:
        yield server


@pytest.fixture
def camera(server: RtspServer) -> Iterator[Mount]:
    with ClockCamera(server.mount("/cam/main")) as camera:
        yield camera.mount


def open_stream(url: str) -> av.container.InputContainer:
    return av.open(url, options=OPTIONS, timeout=(5, 2))


def pictures(url: str, count: int) -> list[tuple[datetime | None, datetime | None]]:
    """Camera's wall time by sender report, and burnt-in time, of the first pictures."""
    found: list[tuple[datetime | None, datetime | None]] = []
    with open_stream(url) as container:
        for packet in container.demux():
            if packet.size:
                for frame in packet.decode():
                    assert isinstance(frame, av.VideoFrame)
                    found.append((reported_time(packet), read_clock(frame.to_ndarray(format="bgr24"))))
            if len(found) >= count:
                break
    return found


def reported_time(packet: Any) -> datetime | None:
    data = packet.get_sidedata("prft")
    return datetime.fromtimestamp(int.from_bytes(bytes(data)[:8], "little") / 1e6, UTC) if data else None


def refused_or_cut(url: str) -> bool:
    try:
        open_stream(url).close()
    except av.FFmpegError:
        return True
    return False


def test_sender_reports_tell_the_time_in_the_picture(server: RtspServer, camera: Mount) -> None:
    seen = pictures(server.url(camera.path), 12)
    both = [(reported, burnt) for reported, burnt in seen if reported and burnt]
    assert len(both) >= 11
    assert all(abs(reported - burnt) < timedelta(milliseconds=150) for reported, burnt in both)


def test_a_camera_whose_clock_lies_says_so_in_its_reports(server: RtspServer, camera: Mount) -> None:
    camera.clock_offset = timedelta(seconds=7)
    reported, burnt = pictures(server.url(camera.path), 3)[-1]
    assert reported
    assert burnt
    assert abs(reported - burnt - timedelta(seconds=7)) < timedelta(milliseconds=150)


def test_a_camera_without_reports_gives_pictures_without_wall_time(server: RtspServer, camera: Mount) -> None:
    camera.reports = False
    assert [reported for reported, _ in pictures(server.url(camera.path), 5)] == [None] * 5


def test_reports_go_on_every_five_seconds(server: RtspServer, camera: Mount) -> None:
    reports = set()
    with open_stream(server.url(camera.path)) as container:
        end = time.monotonic() + LIMIT_S
        for packet in container.demux():
            if data := packet.get_sidedata("rtcp_sr"):
                reports.add(bytes(data))
            if len(reports) > 1 or time.monotonic() > end:
                break
    assert len(reports) > 1


def test_a_stalled_camera_stays_connected_but_silent_and_recovers_with_a_keyframe(
    server: RtspServer, camera: Mount
) -> None:
    arrivals: list[tuple[float, bool]] = []
    stop = threading.Event()

    def watch() -> None:
        with av.open(server.url(camera.path), options=OPTIONS, timeout=(5, 20)) as container:
            for packet in container.demux():
                arrivals.append((time.monotonic(), packet.is_keyframe))
                if stop.is_set():
                    return

    thread = threading.Thread(target=watch, name="test-viewer")
    thread.start()
    wait_until(lambda: len(arrivals) > 5)
    camera.stalled = True
    wait_until(lambda: arrivals[-1][0] < time.monotonic() - 0.5)  # what was on its way has arrived
    silent_from = len(arrivals)
    time.sleep(1.5)
    assert len(arrivals) == silent_from
    assert camera.viewers == 1
    camera.stalled = False
    wait_until(lambda: len(arrivals) > silent_from + 3)
    stop.set()
    thread.join()
    assert any(keyframe for _, keyframe in arrivals[silent_from : silent_from + 2])


def test_a_dropped_camera_cuts_its_clients_and_refuses_new_ones_until_restored(
    server: RtspServer, camera: Mount
) -> None:
    url = server.url(camera.path)
    with open_stream(url) as container:
        wait_until(lambda: camera.viewers == 1)
        camera.drop()
        wait_until(lambda: camera.viewers == 0)
        for _ in container.demux():
            pass
    assert refused_or_cut(url)
    camera.restore()
    assert len(pictures(url, 2)) == 2


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_only_the_right_password_opens_a_protected_camera(scheme: Any) -> None:
    with (
        RtspServer(credentials=Credentials("viewer", "right", scheme)) as server,
        ClockCamera(server.mount("/cam/main")),
    ):
        url = server.url("/cam/main")
        assert refused_or_cut(url)
        assert refused_or_cut(url.replace("rtsp://", "rtsp://viewer:wrong@"))
        assert len(pictures(url.replace("rtsp://", "rtsp://viewer:right@"), 2)) == 2


def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on(server: RtspServer) -> None:
    mount = server.mount("/big")
    picture = AccessUnit(
        b"\0\0\1\x67\x42\xc0\x1f\0\0\1\x68\xce\0\0\1\x65" + b"\xab" * 1_000_000, datetime.now(UTC), True
    )
    mount.feed(picture)
    with socket.create_connection((server.host, server.port)) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = server.url("/big")
        setup = f"SETUP {url}/track0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
        lazy.sendall((setup + f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\n\r\n").encode())
        wait_until(lambda: mount.viewers == 1)

        def feed_until_gone() -> bool:
            mount.feed(picture)
            return mount.viewers == 0

        wait_until(feed_until_gone)


def test_nonsense_ends_only_its_own_connection(server: RtspServer, camera: Mount) -> None:
    with socket.create_connection((server.host, server.port)) as noise:
        noise.sendall(b"GET / HTTP/1.1\r\n\r\n")
        noise.settimeout(5)
        assert noise.recv(100) == b""
    assert len(pictures(server.url(camera.path), 2)) == 2


def test_many_clients_watch_several_cameras(server: RtspServer, camera: Mount) -> None:
    with ClockCamera(server.mount("/cam/sub"), 320, 180) as second:
        seen: list[int] = []
        urls = [server.url(camera.path), server.url(second.mount.path)] * 4
        threads = [threading.Thread(target=lambda u=url: seen.append(len(pictures(u, 5)))) for url in urls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [5] * 8


def test_a_stopped_server_can_be_started_again_on_its_port(server: RtspServer, camera: Mount) -> None:
    url = server.url(camera.path)
    server.stop()
    assert refused_or_cut(url)
    server.start()
    assert server.url(camera.path) == url
    assert len(pictures(url, 2)) == 2


def test_a_taken_port_is_an_error(server: RtspServer) -> None:
    with pytest.raises(OSError, match="in use"):
        RtspServer(port=server.port).start()


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_ffmpeg_plays_it(server: RtspServer, camera: Mount) -> None:
    command = ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", server.url(camera.path)]
    command += ["-frames:v", "5", "-f", "null", "-"]
    done = subprocess.run(command, timeout=LIMIT_S, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


GSTREAMER = """
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
pipeline = Gst.parse_launch(sys.argv[1])
pipeline.set_state(Gst.State.PLAYING)
ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
message = pipeline.get_bus().timed_pop_filtered(20 * Gst.SECOND, ends)
pipeline.set_state(Gst.State.NULL)
sys.exit(0 if message and message.type == Gst.MessageType.EOS else 1)
"""


def gstreamer_is_installed() -> bool:
    code = 'import gi; gi.require_version("Gst", "1.0"); from gi.repository import Gst'
    return subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, check=False).returncode == 0


def test_gstreamer_plays_it(server: RtspServer, camera: Mount) -> None:
    if not gstreamer_is_installed():
        pytest.skip("python3-gi with GStreamer is not installed")
    source = f"rtspsrc location={server.url(camera.path)} protocols=tcp latency=100"
    pipeline = f"{source} ! rtph264depay ! h264parse ! identity eos-after=6 ! fakesink"
    command = ["/usr/bin/python3", "-c", GSTREAMER, pipeline]
    done = subprocess.run(command, timeout=LIMIT_S, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
