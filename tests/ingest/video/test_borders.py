"""Cameras whose groups of pictures are not closed: what lies around a keyframe is shown at its own time."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.video.clip import Clip, NothingRecorded, open_clip
from ingest.video.connection import Connection
from ingest.video.gaps import GapKeeper, GapOpened
from ingest.video.intake import Intake
from ingest.video.journal import Entry
from ingest.video.long_clip import LongClip, open_long_clip
from ingest.video.rtsp.media_time import DecodingTimes
from ingest.video.salvage import salvage
from ingest.video.segmenter import Gop
from ingest.video.stills import moment_at, shown_at
from ingest.video.writer import FinishedSegment, settle
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.fragments import unpack_fragments
from storage.models import GapCause
from tests.ingest.video.encoded import START, TIME_BASE, gops, in_parts, numbers_in, packets, read_picture
from tests.ingest.video.evidence import segments
from tests.ingest.video.spooled import put
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA, a_hall

FPS, GOP = 10, 20


def at(frame: float) -> datetime:
    return START + timedelta(seconds=frame / FPS)


@dataclass(frozen=True)
class Recorded:
    footage: Footage

    def clip(self, start: datetime, end: datetime) -> Clip:
        with self.footage.database.transaction() as session:
            clip = open_clip(self.footage, session, CAMERA, start, end)
        assert isinstance(clip, Clip)
        return clip

    def long_clip(self, start: datetime, end: datetime) -> LongClip:
        with self.footage.database.transaction() as session:
            segments = self.footage.segments(session, CAMERA, START, START + timedelta(hours=1))
        return open_long_clip(self.footage, segments, start, end)

    def seen(self, moment: datetime) -> tuple[int, datetime]:
        """The number of the picture, and when it was taken."""
        with self.footage.database.transaction() as session:
            near = moment_at(self.footage, session, CAMERA, moment)
        shown = shown_at(self.footage, near)
        return read_picture(shown.image), shown.wall


def recording(folder: Path, migrated: Path, some: list[Gop], gops_per_segment: int = 2) -> Recorded:
    folder.mkdir(exist_ok=True)
    database = Database(f"sqlite:///{shutil.copy(migrated, folder / 'hallwatch.db')}")
    with database.transaction() as session:
        a_hall(session)
        session.add_all(recorded(folder / "spool", some, gops_per_segment))
    return Recorded(Footage(database, FolderStore(folder / "store"), folder / "spool"))


Record = Callable[..., Recorded]


@pytest.fixture(name="record")
def _record(tmp_path: Path, _migrated_file: Path) -> Record:
    return partial(recording, tmp_path, _migrated_file)


def numbers(clip: Clip | LongClip) -> list[int]:
    return numbers_in(b"".join(clip.chunks()))


@pytest.fixture(scope="module", params=[("h264", 1), ("hevc", 2)])
def open_groups(
    tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path, request: pytest.FixtureRequest
) -> Recorded:
    """Before each keyframe after the first, pictures are shown that are sent after it. 80 pictures, four groups."""
    codec, groups_per_segment = request.param
    extra = "open-gop=1" if codec == "h264" else ""
    some = gops(packets(80, gop=GOP, fps=FPS, codec=codec, b_frames=3, x264=extra), codec=codec)
    assert any(frame.pts < gop.frames[0].pts for gop in some[1:] for frame in gop.frames)
    return recording(tmp_path_factory.mktemp("open"), _migrated_file, some, groups_per_segment)


@pytest.mark.parametrize("border", [GOP, 2 * GOP])
def test_pictures_that_are_sent_after_a_keyframe_and_shown_before_it_are_there(
    open_groups: Recorded, border: int
) -> None:
    for frame in range(border - 4, border + 3):
        assert open_groups.seen(at(frame + 0.5)) == (frame, at(frame))
    for first, stop in ((border - 2, border - 1), (border - 9, border), (border - 3, border + 3), (border, border + 2)):
        clip = open_groups.clip(at(first), at(stop))
        assert numbers(clip) == list(range(first, stop))
        assert (clip.start, clip.end, clip.frames) == (at(first), at(stop), stop - first)


@pytest.mark.parametrize(("first", "stop"), [(19, 60), (17, 59), (39, 70), (38, 77)])
def test_a_long_clip_has_them_too(open_groups: Recorded, first: int, stop: int) -> None:
    clip = open_groups.long_clip(at(first), at(stop))
    shown = numbers(clip)
    assert shown[: stop - first] == list(range(first, stop))
    assert len(shown) <= stop - first + 2
    assert clip.start == at(first)


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path) -> Recorded:
    """Each keyframe is whole ten pictures later; the first is number 20, the first whole one number 30."""
    some = gops(packets(100, gop=GOP, fps=FPS, x264="intra-refresh=1")[GOP:], at(GOP))
    return recording(tmp_path_factory.mktemp("refreshed"), _migrated_file, some)


def test_what_is_refreshed_part_by_part_is_shown_when_it_was_taken(refreshed: Recorded) -> None:
    for frame in (30, 39, 40, 41, 49, 50, 60, 61, 69, 70, 79, 99):
        assert refreshed.seen(at(frame + 0.5)) == (frame, at(frame))
    for first, stop in ((41, 45), (62, 75), (45, 85)):
        clip = refreshed.clip(at(first), at(stop))
        assert numbers(clip) == list(range(first, stop))
        assert clip.frames == stop - first
    assert numbers(refreshed.long_clip(at(62), at(95))) == list(range(62, 95))


def test_what_cannot_be_shown_yet_is_not_counted_and_not_shown(refreshed: Recorded) -> None:
    with pytest.raises(NothingRecorded):
        refreshed.seen(at(25))
    clip = refreshed.clip(at(22), at(35))
    assert numbers(clip) == [30, 31, 32, 33, 34]
    assert (clip.start, clip.frames) == (at(30), 5)


def test_a_still_counts_from_its_own_fragment(record: Record) -> None:
    """The wall time of a long group of pictures is moved little by little."""
    parts = in_parts(gops(packets(80, gop=80, fps=FPS)), 20)
    moved = [replace(part, wall_us=part.wall_us - 60_000 * number) for number, part in enumerate(parts)]
    some = record(moved, len(moved))
    third = timedelta(milliseconds=180)
    assert some.seen(at(70) - third) == (70, at(70) - third)


def irregular(count: int) -> list[int]:
    """Ticks at which pictures are shown."""
    return list(accumulate((1800 + 7200 * (number * 7 % 5) for number in range(count - 1)), initial=0))


def test_a_clip_of_an_irregular_camera_ends_with_its_last_picture(record: Record) -> None:
    made = packets(60, gop=60, fps=FPS, b_frames=3, x264="b-pyramid=normal")
    ticks, first, decoded = irregular(60), made[0].pts, DecodingTimes(90_000)
    pts = [ticks[(packet.pts - first) * FPS // 90_000] for packet in made]
    timed = (replace(packet, pts=time, dts=decoded.of(time)) for packet, time in zip(made, pts, strict=True))
    some = record(gops(tuple(timed)))
    walls = [START + timedelta(microseconds=tick * 100 // 9) for tick in ticks]
    for start, stop in ((5, 9), (11, 14), (20, 21), (30, 47)):
        clip = some.clip(walls[start], walls[stop])
        assert numbers(clip) == list(range(start, stop))
        assert clip.end == walls[stop]


@pytest.fixture(scope="module", params=[False, True])
def slow(
    tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path, request: pytest.FixtureRequest
) -> tuple[Recorded, list[Entry]]:
    """Groups of four seconds in parts, 60 pictures, before each keyframe three that are sent after it; the decoding
    times as the encoder's, or made from those of showing. And what the recorder wrote down."""
    folder, entries, decoded = tmp_path_factory.mktemp("slow"), list[Entry](), DecodingTimes(90_000)
    some = recording(folder, _migrated_file, [])
    intake = Intake(CAMERA, some.footage.spool, 4, 1, GapKeeper(CAMERA, START), entries.append)
    connection = Connection("h264", b"", TIME_BASE)
    for packet in packets(60, gop=20, fps=SLOW, b_frames=3, x264="open-gop=1"):
        taken = replace(packet, dts=decoded.of(packet.pts)) if request.param else packet
        for gop in connection.take(taken).gops:
            intake.record(gop, START)
    for gop in connection.finish():
        intake.record(gop, START)
    intake.close(GapCause.RECORDER_STOPPED, START + timedelta(seconds=12))
    for entry in entries:
        if isinstance(entry, FinishedSegment):
            settle(some.footage.spool, entry.key)
    put(some.footage.database, *entries)
    return some, entries


