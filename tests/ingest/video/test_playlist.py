"""Playlists name every fragment of a span once, and where media does not go on."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.video.playlist import SETTLED, Playlist, playlist
from storage.fragments import Fragment, pack_fragments, unpack_fragments
from storage.models import Segment
from tests.ingest.video.encoded import START, gops, in_parts, packets
from tests.ingest.video.test_clip import at, folder, hall, recorded
from tests.sample import CAMERA, a_segment

__all__ = ["folder"]


def made(rows: list[Segment], first: datetime, last: datetime | None) -> list[str]:
    chosen = [row for row in rows if row.end > first and (last is None or row.start < last)]
    return playlist(Playlist(chosen, first, last)).splitlines()


def test_a_closed_span_has_one_entry_for_each_segment_and_an_end(folder: Path) -> None:
    rows = hall(folder).rows
    lines = made(rows, at(30), at(160))
    assert lines[:5] == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    assert lines[5] == f'#EXT-X-MAP:URI="1.mp4?at=2026-01-05T01:00:00.000000Z",BYTERANGE="{rows[0].init_size}@0"'
    assert lines[6:8] == ["#EXT-X-PROGRAM-DATE-TIME:2026-01-05T01:00:01.000Z", "#EXTINF:1.000000,"]
    assert [line for line in lines if line.startswith("#EXTINF")] == [
        "#EXTINF:1.000000,",
        "#EXTINF:2.000000,",
        "#EXTINF:2.000000,",
        "#EXTINF:1.000000,",
    ]
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert "#EXT-X-DISCONTINUITY" not in lines


def test_what_was_listed_of_a_span_that_grows_stays_as_it_was(folder: Path) -> None:
    rows = hall(folder).rows
    lists = [made(written(rows[:count]), at(30), None) for count in range(1, len(rows) + 1)]
    for before, after in pairwise(lists):
        assert after[: len(before)] == before
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in lists[0]
    assert "#EXT-X-ENDLIST" not in lists[-1]
    assert sum(line.startswith("#EXTINF") for line in lists[-1]) == 7


def test_a_playlist_says_where_the_clock_is_in_doubt_and_from_where_on_it_is_not(folder: Path) -> None:
    rows = [row.model_copy() for row in hall(folder).rows]
    assert not [line for line in made(rows, at(0), at(200)) if "DATERANGE" in line]
    rows[1].clock_offset_us, rows[1].clock_error_us = 7_000_000, 2_550_000
    for last in (at(200), None):
        lines = made(rows, at(0), last)
        doubt, trust = (line for line in lines if line.startswith("#EXT-X-DATERANGE:"))
        assert doubt == (
            f'#EXT-X-DATERANGE:ID="clock-{rows[1].sequence}",CLASS="hallwatch.clock",'
            'START-DATE="2026-01-05T01:00:02.000Z",END-ON-NEXT=YES,X-CLOCK="untrusted",X-CLOCK-ERROR=2.550000'
        )
        assert f'ID="clock-{rows[2].sequence}"' in trust
        assert 'X-CLOCK="trusted"' in trust


def target(lines: list[str]) -> int:
    return next(int(line.partition(":")[2]) for line in lines if line.startswith("#EXT-X-TARGETDURATION"))


@given(st.lists(st.integers(1, 5_000_000), max_size=12))
def test_the_longest_entry_that_a_growing_playlist_announces_is_the_same_however_it_grows(
    lengths_us: list[int],
) -> None:
    fragments = [Fragment(sum(lengths_us[:n]), length, n, 1) for n, length in enumerate(lengths_us)]
    lists = [made([grown(fragments[:count])], START, None) for count in range(len(fragments) + 1)]
    assert {target(lines) for lines in lists} == {5}


def test_an_entry_is_never_longer_than_announced() -> None:
    assert target(made([grown([Fragment(0, 75_000_000, 0, 1)])], START, None)) == 75


def test_one_that_grows_expects_gops_as_long_as_those_before_it() -> None:
    earlier = grown([Fragment(0, 1_200_000, 0, 1), Fragment(1_200_000, 8_000_000, 1, 1, keyframe=False)])
    lines = playlist(Playlist([earlier], earlier.end + SETTLED, None)).splitlines()
    assert target(lines) == 12
    assert not begins(lines)


@given(st.integers(0, 100), st.integers(5, 60))
def test_a_camera_of_even_gops_is_announced_alike_from_when_the_first_is_listed(begins_s: int, gop_s: int) -> None:
    gop = timedelta(seconds=gop_s)
    rows = [grown([Fragment(0, gop_s * 1_000_000, 0, 1)], START + number * gop, gop) for number in range(30)]
    start = START + timedelta(seconds=begins_s)
    # What is being recorded has no row; it has one in the answers after.
    for row in rows:
        row.id = None
    announced = []
    for count in range(begins_s // gop_s + 1, 30):
        rows[count - 1].id = count
        announced.append(target(playlist(Playlist(rows[:count], start, None)).splitlines()))
    assert len(set(announced)) == 1


def grown(fragments: list[Fragment], start: datetime = START, length: timedelta = timedelta(minutes=5)) -> Segment:
    row = a_segment(CAMERA, start)
    row.id, row.end, row.fragments = 1, start + length, pack_fragments(fragments)
    return row


def written(rows: list[Segment]) -> list[Segment]:
    """As rows of the database."""
    return [Segment(**(row.model_dump() | {"id": number})) for number, row in enumerate(rows, 1)]


@pytest.fixture
def long_gops(tmp_path: Path) -> Segment:
    """Three GOPs of four seconds, each in four parts."""
    (row,) = recorded(tmp_path, in_parts(gops(packets(300, gop=100)), 30), gops_per_segment=12)
    return row


def begins(lines: list[str]) -> list[int]:
    return [int(line.rpartition("@")[2]) for line in lines if line.startswith("#EXT-X-BYTERANGE")]


def test_entries_begin_with_a_keyframe_though_a_gop_is_in_several_parts(long_gops: Segment) -> None:
    keyframes = [f.byte_offset for f in unpack_fragments(long_gops.fragments) if f.keyframe]
    assert len(keyframes) == 3
    (row,) = written([long_gops])
    assert begins(made([row], at(170), at(250))) == [keyframes[1]]
    assert begins(made([row], at(170), None)) == keyframes[1:]


@pytest.mark.parametrize("count", range(1, 13))
def test_a_gop_that_is_being_recorded_is_listed_when_it_has_ended(long_gops: Segment, count: int) -> None:
    fragments = unpack_fragments(long_gops.fragments)
    assert [f.duration_us for f in fragments] == [1_200_000, 1_200_000, 1_200_000, 400_000] * 3
    growing = Segment(**(long_gops.model_dump() | {"fragments": pack_fragments(fragments[:count])}))
    whole = made(written([long_gops]), at(0), None)
    assert begins(made([growing], at(0), None)) == begins(whole)[: count // 4]


def test_a_gap_is_a_discontinuity_with_its_own_time(folder: Path) -> None:
    rows = hall(folder).rows
    lines = made([rows[0], rows[3]], at(0), at(200))
    place = lines.index("#EXT-X-DISCONTINUITY")
    assert lines[place + 1] == "#EXT-X-PROGRAM-DATE-TIME:2026-01-05T01:00:06.000Z"
    assert sum(line.startswith("#EXT-X-MAP") for line in lines) == 1


def test_another_format_is_a_discontinuity_with_its_own_initial_part(folder: Path, tmp_path: Path) -> None:
    rows = hall(folder).rows
    later = recorded(tmp_path, gops(packets(50, width=240), START + timedelta(seconds=8)), first=200)
    lines = made(rows + later, at(0), at(250))
    place = lines.index("#EXT-X-DISCONTINUITY")
    assert lines[place + 1].startswith('#EXT-X-MAP:URI="200.mp4?at=2026-01-05T01:00:08')
    assert lines.count("#EXT-X-DISCONTINUITY") == 1


def test_a_change_of_the_clock_is_a_discontinuity(tmp_path: Path) -> None:
    whole = gops(packets(100))
    back = [replace(gop, wall_us=gop.wall_us - 900_000) for gop in whole[2:]]
    rows = [*recorded(tmp_path, whole[:2]), *recorded(tmp_path, back, first=10)]
    assert made(rows, at(-100), at(200)).count("#EXT-X-DISCONTINUITY") == 1


@settings(max_examples=30)
@given(st.integers(0, 199), st.integers(1, 199))
def test_the_entries_are_the_fragments_of_the_span(folder: Path, first: int, count: int) -> None:
    lines = made(hall(folder).rows, at(first), at(min(first + count, 200)))
    length = sum(float(line[8:-1]) for line in lines if line.startswith("#EXTINF"))
    wanted = -(-min(first + count, 200) // 25) - first // 25
    assert length == wanted
    ranges = [re.fullmatch(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", line) for line in lines if "-BYTERANGE:" in line]
    assert all(found and int(found[1]) > 0 for found in ranges)
