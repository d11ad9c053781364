"""What a change of a camera does to those who watch it, and to the recording: no more than it must."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from ingest.simulator import mounts
from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_server import RtspServer
from ingest.video import source, streams
from ingest.video.camera import CameraWorker
from ingest.video.frames import StreamInfo
from ingest.video.gaps import GapKeeper
from ingest.video.hub import Hub
from ingest.video.intake import Intake
from ingest.video.recorder import CameraFeed
from ingest.video.relay import RelayError, UnknownCamera, frames
from storage.database import Database
from storage.folder_store import FolderStore
from storage.models import GapCause
from tests.ingest.video.evidence import assert_every_second_is_explained, causes, gaps, segments
from tests.ingest.video.recording import recording, status
from tests.sample import CAMERA
from tests.servers import wait_until

MAIN, OTHER, SUB = 320, 352, 256
"""Widths, by which the streams are told apart."""


@pytest.fixture
def server() -> Iterator[RtspServer]:
    """/main, /other and /sub."""
    with (
        RtspServer() as running,
        ClockCamera(running.mount("/main"), MAIN, 180),
        ClockCamera(running.mount("/other"), OTHER, 198),
        ClockCamera(running.mount("/sub"), SUB, 144),
    ):
        yield running


@dataclass
class Watching:
    """Somebody who has asked for a camera's sub-stream once and has stayed since."""

    widths: list[tuple[int, bool]] = field(default_factory=list)
    """Width, and whether it is the main stream's, of each stream that came."""
    pictures: int = 0
    refusal: RelayError | None = None

    def follow(self, socket: Path, stop: threading.Event) -> None:
        try:
            for item in frames(socket, CAMERA, "sub", stop=stop):
                if isinstance(item, StreamInfo):
                    self.widths.append((item.width, item.instead))
                else:
                    self.pictures += 1
        except RelayError as error:
            self.refusal = error

    def goes_on(self) -> bool:
        """Whether pictures still come."""
        before = self.pictures
        wait_until(lambda: self.pictures > before + 5)
        return True


@contextmanager
def watching(folder: Path) -> Iterator[Watching]:
    viewer, stop = Watching(), threading.Event()
    thread = threading.Thread(target=viewer.follow, args=(folder / "relay.sock", stop))
    thread.start()
    try:
        yield viewer
    finally:
        stop.set()
        thread.join()


def feed(server: RtspServer, main: str = "/main", sub: str = "/sub") -> CameraFeed:
    return CameraFeed(CAMERA, server.url(main), server.url(sub) if sub else "")


def test_a_camera_that_is_switched_off_ends_for_all_who_watch_it(
    site: Database, folder_store: FolderStore, tmp_path: Path, server: RtspServer
) -> None:
    feeds = [feed(server)]
    sub = server.mount("/sub2")
    with ClockCamera(sub, SUB, 144), recording(site, folder_store, tmp_path, feeds):
        feeds[:] = [feed(server, sub="/sub2")]
        wait_until(lambda: len(segments(site)) >= 1)
        with watching(tmp_path) as viewer:
            wait_until(lambda: viewer.widths == [(SUB, False)])
            feeds.clear()
            wait_until(lambda: viewer.refusal is not None)
            assert isinstance(viewer.refusal, UnknownCamera)
            wait_until(lambda: sub.viewers == 0)


def test_a_corrected_sub_stream_is_shown_to_who_already_watches_and_the_recording_goes_on(
    site: Database, folder_store: FolderStore, tmp_path: Path, server: RtspServer
) -> None:
    feeds = [feed(server, sub="/other")]
    with recording(site, folder_store, tmp_path, feeds):
        wait_until(lambda: len(segments(site)) >= 1)
        with watching(tmp_path) as viewer:
            wait_until(lambda: viewer.widths == [(OTHER, False)])
            feeds[:] = [feed(server)]
            wait_until(lambda: viewer.widths == [(OTHER, False), (SUB, False)])
            assert viewer.goes_on()
            feeds[:] = [feed(server, sub="")]
            wait_until(lambda: viewer.widths[2:] == [(MAIN, False)])
            assert viewer.goes_on()
    assert causes(site) == [GapCause.RECORDER_STOPPED]


