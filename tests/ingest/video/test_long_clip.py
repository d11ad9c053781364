"""Long clips show exactly the frames of their span, from rows alone, at any byte."""

import re
import struct
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.video.long_clip import FormatChanges, LongClip, NotLong, open_long_clip
from storage.footage import Footage
from storage.intervals import Span
from storage.models import Segment
from tests.ingest.video.encoded import START, gops, numbers_in, packets
from tests.ingest.video.test_clip import Hall, at, folder, hall, recorded

__all__ = ["folder"]
DESCRIBED = re.compile(rb"tfhd\x00\x02\x00\x02\x00\x00\x00\x01")
"""Of a fragment that says with which description it goes."""


def long_clip(some: Hall, first: int, stop: int, rows: list[Segment] | None = None) -> LongClip:
    chosen = [row for row in rows or some.rows if row.start < at(stop) and row.end > at(first)]
    return open_long_clip(some.footage, chosen, at(first), at(stop))


def content(clip: LongClip) -> bytes:
    data = b"".join(clip.chunks())
    assert len(data) == clip.size
    return data


def times_in(video: bytes) -> list[float]:
    with av.open(BytesIO(video), "r") as container:
        return [frame.time or 0.0 for frame in container.decode(video=0)]


@pytest.mark.parametrize("gop", [25, 100])
@settings(max_examples=20)
@given(st.integers(0, 99), st.integers(0, 199))
def test_a_long_clip_shows_exactly_the_frames_of_its_span(folder: Path, gop: int, first: int, stop: int) -> None:
    stop = max(stop, first - first % max(gop, 50) + max(gop, 50) + 1)
    clip = long_clip(hall(folder, gop=gop), first, stop)
    assert numbers_in(content(clip)) == list(range(first, stop))
    assert (clip.start, clip.end) == (at(first), at(stop))


def test_frames_that_are_not_shown_in_their_order_cost_at_most_two_at_the_end(folder: Path) -> None:
    for first, stop in ((60, 165), (12, 190), (49, 51)):
        shown = numbers_in(content(long_clip(hall(folder, 2), first, stop)))
        assert shown[: stop - first] == list(range(first, stop))
        assert len(shown) <= stop - first + 2


def test_media_time_is_wall_time_without_what_is_missing(folder: Path) -> None:
    some = hall(folder)
    clip = long_clip(some, 40, 160, [some.rows[0], some.rows[3]])
    data = content(clip)
    assert numbers_in(data) == [*range(40, 50), *range(150, 160)]
    assert times_in(data) == pytest.approx([n * 0.04 for n in range(20)], abs=0.001)


def test_a_clock_that_was_set_back_does_not_set_the_clip_back(folder: Path, tmp_path: Path) -> None:
    whole = gops(packets(200))
    back = gops(packets(200), START - timedelta(seconds=1))
    rows = [*recorded(tmp_path, whole[:4]), *recorded(tmp_path, back[4:], first=10)]
    footage = Footage(hall(folder).footage.database, hall(folder).footage.store, tmp_path)
    times = times_in(content(open_long_clip(footage, rows, at(0), at(200))))
    assert times == sorted(times)


