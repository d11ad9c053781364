"""What is heard in a segment, a clip and HLS is what was heard while its pictures were seen."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ingest.simulator.microphone import SoundCodec
from ingest.video.clip import plan_clip, prepare_clip
from ingest.video.long_clip import open_long_clip
from ingest.video.playlist import Playlist, has_sound, playlist
from ingest.video.retimed import Sound, Stretch, media_end
from ingest.video.salvage import salvage
from ingest.video.segmenter import Gop
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import Segment
from tests.ingest.video.encoded import START, gops, numbers_in, packets
from tests.ingest.video.sounding import assert_sounds_as_it_looks, beeps_in, codecs_of, with_beeps
from tests.ingest.video.test_clip import at, recorded

CODECS: tuple[SoundCodec, ...] = ("aac", "pcmu", "pcma")
NAMES = {"aac": "aac", "pcmu": "pcm_mulaw", "pcma": "pcm_alaw"}
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example decodes a clip twice, so that a smaller one is not looked for."""
each_codec = pytest.mark.parametrize("codec", CODECS)


def sounding(codec: SoundCodec, b_frames: int = 0) -> list[Gop]:
    return with_beeps(gops(packets(200, b_frames=b_frames)), codec)


class Hall:
    """200 numbered frames in four segments of two GOPs, with a beep at each full second."""

    def __init__(self, folder: Path, some: list[Gop]) -> None:
        self.footage = Footage(Database("sqlite://"), FolderStore(folder / "store"), folder / "spool")
        self.rows = recorded(self.footage.spool, some)

    def clip(self, start: datetime, end: datetime, rows: list[Segment] | None = None) -> bytes:
        return b"".join(prepare_clip(self.footage, plan_clip(rows or self.rows, start, end)).chunks())

    def long_clip(self, start: datetime, end: datetime, rows: list[Segment] | None = None) -> bytes:
        chosen = [row for row in rows or self.rows if row.start < end and row.end > start]
        clip = open_long_clip(self.footage, chosen, start, end)
        data = b"".join(clip.chunks())
        assert len(data) == clip.size
        return data

    def bytes_of(self, row: Segment) -> bytes:
        return self.footage.read(row, 0, row.size)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sounding")


@cache
def hall(folder: Path, codec: SoundCodec, b_frames: int = 0) -> Hall:
    return Hall(folder / f"{codec}{b_frames}", sounding(codec, b_frames))


@each_codec
def test_another_reader_finds_both_tracks_in_a_segment_and_they_agree(folder: Path, codec: SoundCodec) -> None:
    some = hall(folder, codec)
    for row in some.rows:
        data = some.bytes_of(row)
        assert codecs_of(data) == ["h264", NAMES[codec]]
        assert len(numbers_in(data)) == 50
        assert_sounds_as_it_looks(data, 1)
        assert (row.audio, row.audio_hz) == (codec, 16_000 if codec == "aac" else 8_000)


