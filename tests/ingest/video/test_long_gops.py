"""A camera that sends a keyframe once in more than a minute: every picture that is recorded can be shown."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.video.clip import open_clip
from ingest.video.connection import Connection
from ingest.video.gaps import GapKeeper
from ingest.video.intake import Intake
from ingest.video.journal import Entry
from ingest.video.playlist import Playlist, playlist
from ingest.video.stills import still
from ingest.video.unwritten import recent_segments
from ingest.video.writer import FinishedSegment, settle
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.fragments import unpack_fragments
from storage.models import GapCause
from tests.ingest.video.encoded import START, TIME_BASE, numbers_in, packets, read_picture
from tests.ingest.video.spooled import put
from tests.sample import CAMERA, a_hall

FPS, GOP, COUNT = 4, 300, 640
"""A keyframe each 75 seconds."""


def at(frame: float) -> datetime:
    return START + timedelta(seconds=frame / FPS)


@pytest.fixture(scope="module", params=[0, 2])
def footage(tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path, request: pytest.FixtureRequest) -> Footage:
    """With so many pictures between two others that are shown before the one that is sent first."""
    folder = tmp_path_factory.mktemp("long")
    database = Database(f"sqlite:///{shutil.copy(_migrated_file, folder / 'hallwatch.db')}")
    with database.transaction() as session:
        a_hall(session)
    entries: list[Entry] = []
    intake = Intake(CAMERA, folder / "spool", 10, 1, GapKeeper(CAMERA, START), entries.append)
    connection = Connection("h264", b"", TIME_BASE)
    for packet in packets(COUNT, gop=GOP, fps=FPS, b_frames=request.param):
        for gop in connection.take(packet).gops:
            intake.record(gop, START)
    for gop in connection.finish():
        intake.record(gop, START)
    intake.close(GapCause.RECORDER_STOPPED, at(COUNT))
    for entry in entries:
        if isinstance(entry, FinishedSegment):
            settle(folder / "spool", entry.key)
    put(database, *entries)
    return Footage(database, FolderStore(folder / "store"), folder / "spool")


@pytest.mark.parametrize("frame", [0, 239, 241, 260, 299, 300, 450, 599, 639])
def test_a_still_shows_its_moment_however_far_the_keyframe_is(footage: Footage, frame: int) -> None:
    with footage.database.transaction() as session:
        jpeg = still(footage, session, CAMERA, at(frame + 0.5))
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert read_picture(image.astype(np.uint8)) == frame


@pytest.mark.parametrize(("first", "stop"), [(230, 250), (250, 260), (290, 310), (560, 640)])
def test_a_clip_has_every_frame_though_its_keyframe_is_more_than_a_minute_before(
    footage: Footage, first: int, stop: int
) -> None:
    with footage.database.transaction() as session:
        clip = open_clip(footage, session, CAMERA, at(first), at(stop))
    assert numbers_in(b"".join(clip.chunks())) == list(range(first, stop))


@pytest.mark.parametrize("end", [at(COUNT), None])
def test_each_entry_of_a_playlist_begins_with_a_keyframe(footage: Footage, end: datetime | None) -> None:
    with footage.database.transaction() as session:
        segments = recent_segments(footage, session, CAMERA, at(0), at(COUNT))
        lines = playlist(Playlist(segments, at(250), end)).splitlines()
    begins = [int(line.rpartition("@")[2]) for line in lines if line.startswith("#EXT-X-BYTERANGE")]
    keyframes = {f.byte_offset for segment in segments for f in unpack_fragments(segment.fragments) if f.keyframe}
    assert len(begins) == 3
    assert set(begins) <= keyframes
