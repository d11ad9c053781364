"""A reader written from docs/reference/storage-format.md alone must find what the rows say."""

import hashlib
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.simulator.microphone import SoundCodec
from ingest.video.frames import to_us
from ingest.video.salvage import salvage, salvage_by_summary
from storage.fragments import unpack_fragments
from storage.models import Segment
from tests.ingest.video.encoded import START, gops, numbers_in, packets
from tests.ingest.video.sounding import heard, with_beeps
from tests.ingest.video.test_clip import recorded

KEY = re.compile(r"(.+)/(\d{4})/(\d\d)/(\d\d)/(\d\d)(\d\d)(\d\d)-(\d{9,})\.mp4")
NTP_TO_UNIX = 2_208_988_800


@dataclass(frozen=True)
class Fragment:
    wall_us: int
    decode_time: int
    samples: tuple[tuple[int, int, int, int], ...]
    """Duration, size, flags, composition offset."""
    sound: tuple[int, tuple[tuple[int, int], ...]] | None = None
    """Time of the first, duration and size of each."""


@dataclass(frozen=True)
class Read:
    description: dict[str, object]
    timescale: int
    entry: bytes
    sound_timescale: int
    sound_entry: bytes
    fragments: tuple[Fragment, ...]

    def sound_walls_us(self) -> list[int]:
        """Of every sample of sound: its fragment's time, and the time since the fragment's first picture."""
        walls: list[int] = []
        for fragment in self.fragments:
            if fragment.sound is None:
                continue
            first_picture = (fragment.decode_time + fragment.samples[0][3]) * 1_000_000 // self.timescale
            at, samples = fragment.sound
            for duration, _size in samples:
                walls.append(fragment.wall_us + at * 1_000_000 // self.sound_timescale - first_picture)
                at += duration
        return walls

    def walls_us(self) -> list[int]:
        """Of every picture, in decoding order."""
        walls = []
        for fragment in self.fragments:
            shown, at = [], fragment.decode_time
            for duration, _size, _flags, composition in fragment.samples:
                shown.append(at + composition)
                at += duration
            walls += [fragment.wall_us + (each - shown[0]) * 1_000_000 // self.timescale for each in shown]
        return walls


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        yield kind.decode("latin-1"), data[8:size]
        data = data[size:]


def inside(data: bytes, *path: str) -> bytes:
    for kind in path:
        data = dict(boxes(data[4:] if kind == "ilst" else data))[kind]
    return data


def read(parts: list[tuple[str, bytes]]) -> Read:
    """Of a segment's boxes, or of those in its `skip`."""
    moov = dict(parts)["moov"]
    tracks = [track(data) for kind, data in boxes(moov) if kind == "trak"]
    comment = inside(moov, "udta", "meta", "ilst", "\xa9cmt", "data")[8:]
    walls = [data for kind, data in parts if kind == "prft"]
    movies = [data for kind, data in parts if kind == "moof"]
    fragments = tuple(fragment(*pair) for pair in zip(walls, movies, strict=True))
    (timescale, entry), (sound_timescale, sound_entry) = (*tracks, (0, b""))[:2]
    return Read(json.loads(comment), timescale, entry, sound_timescale, sound_entry, fragments)


def track(trak: bytes) -> tuple[int, bytes]:
    media = inside(trak, "mdia")
    (timescale,) = struct.unpack(">I", inside(media, "mdhd")[20:24])
    return timescale, inside(media, "minf", "stbl", "stsd")[8 + 4 : 8 + 8]


def fragment(prft: bytes, moof: bytes) -> Fragment:
    number, seconds, parts = struct.unpack(">III", prft[4:16])
    assert number == 1
    trafs = [data for kind, data in boxes(moof) if kind == "traf"]
    (decode_time,) = struct.unpack(">Q", inside(trafs[0], "tfdt")[4:12])
    trun = inside(trafs[0], "trun")
    flags, count = struct.unpack(">II", trun[:8])
    assert flags == 0x01000F01
    samples = tuple(struct.iter_unpack(">IIIi", trun[12 : 12 + 16 * count]))
    wall_us = (seconds - NTP_TO_UNIX) * 1_000_000 + (parts * 1_000_000 >> 32)
    return Fragment(wall_us, decode_time, samples, sound(trafs[1]) if len(trafs) > 1 else None)


def sound(traf: bytes) -> tuple[int, tuple[tuple[int, int], ...]]:
    (time,) = struct.unpack(">Q", inside(traf, "tfdt")[4:12])
    trun = inside(traf, "trun")
    flags, count = struct.unpack(">II", trun[:8])
    assert flags == 0x301
    return time, tuple(struct.iter_unpack(">II", trun[12 : 12 + 8 * count]))


@pytest.fixture(params=[0, 2], ids=["no B-frames", "B-frames"])
def segments(request: pytest.FixtureRequest, tmp_path: Path) -> list[tuple[Segment, bytes]]:
    rows = recorded(tmp_path, gops(packets(200, b_frames=request.param)))
    return [(row, (tmp_path / row.key).read_bytes()) for row in rows]


def test_the_document_is_enough_to_find_all_that_a_row_says(segments: list[tuple[Segment, bytes]]) -> None:
    for row, data in segments:
        found = read(list(boxes(data)))
        assert found.description["hallwatch"] == 1
        assert (found.description["camera_id"], found.description["sequence"]) == (row.camera_id, row.sequence)
        assert found.description["start_us"] == to_us(row.start)
        assert found.description["clock_source"] == row.clock_source.value
        named = KEY.fullmatch(row.key)
        assert named is not None
        assert datetime(*map(int, named.groups()[1:7]), tzinfo=UTC) == row.start.replace(microsecond=0)  # type: ignore[misc, arg-type]
        index = unpack_fragments(row.fragments)
        assert [each.wall_us for each in found.fragments] == pytest.approx(
            [to_us(row.start) + entry.offset_us for entry in index], abs=1
        )
        assert found.entry in (b"avc1", b"hev1")
        assert hashlib.sha256(data).hexdigest() == row.sha256


def test_the_last_box_tells_all_about_the_segment(segments: list[tuple[Segment, bytes]]) -> None:
    for _row, data in segments:
        every = list(boxes(data))
        kind, last = every[-1]
        assert kind == "skip"
        assert read(list(boxes(last))) == read(every)


def test_pictures_have_the_wall_time_that_the_document_tells(segments: list[tuple[Segment, bytes]]) -> None:
    for row, data in segments:
        found = read(list(boxes(data)))
        walls = sorted(found.walls_us())
        spacing = {round((after - before) / 1000) for before, after in pairwise(walls)}
        assert spacing == {40}, "25 pictures a second"
        assert row.start <= datetime.fromtimestamp(walls[0] / 1e6, UTC) + timedelta(milliseconds=1)
        assert datetime.fromtimestamp(walls[-1] / 1e6, UTC) < row.end
        assert len(walls) == len(numbers_in(data))


@pytest.mark.parametrize(("codec", "entry"), [("aac", b"mp4a"), ("pcmu", b"ulaw"), ("pcma", b"alaw")])
def test_sound_has_the_wall_time_that_the_document_tells(tmp_path: Path, codec: SoundCodec, entry: bytes) -> None:
    rows = recorded(tmp_path, with_beeps(gops(packets(200)), codec))
    for row in rows:
        data = (tmp_path / row.key).read_bytes()
        found = read(list(boxes(data)))
        assert read(list(boxes(list(boxes(data))[-1][1]))) == found
        assert salvage_by_summary(data[-8192:], row.key, row.size, row.sha256) == salvage(data, row.key)
        assert (found.sound_entry, found.sound_timescale) == (entry, row.audio_hz)
        _, units = heard(codec, START, 8.0)
        expected = [to_us(unit.wall) for unit in units if row.start <= unit.wall < row.end]
        assert found.sound_walls_us() == pytest.approx(expected, abs=20_000)