@each_codec
@pytest.mark.parametrize("b_frames", [0, 2])
@settings(max_examples=6, deadline=None, phases=PHASES)
@given(st.integers(0, 150), st.integers(30, 200))
def test_a_clip_sounds_as_it_looks_whatever_its_edges(
    folder: Path, codec: SoundCodec, b_frames: int, first: int, count: int
) -> None:
    stop = min(first + count, 200)
    data = hall(folder, codec, b_frames).clip(at(first), at(stop))
    assert numbers_in(data) == list(range(first, stop))
    assert_sounds_as_it_looks(data, (stop - first) // 25 - 1)


@each_codec
@settings(max_examples=6, deadline=None, phases=PHASES)
@given(st.integers(0, 90), st.integers(110, 199))
def test_a_long_clip_sounds_as_it_looks(folder: Path, codec: SoundCodec, first: int, stop: int) -> None:
    data = hall(folder, codec).long_clip(at(first), at(stop))
    assert numbers_in(data) == list(range(first, stop))
    assert_sounds_as_it_looks(data, (stop - first) // 25 - 1)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_the_sound_of_a_long_clip_lasts_as_long_as_its_pictures(folder: Path, b_frames: int) -> None:
    for stop in (136, 160):
        with av.open(BytesIO(hall(folder, "pcma", b_frames).long_clip(at(12), at(stop))), "r") as container:
            last = list(container.decode(audio=0))[-1]
        assert last.time is not None
        assert last.time + last.samples / last.sample_rate == pytest.approx((stop - 12) * 0.04, abs=0.03)


@each_codec
def test_a_gap_inside_a_clip_is_joined_in_sound_as_in_pictures(folder: Path, codec: SoundCodec) -> None:
    some = hall(folder, codec)
    for data in (
        some.clip(at(40), at(160), [some.rows[0], some.rows[3]]),
        some.long_clip(at(30), at(180), [some.rows[0], some.rows[3]]),
    ):
        assert_sounds_as_it_looks(data, 1)


def test_sound_that_was_lost_leaves_silence_and_the_pictures_go_on(tmp_path: Path) -> None:
    some = sounding("aac")
    some[3], some[4] = replace(some[3], audio=None), replace(some[4], audio=None)
    lossy = Hall(tmp_path, some)
    assert [row.audio for row in lossy.rows] == ["aac", "aac", "", "aac"]
    for data in (lossy.clip(at(0), at(200)), lossy.long_clip(at(0), at(200))):
        assert numbers_in(data) == list(range(200))
        assert {round(beep) for beep in beeps_in(data)} >= {1, 2, 7}
        assert {round(beep) for beep in beeps_in(data)}.isdisjoint({4, 5})
        assert_sounds_as_it_looks(data, 3)


def test_lost_frames_of_sound_do_not_move_those_after_them(tmp_path: Path) -> None:
    some = sounding("pcmu")
    for number in range(len(some)):
        audio = some[number].audio
        assert audio is not None
        kept = tuple(frame for n, frame in enumerate(audio.frames) if not 20 < n < 30)
        some[number] = replace(some[number], audio=replace(audio, frames=kept))
    holes = Hall(tmp_path, some)
    for data in (holes.bytes_of(holes.rows[1]), holes.clip(at(30), at(170)), holes.long_clip(at(30), at(170))):
        assert_sounds_as_it_looks(data, 1)


def test_sound_that_begins_late_is_waited_for(tmp_path: Path) -> None:
    some = sounding("aac")
    late = Hall(tmp_path, [replace(gop, audio=None) for gop in some[:2]] + some[2:])
    for data in (late.clip(at(30), at(150)), late.long_clip(at(30), at(150))):
        assert_sounds_as_it_looks(data, 1)


def test_one_track_holds_one_kind_of_sound(tmp_path: Path) -> None:
    mixed = Hall(tmp_path, [*sounding("aac")[:4], *sounding("pcma")[4:]])
    for data in (mixed.clip(at(0), at(200)), mixed.long_clip(at(0), at(200))):
        assert numbers_in(data) == list(range(200))
        assert codecs_of(data) == ["h264", "aac"]
        assert {round(beep) for beep in beeps_in(data)}.isdisjoint({5, 6, 7})


@pytest.mark.parametrize("stop", [230, 250])
def test_where_the_format_of_the_pictures_changes_a_long_clip_sounds_on(tmp_path: Path, stop: int) -> None:
    some = Hall(tmp_path, sounding("pcma"))
    larger = with_beeps(gops(packets(50, width=240), at(200)), "pcma")
    some.rows += recorded(some.footage.spool, larger, first=200)
    data = some.long_clip(at(30), at(stop))
    assert numbers_in(data) == [*range(30, 200), *range(stop - 200)]
    with av.open(BytesIO(data), "r") as container:
        frames = sum(frame.samples for frame in container.decode(audio=0))
    assert frames / 8000 == pytest.approx((stop - 30) / 25, abs=0.1)
    assert beeps_in(data) == pytest.approx([n + 0.8 for n in range(len(beeps_in(data)))], abs=0.03)


def test_a_clip_without_sound_has_no_track_for_it(tmp_path: Path) -> None:
    silent = Hall(tmp_path, gops(packets(200)))
    assert codecs_of(silent.clip(at(10), at(190))) == ["h264"]
    assert codecs_of(silent.long_clip(at(10), at(190))) == ["h264"]
    assert {row.audio for row in silent.rows} == {""}


@each_codec
def test_any_range_of_a_clip_with_sound_can_be_asked_for(folder: Path, codec: SoundCodec) -> None:
    some = hall(folder, codec)
    clip = open_long_clip(some.footage, some.rows, at(10), at(190))
    whole = b"".join(clip.chunks())
    for first in range(0, clip.size, 997):
        assert b"".join(clip.chunks(first, first + 60)) == whole[first : first + 60]


@each_codec
@pytest.mark.parametrize("sound", list(Sound))
def test_any_range_of_a_segment_is_the_same_part_of_what_is_sent(folder: Path, codec: SoundCodec, sound: Sound) -> None:
    some = hall(folder, codec)
    stretch = Stretch(some.rows[1], 0, media_end(some.rows[1]), 123_456_789, sound)
    whole = stretch.read(some.footage, 0, stretch.size)
    for first in range(0, stretch.size, 53):
        assert stretch.read(some.footage, first, min(first + 31, stretch.size)) == whole[first : first + 31]


@each_codec
def test_hls_moves_sound_with_the_pictures_or_hides_what_it_does_not_know(folder: Path, codec: SoundCodec) -> None:
    some = hall(folder, codec)
    row = some.rows[1]
    assert has_sound(row) == (codec == "aac")
    stretch = Stretch(row, 0, media_end(row), 90_000 * 3600, Sound.MOVED if has_sound(row) else Sound.HIDDEN)
    data = stretch.read(some.footage, 0, stretch.size)
    assert numbers_in(data) == list(range(50, 100))
    assert codecs_of(data) == (["h264", "aac"] if codec == "aac" else ["h264"])
    with av.open(BytesIO(data), "r") as container:
        starts = {s.type: float((s.start_time or 0) * (s.time_base or 0)) for s in container.streams}
    assert starts["video"] == 3600
    if codec == "aac":
        assert starts["audio"] == pytest.approx(3600, abs=0.1)


def test_a_playlist_begins_anew_where_sound_comes_or_goes_that_players_know(tmp_path: Path) -> None:
    def maps(codec: SoundCodec) -> int:
        some = sounding(codec)
        rows = recorded(tmp_path / codec, [*some[:4], *(replace(gop, audio=None) for gop in some[4:])])
        return playlist(Playlist(rows, START, START + timedelta(seconds=8))).count("#EXT-X-MAP")

    assert (maps("aac"), maps("pcmu")) == (2, 1)


@each_codec
def test_a_row_is_made_again_from_the_bytes(folder: Path, codec: SoundCodec) -> None:
    some = hall(folder, codec)
    for row in some.rows:
        assert salvage(some.bytes_of(row), row.key).row() == row


@each_codec
def test_a_fragment_that_a_crash_cut_off_in_its_sound_is_not_taken_for_whole(folder: Path, codec: SoundCodec) -> None:
    some = hall(folder, codec)
    row = some.rows[0]
    whole = salvage(some.bytes_of(row), row.key)
    in_sound = some.bytes_of(row).index(b"mdat", whole.fragments[1].byte_offset) + 50
    cut = some.bytes_of(row)[:in_sound]
    assert len(salvage(cut, row.key).fragments) == 1
