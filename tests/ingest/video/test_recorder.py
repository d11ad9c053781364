"""The recorder against GStreamer's RTSP server: real streams, real files, real failures."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from ingest.video.clip import Clip, open_clip
from ingest.video.frames import EncodedFrame, StreamInfo
from ingest.video.recorder import CameraFeed
from ingest.video.relay import frames
from ingest.video.steps import Step, listen
from ingest.video.stills import still
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import Camera, ClockSource, GapCause, Node
from storage.objects import ObjectStore
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.evidence import (
    assert_every_row_has_its_bytes,
    assert_every_second_is_explained,
    causes,
    gaps,
    segments,
    stored,
)
from tests.ingest.video.gstreamer_camera import GStreamerCamera, reason_not_available
from tests.ingest.video.recording import SEGMENT_SECONDS, recording, status
from tests.ingest.video.spooled import write
from tests.sample import CAMERA, HALL
from tests.servers import wait_until

NOWHERE = "rtsp://127.0.0.1:1/none"


def has_believed_reports(database: Database) -> bool:
    return any(row.clock_source is ClockSource.SENDER_REPORT for row in segments(database))


def test_segments_lie_on_the_grid_reach_the_store_and_are_whole(
    hall: Database, store: ObjectStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    with recording(hall, store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: len(stored(hall)) >= 4 and has_believed_reports(hall))
    rows = segments(hall)
    for before, after in pairwise(rows):
        assert after.sequence == before.sequence + 1
        # The camera's first report begins one wherever it comes, and so does what a busy machine knows less well.
        is_of_another_clock = after.clock_source is not before.clock_source
        is_known_otherwise = is_of_another_clock or after.clock_error_us != before.clock_error_us
        sure_within = timedelta(microseconds=before.clock_error_us + after.clock_error_us)
        assert abs(after.start - before.end) <= (sure_within if is_known_otherwise else timedelta(seconds=0.05))
        assert after.start.timestamp() % SEGMENT_SECONDS < 0.6 or is_known_otherwise
    assert min(abs(row.clock_offset_us) for row in rows if row.clock_source is ClockSource.SENDER_REPORT) < 500_000
    footage = Footage(hall, store, tmp_path / "spool")
    assert_every_row_has_its_bytes(footage)
    wait_until(lambda: len(stored(hall)) == len(segments(hall)) or not list((tmp_path / "spool").rglob("*.part")))
    assert causes(hall) == [GapCause.RECORDER_STOPPED]
    assert_every_second_is_explained(hall, datetime.now(UTC))


def test_a_camera_is_recorded_and_told_of_while_the_spool_is_looked_through(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    spool = tmp_path / "spool"
    for number in (1, 2):  # left by a crash; a long outage of the store leaves hundreds of thousands
        write(spool, number, gops(packets(25), START + timedelta(seconds=number)))
    old = set(spool.rglob("*.mp4.part"))
    recorded_first: list[bool] = []

    def until_recorded(step: Step) -> None:
        if step is Step.ADOPTED_SETTLED and not recorded_first:
            recorded_first.append(False)
            wait_until(lambda: any(path not in old and path.stat().st_size for path in spool.rglob("*.mp4.part")))
            recorded_first[0] = True

    listen(until_recorded)
    try:
        with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
            wait_until(lambda: len(stored(site)) >= 4)
    finally:
        listen(None)
    assert recorded_first == [True]
    assert_every_second_is_explained(site, datetime.now(UTC))
    assert_every_row_has_its_bytes(Footage(site, folder_store, spool))


def test_cameras_are_tended_while_the_past_of_many_is_looked_up_and_one_that_comes_meanwhile_has_its_own(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    names = [CAMERA, *(f"cc-cam-{number}" for number in range(11, 14))]
    with site.transaction() as session:
        session.add_all(Camera(id=name, hall_id=HALL, name=name, url=NOWHERE) for name in names[1:])
    feeds = [CameraFeed(name, NOWHERE) for name in names[:-1]]
    heartbeats: list[datetime] = []

    def note(step: Step) -> None:
        if step is Step.PAST_COMMITTED:
            with site.transaction() as session:
                heartbeats.append(session.exec(select(Node.heartbeat)).one())
            feeds[len(names) - 1 :] = [CameraFeed(names[-1], NOWHERE)]

    listen(note)
    try:
        with recording(site, folder_store, tmp_path, feeds, poll_seconds=0.001):
            wait_until(lambda: len(heartbeats) == len(names))
    finally:
        listen(None)
    assert len(set(heartbeats)) == len(names)


def test_status_and_heartbeat_tell_how_it_goes(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    began = datetime.now(UTC)
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: bool((found := status(site)) and found.connected and 20 < found.fps < 30))
        with site.transaction() as session:
            node = session.exec(select(Node)).one()
        assert node.role == "recorder"
        assert began < node.heartbeat <= datetime.now(UTC)
    found = status(site)
    assert found is not None
    assert not found.connected


def test_a_camera_that_vanishes_and_returns_leaves_a_gap_with_its_cause(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: len(segments(site)) >= 2)
        camera.kill()
        wait_until(lambda: GapCause.CAMERA_UNREACHABLE in causes(site))
        found = status(site)
        assert found is not None
        wait_until(lambda: bool((found := status(site)) and not found.connected and found.error))
        before = len(segments(site))
        camera.start()
        wait_until(lambda: len(segments(site)) >= before + 2)
    assert all(gap.end is not None for gap in gaps(site)[:-1])
    assert causes(site)[-1] is GapCause.RECORDER_STOPPED
    assert_every_second_is_explained(site, datetime.now(UTC))
    assert_every_row_has_its_bytes(Footage(site, folder_store, tmp_path / "spool"))


def test_a_camera_that_freezes_is_stalled(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: len(segments(site)) >= 1)
        camera.freeze()
        wait_until(lambda: GapCause.CAMERA_STALLED in causes(site))
        camera.thaw()
        wait_until(lambda: gaps(site)[-1].end is not None)
    assert_every_second_is_explained(site, datetime.now(UTC))


def test_a_bad_camera_never_affects_another(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    bad = CameraFeed("cc-cam-2", "rtsp://user:secret@127.0.0.1:9/none")
    with recording(site, folder_store, tmp_path, [bad, CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: len(segments(site)) >= 2)
    assert causes(site) == [GapCause.RECORDER_STOPPED]


def test_credentials_are_never_written_down(site: Database, folder_store: FolderStore, tmp_path: Path) -> None:
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, "rtsp://user:geheim@127.0.0.1:9/none")]):
        wait_until(lambda: bool((found := status(site)) and found.error))
        found = status(site)
        wait_until(lambda: bool(gaps(site)))
    assert found is not None
    assert "geheim" not in found.error + "".join(gap.detail for gap in gaps(site))


def test_cameras_come_and_go_while_it_runs(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    feeds: list[CameraFeed] = []
    with recording(site, folder_store, tmp_path, feeds):
        feeds.append(CameraFeed(CAMERA, camera.url))
        wait_until(lambda: len(segments(site)) >= 1)
        feeds.clear()
        wait_until(lambda: GapCause.CAMERA_DISABLED in causes(site))
        count = len(segments(site))
        feeds.append(CameraFeed(CAMERA, camera.url))
        wait_until(lambda: len(segments(site)) > count)
    assert causes(site) == [GapCause.CAMERA_DISABLED, GapCause.RECORDER_STOPPED]
    assert_every_second_is_explained(site, datetime.now(UTC))


def test_the_relay_gives_both_streams_live(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url, camera.sub_url)]) as node:
        wait_until(lambda: len(segments(site)) >= 1)
        asked = datetime.now(UTC)
        main, sub = (take(tmp_path, name, 30, asked) for name in ("main", "sub"))
        assert (main[0].width, sub[0].width) == (320, 160)
        for _, got in (main, sub):
            assert got[0].keyframe
            assert got[-1].wall <= datetime.now(UTC)
        assert node is not None


def take(folder: Path, stream: str, count: int, after: datetime) -> tuple[StreamInfo, list[EncodedFrame]]:
    """So many at least, and up to the first that was taken after that moment; some of before come first."""
    items = frames(folder / "relay.sock", CAMERA, stream, stop=threading.Event())  # type: ignore[arg-type]
    info, *rest = islice(items, count)
    assert isinstance(info, StreamInfo)
    got = [item for item in rest if isinstance(item, EncodedFrame)]
    while got[-1].wall <= after:
        got += [item for item in [next(items)] if isinstance(item, EncodedFrame)]
    return info, got


def test_what_was_recorded_can_be_clipped_and_seen(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    with recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: bool(rows := segments(site)) and rows[-1].end - rows[0].start > timedelta(seconds=4))
    footage = Footage(site, folder_store, tmp_path / "spool")
    start = segments(site)[0].start + timedelta(seconds=0.7)
    with site.transaction() as session:
        clip = open_clip(footage, session, CAMERA, start, start + timedelta(seconds=3))
        assert isinstance(clip, Clip)
        assert 74 <= clip.frames <= 76
        assert still(footage, session, CAMERA, start)[:2] == b"\xff\xd8"


class AwayDatabase(Database):
    """A database that can be made to refuse everything."""

    away = False

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        if self.away:
            raise OperationalError("BEGIN", None, Exception("the database is away"))
        with super().transaction() as session:
            yield session


def test_recording_goes_on_while_the_database_is_away(
    site: Database, folder_store: FolderStore, tmp_path: Path, camera: GStreamerCamera
) -> None:
    database = AwayDatabase(site.url)
    with recording(database, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: len(segments(site)) >= 1)
        database.away = True
        wait_until(lambda: len(list((tmp_path / "spool").rglob("*.mp4"))) >= 3)
        known = len(segments(site))
        database.away = False
        wait_until(lambda: len(segments(site)) >= known + 3)
    database.close()
    assert causes(site) == [GapCause.RECORDER_STOPPED]
    assert_every_second_is_explained(site, datetime.now(UTC))


def test_an_hevc_camera_is_recorded_too(site: Database, folder_store: FolderStore, tmp_path: Path) -> None:
    if reason := reason_not_available():
        pytest.skip(reason)
    with (
        GStreamerCamera("--gop=12", "--codec=hevc") as hevc,
        recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, hevc.url)]),
    ):
        wait_until(lambda: len(segments(site)) >= 2)
    assert {row.codec for row in segments(site)} == {"hevc"}
    footage = Footage(site, folder_store, tmp_path / "spool")
    with site.transaction() as session:
        assert still(footage, session, CAMERA, segments(site)[1].start)[:2] == b"\xff\xd8"