SLOW = 5


def slow_at(frame: float) -> datetime:
    return START + timedelta(seconds=frame / SLOW)


def test_a_slow_camera_with_open_groups_is_recorded_without_a_hole(slow: tuple[Recorded, list[Entry]]) -> None:
    some, entries = slow
    rows = segments(some.footage.database)
    assert len(rows) == 3
    assert [row.start for row in rows[1:]] == [row.end for row in rows[:-1]]
    assert abs(rows[-1].end - slow_at(60)) <= timedelta(milliseconds=1)
    assert [entry for entry in entries if isinstance(entry, GapOpened)] == [
        GapOpened(CAMERA, rows[-1].end, GapCause.RECORDER_STOPPED)
    ]
    for row in rows:
        fragments = unpack_fragments(row.fragments)
        assert len(fragments) > 1
        ends = [each.offset_us + each.duration_us for each in fragments]
        begins = [each.offset_us for each in fragments[1:]] + [(row.end - row.start) // timedelta(microseconds=1)]
        assert max(abs(end - begin) for end, begin in zip(ends, begins, strict=True)) <= 1000


def test_what_its_files_say_of_how_long_they_last_is_what_the_rows_say(slow: tuple[Recorded, list[Entry]]) -> None:
    some, _ = slow
    for row in segments(some.footage.database):
        again = salvage(some.footage.read(row), row.key).row()
        ours = {"id", "location"}
        assert again.model_dump(exclude=ours) == row.model_dump(exclude=ours)


@pytest.mark.parametrize(("first", "stop"), [(0, 60), (3, 59), (18, 41), (19, 42), (16, 30)])
def test_a_long_clip_of_it_shows_each_picture_at_its_time(
    slow: tuple[Recorded, list[Entry]], first: int, stop: int
) -> None:
    clip = slow[0].long_clip(slow_at(first), slow_at(stop))
    with av.open(BytesIO(b"".join(clip.chunks())), "r") as container:
        shown = [
            (read_picture(f.to_ndarray(format="bgr24").astype(np.uint8)), f.time) for f in container.decode(video=0)
        ]
    wanted = [number for number, _ in shown][: stop - first]
    assert wanted == list(range(first, stop))
    assert [time for _, time in shown] == pytest.approx([(number - first) / SLOW for number, _ in shown], abs=0.002)
    assert len(shown) <= stop - first + 2
