"""Clips show exactly the frames of the span that was asked for."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from ingest.video.clip import Clip, NothingRecorded, open_clip, plan_clip, prepare_clip, write_clip
from ingest.video.clip_plan import parts_of, pieces_of
from ingest.video.fragmented import Recording
from ingest.video.frames import to_us
from ingest.video.long_clip import open_long_clip
from ingest.video.segmenter import Gop
from ingest.video.stills import still
from ingest.video.writer import SegmentWriter, settle
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.fragments import unpack_fragments
from storage.intervals import Span
from storage.models import ClockSource, Segment
from tests.ingest.video.encoded import START, gops, in_parts, numbers_in, packets, read_picture
from tests.sample import CAMERA, a_hall

FRAME = timedelta(milliseconds=40)
PART = 30


def at(frame: float) -> datetime:
    return START + frame * FRAME


def recorded(spool: Path, some: list[Gop], gops_per_segment: int = 2, first: int = 1) -> list[Segment]:
    rows: list[Segment] = []
    for sequence, start in enumerate(range(0, len(some), gops_per_segment), first):
        chosen = some[start : start + gops_per_segment]
        recording = Recording(CAMERA, sequence, chosen[0].wall_us, ClockSource.ARRIVAL, 0)
        audio = chosen[0].audio
        writer = SegmentWriter(spool, recording, chosen[0].info, audio.format if audio else None)
        for gop in chosen:
            writer.append(gop)
        finished = writer.close()
        assert finished is not None
        settle(spool, finished.key)
        rows.append(finished.row())
    return rows


class Hall:
    """200 numbered frames in four segments of two GOPs; of long ones in two of one, in parts."""

    def __init__(self, folder: Path, database: Database, b_frames: int = 0, gop: int = 25) -> None:
        self.footage = Footage(database, FolderStore(folder / "store"), folder / "spool")
        parts = in_parts(gops(packets(200, b_frames=b_frames, gop=gop)), PART)
        self.rows = recorded(folder / "spool", parts, max(-(-gop // PART), 2))

    def clip(self, start: datetime, end: datetime, rows: list[Segment] | None = None) -> Clip:
        return prepare_clip(self.footage, plan_clip(self.rows if rows is None else rows, start, end))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hall")


@cache
def hall(folder: Path, b_frames: int = 0, gop: int = 25) -> Hall:
    return Hall(folder / f"{b_frames}-{gop}", Database("sqlite://"), b_frames, gop)


def content(clip: Clip) -> bytes:
    data = b"".join(clip.chunks())
    assert len(data) == clip.size
    return data


@pytest.mark.parametrize(("b_frames", "gop"), [(0, 25), (2, 25), (0, 100), (2, 100), (3, 100)])
@settings(max_examples=20, deadline=None)
@given(st.tuples(st.integers(0, 199), st.integers(1, 199)))
def test_a_clip_shows_exactly_the_frames_of_its_span(
    folder: Path, b_frames: int, gop: int, span: tuple[int, int]
) -> None:
    first, count = span
    stop = min(first + count, 200)
    clip = hall(folder, b_frames, gop).clip(at(first), at(stop))
    assert numbers_in(content(clip)) == list(range(first, stop))
    assert (clip.start, clip.end, clip.frames) == (at(first), at(stop), stop - first)
    assert clip.plan.missing == ()


def test_edges_between_frames_take_the_frames_within(folder: Path) -> None:
    assert numbers_in(content(hall(folder).clip(at(10.5), at(12.5)))) == [11, 12]


def test_a_gap_inside_is_listed_and_the_media_is_joined(folder: Path) -> None:
    some = hall(folder)
    clip = some.clip(at(40), at(160), [some.rows[0], some.rows[3]])
    assert numbers_in(content(clip)) == [*range(40, 50), *range(150, 160)]
    assert clip.plan.missing == (Span(at(50), at(150)),)


def test_the_pieces_of_a_clip_run_in_the_order_of_recording(tmp_path: Path) -> None:
    whole, back = gops(packets(200)), gops(packets(200), START - timedelta(seconds=1))
    rows = [
        *recorded(tmp_path, whole[:4]),
        *recorded(tmp_path, back[4:6], first=10),
        *recorded(tmp_path, whole[7:], first=20),
    ]
    spans = [Span(row.start, row.end) for row in rows]
    second = timedelta(seconds=1)
    assert pieces_of(spans, START - 9 * second, START - second) == pieces_of(spans, START + 9 * second, at(999)) == ()
    assert pieces_of(spans, START + second, START + 8 * second) == (
        Span(START + second, START + 4 * second),
        Span(START + 3 * second, START + 5 * second),
        Span(START + 7 * second, START + 8 * second),
    )


@given(
    st.lists(
        st.tuples(st.integers(-4, 12), st.integers(1, 12), st.sampled_from("ab")),
        min_size=1,
        max_size=8,
    )
)
def test_a_part_holds_one_format_and_no_moment_that_was_recorded_once_is_in_no_part(
    steps: list[tuple[int, int, str]],
) -> None:
    """Each segment begins so many frames after the end of the one before it, lasts so many, and has a format."""
    recorded, end = [], 50
    for pause, length, format_ in steps:
        begin = max(end + pause, 0)
        end = begin + length
        recorded.append((Span(at(begin), at(end)), format_))
    start, stop = at(0), at(200)
    parts = parts_of(recorded, start, stop)
    within = [{f for span, f in recorded if span.start < part.end and span.end > part.start} for part in parts]
    assert all(len(formats) <= 1 for formats in within)
    assert all(before.end <= after.start for before, after in pairwise(parts))
    for frame in range(200):
        formats = {f for span, f in recorded if span.start <= at(frame) < span.end}
        held = any(piece.start <= at(frame) < piece.end for part in parts for piece in part.pieces)
        assert held <= (len(formats) == 1)
        if end_in_order(recorded):
            assert held == bool(formats)


def end_in_order(recorded: list[tuple[Span, str]]) -> bool:
    """The clock was never set back."""
    return all(before.end <= after.start for (before, _), (after, _) in pairwise(recorded))


def test_segments_of_other_cameras_settings_are_joined_too(folder: Path) -> None:
    some = hall(folder)
    later = gops(packets(50, width=240), START + timedelta(seconds=8))
    rows = some.rows + recorded(some.footage.spool, later, first=100)
    clip = some.clip(at(190), at(210), rows)
    assert clip.frames == 20
    assert clip.head.count(b"avcC") == 2


def test_a_salvaged_segment_without_its_summary_gives_the_same_clip(folder: Path, tmp_path: Path) -> None:
    some = hall(folder)
    rows = [Segment(**row.model_dump()) for row in some.rows]
    for row in rows:
        last = unpack_fragments(row.fragments)[-1]
        row.size = last.byte_offset + last.byte_size
        place = tmp_path / row.key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(some.footage.read(row, 0, row.size))
    footage = Footage(some.footage.database, some.footage.store, tmp_path)
    clip = prepare_clip(footage, plan_clip(rows, at(30), at(170)))
    assert content(clip) == content(some.clip(at(30), at(170)))


def test_any_range_of_the_file_can_be_asked_for(folder: Path) -> None:
    clip = hall(folder).clip(at(30), at(170))
    whole = content(clip)
    for first, stop in ((0, 10), (500, 20_000), (len(clip.head), None), (clip.size - 1, clip.size + 5)):
        assert b"".join(clip.chunks(first, stop)) == whole[first:stop]


def test_the_whole_clip_can_be_written_to_a_file(folder: Path) -> None:
    some, out = hall(folder), BytesIO()
    plan = plan_clip(some.rows, at(0), at(200))
    write_clip(some.footage, plan, out)
    assert numbers_in(out.getvalue()) == list(range(200))


def test_nothing_recorded_is_an_answer(folder: Path) -> None:
    some = hall(folder)
    with pytest.raises(NothingRecorded):
        some.clip(at(-100), at(0))
    with pytest.raises(ValueError, match="must end"):
        some.clip(at(10), at(10))


@pytest.fixture(params=[(0, 25), (2, 25), (0, 100)])
def session(
    request: pytest.FixtureRequest, sqlite_database: Database, folder: Path
) -> Iterator[tuple[Session, Footage]]:
    some = hall(folder, *request.param)
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add_all(Segment(**row.model_dump()) for row in some.rows)
        session.flush()
        yield session, some.footage


@pytest.mark.parametrize(
    ("moment", "number"), [(0, 0), (0.9, 0), (24, 24), (49.99, 49), (77.5, 77), (125, 125), (199, 199)]
)
def test_a_still_is_the_frame_shown_at_the_moment(session: tuple[Session, Footage], moment: float, number: int) -> None:
    jpeg = still(session[1], session[0], CAMERA, at(moment))
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert read_picture(image.astype(np.uint8)) == number


def test_there_is_no_still_of_a_moment_without_footage(session: tuple[Session, Footage]) -> None:
    with pytest.raises(NothingRecorded):
        still(session[1], session[0], CAMERA, at(-1))
    with pytest.raises(NothingRecorded):
        still(session[1], session[0], CAMERA, at(400))


def test_a_clip_is_found_by_camera_and_span(session: tuple[Session, Footage]) -> None:
    clip = open_clip(session[1], session[0], CAMERA, at(60), at(65))
    assert isinstance(clip, Clip)
    assert numbers_in(content(clip)) == [60, 61, 62, 63, 64]
    assert to_us(clip.start) == to_us(at(60))


def test_the_file_says_how_far_its_time_may_be_off_and_where_its_clock_was_in_doubt(folder: Path) -> None:
    rows = [row.model_copy() for row in hall(folder).rows]
    rows[1].clock_offset_us, rows[1].clock_error_us = 7_000_000, 550_000
    made = hall(folder).clip(at(10), at(190), rows), open_long_clip(hall(folder).footage, rows, at(10), at(190))
    for clip in made:
        with av.open(BytesIO(b"".join(clip.chunks())), "r") as container:
            told = json.loads(container.metadata["comment"])
        assert told["clock_error_us"] == 550_000
        assert told["clock_untrusted"] == [[rows[1].start.isoformat(), rows[1].end.isoformat()]]