def test_the_main_stream_comes_in_place_of_a_sub_stream_that_cannot_be_had_and_health_says_why(
    site: Database, folder_store: FolderStore, tmp_path: Path, server: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LINGER_S", 3.0)
    monkeypatch.setattr(streams, "RETRY_S", 0.5)
    feeds = [feed(server, sub="/nothing-here")]
    with recording(site, folder_store, tmp_path, feeds):
        wait_until(lambda: len(segments(site)) >= 1)
        with watching(tmp_path) as viewer:
            wait_until(lambda: viewer.widths == [(MAIN, True)])
            assert viewer.goes_on()
            wait_until(lambda: bool((found := status(site)) and "404" in found.sub_error))
        found = status(site)
        assert found is not None
        assert (found.connected, found.error) == (True, "")
        with ClockCamera(server.mount("/nothing-here"), SUB, 144):  # it comes, and nobody watches
            wait_until(lambda: bool((found := status(site)) and not found.sub_error))


def test_a_sub_stream_that_hangs_is_replaced_and_taken_up_again(
    site: Database,
    folder_store: FolderStore,
    tmp_path: Path,
    server: RtspServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mounts, "REPORT_SECONDS", 0.5)
    monkeypatch.setattr(source, "PICTURELESS_S", 3.0)
    hanging = server.mount("/hanging")
    with recording(site, folder_store, tmp_path, [feed(server, sub="/hanging")]):
        wait_until(lambda: len(segments(site)) >= 1)
        with watching(tmp_path) as viewer:
            with ClockCamera(hanging, SUB, 144):
                wait_until(lambda: viewer.widths[-1:] == [(SUB, False)])
            wait_until(lambda: bool((found := status(site)) and "no pictures" in found.sub_error))
            wait_until(lambda: viewer.widths[-1:] == [(MAIN, True)])
            with ClockCamera(hanging, SUB, 144):
                wait_until(lambda: viewer.widths[-1:] == [(SUB, False)])


def test_another_address_is_a_gap_with_its_own_cause_and_who_watches_goes_over(
    site: Database, folder_store: FolderStore, tmp_path: Path, server: RtspServer
) -> None:
    feeds = [feed(server, sub="")]
    with recording(site, folder_store, tmp_path, feeds):
        wait_until(lambda: len(segments(site)) >= 1)
        with watching(tmp_path) as viewer:
            wait_until(lambda: viewer.widths == [(MAIN, False)])
            feeds[:] = [feed(server, main="/other", sub="")]
            wait_until(lambda: viewer.widths == [(MAIN, False), (OTHER, False)])
        wait_until(lambda: segments(site)[-1].width == OTHER)
    assert causes(site) == [GapCause.RECONFIGURED, GapCause.RECORDER_STOPPED]
    assert gaps(site)[0].end is not None
    assert_every_second_is_explained(site, datetime.now(UTC))


class Hanging(CameraWorker):
    """Does not end when it is asked to, like one that waits for the name of a host."""

    waited: ClassVar[list[float]] = []

    def join(self, timeout: float) -> bool:
        self.waited.append(timeout)
        return super().join(timeout)

    def _run(self) -> None:
        GOES_ON.wait()


GOES_ON = threading.Event()


def test_many_cameras_that_hang_are_waited_for_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(streams, "JOIN_S", 0.5)
    hanging = []
    for number in range(8):
        feed = CameraFeed(f"c{number}", "rtsp://127.0.0.1:9/none")
        keeper = GapKeeper(feed.id, datetime.now(UTC), None, None)
        intake = Intake(feed.id, tmp_path, 10, 1, keeper, lambda _entry: None)
        worker = Hanging(feed.id, feed.url, feed.transport, Hub(), intake)
        worker.start()
        hanging.append(streams.MainStream(worker=worker, feed=feed, hub=Hub(), intake=intake))
    streams.end_all(hanging)
    GOES_ON.set()
    assert 0 < Hanging.waited[0] <= 0.5
    assert Hanging.waited[1:] == [0] * 7