@settings(max_examples=40)
@given(st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_any_range_of_a_long_clip_can_be_asked_for(folder: Path, edges: tuple[float, float]) -> None:
    clip = long_clip(hall(folder), 60, 165)
    whole = content(clip)
    first, stop = (round(clip.size * edge) for edge in sorted(edges))
    assert b"".join(clip.chunks(first, stop)) == whole[first:stop]


def test_a_player_finds_a_moment_by_the_index(folder: Path) -> None:
    with av.open(BytesIO(content(long_clip(hall(folder), 10, 190))), "r") as container:
        container.seek(6_000_000)
        frame = next(container.decode(video=0))
    assert frame.time == pytest.approx(5.6, abs=0.001)


def test_the_head_is_made_from_the_edges_alone(folder: Path, tmp_path: Path) -> None:
    some = hall(folder)

    class Counting(Footage):
        reads = 0

        def read(self, segment: Segment, offset: int = 0, length: int | None = None) -> bytes:
            Counting.reads += 1
            return super().read(segment, offset, length)

    footage = Counting(some.footage.database, some.footage.store, some.footage.spool)
    counts = []
    for repeated in (2, 100):
        Counting.reads = 0
        many = [_placed(some.rows[number % 4], number) for number in range(4 * repeated)]
        open_long_clip(footage, many, at(10), at(200 * repeated - 10))
        counts.append(Counting.reads)
    assert counts[0] == counts[1] <= 6


def _placed(row: Segment, number: int) -> Segment:
    """The segment as though it were the one of that number of a longer recording."""
    start = START + number * (row.end - row.start)
    return row.model_copy(update={"sequence": number, "start": start, "end": start + (row.end - row.start)})


@pytest.mark.parametrize("start", [24.5, 49.5])
def test_a_clip_that_begins_after_a_fragments_last_frame_begins_with_the_next_one(folder: Path, start: float) -> None:
    some = hall(folder)
    clip = open_long_clip(some.footage, some.rows, at(start), at(120))
    assert numbers_in(content(clip)) == list(range(int(start + 1), 120))
    assert clip.start == at(int(start + 1))


def test_what_lies_in_one_fragment_is_no_long_clip(folder: Path) -> None:
    some = hall(folder)
    with pytest.raises(NotLong):
        open_long_clip(some.footage, some.rows, at(49.5), at(60))


@pytest.mark.parametrize("stop", [240, 310])
def test_a_clip_goes_on_where_the_format_changes_and_back(folder: Path, stop: int) -> None:
    some, back_at = hall(folder), START + timedelta(seconds=10)
    later = recorded(some.footage.spool, gops(packets(50, width=240), START + timedelta(seconds=8)), first=200)
    back = recorded(some.footage.spool, gops(packets(100), back_at), first=300)
    rows = [*some.rows, *later, *back]
    clip = open_long_clip(some.footage, rows, at(10), at(stop))
    data = content(clip)
    with av.open(BytesIO(data), "r") as container:
        shown = [(round((frame.time or 0) * 25), frame.width) for frame in container.decode(video=0)]
    formats = [(frame, 240 if 200 <= frame < 250 else 192) for frame in range(10, stop)]
    assert shown == [(frame - 10, width) for frame, width in formats]
    descriptions = [struct.unpack_from(">I", data, found.end())[0] for found in DESCRIBED.finditer(data)]
    assert set(descriptions) == {2}, "players that go by the descriptions are told, too"
    for first, last in ((0, 1000), (len(data) // 2 - 7, len(data) // 2 + 9), (len(data) - 3000, len(data))):
        assert b"".join(clip.chunks(first, last)) == data[first:last]


def test_each_byte_of_a_range_is_that_of_the_whole_where_the_format_has_changed(folder: Path) -> None:
    some = hall(folder)
    later = recorded(some.footage.spool, gops(packets(50, width=240), START + timedelta(seconds=8)), first=200)
    clip = open_long_clip(some.footage, [*some.rows, *later], at(10), at(240))
    data = content(clip)
    described = DESCRIBED.search(data)
    assert described is not None
    for position in range(described.start() - 80, described.start() + 120):
        assert b"".join(clip.chunks(position, position + 1)) == data[position : position + 1]


def test_a_clip_ends_where_the_codec_changes(folder: Path, tmp_path: Path) -> None:
    some = hall(folder)
    later = recorded(
        some.footage.spool, gops(packets(50, codec="hevc"), START + timedelta(seconds=8), "hevc"), first=200
    )
    with pytest.raises(FormatChanges) as refused:
        open_long_clip(some.footage, some.rows + later, at(10), at(240))
    assert refused.value.parts == (Span(at(10), at(200)), Span(at(200), at(240)))
    for part in refused.value.parts:
        rows = [row for row in some.rows + later if row.start < part.end and row.end > part.start]
        assert numbers_in(content(open_long_clip(some.footage, rows, part.start, part.end)))
