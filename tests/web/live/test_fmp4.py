import io
import struct
from datetime import timedelta
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.live.camera import BEGAN, Scene, filmed, frames_of
from web.live.fmp4 import TIMESCALE, Sample, fragment
from web.live.h264 import NoParameterSets, length_prefixed, nal_units, parameter_sets
from web.live.packaging import LiveFrame, LiveStart, Packager


def packaged(scene: Scene, pictures: int) -> tuple[LiveStart, list[LiveFrame]]:
    packager = Packager()
    items = [live for item in filmed(scene, pictures) for live in packager.accept(item)]
    start, *frames = items
    assert isinstance(start, LiveStart)
    return start, [frame for frame in frames if isinstance(frame, LiveFrame)]


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        assert 8 <= size <= len(data) - at
        found.append((data[at + 4 : at + 8], data[at + 8 : at + size]))
        at += size
    return found


@pytest.mark.parametrize(
    "scene", [Scene(), Scene(profile="High", b_frames=2), Scene(width=320, height=180, profile="Main")]
)
def test_what_is_sent_is_mp4_that_plays_picture_by_picture(scene: Scene) -> None:
    start, frames = packaged(scene, 25)
    sent = start.init + b"".join(frame.fragment for frame in frames)
    with av.open(io.BytesIO(sent), "r") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (scene.width, scene.height)
        pictures = list(container.decode(stream))
    assert len(pictures) == 25
    times = [float(picture.time or 0) for picture in pictures]
    assert all(later - earlier == pytest.approx(1 / scene.fps, abs=0.001) for earlier, later in pairwise(times))


def test_times_in_the_file_are_those_on_the_timeline() -> None:
    start, frames = packaged(Scene(profile="High", b_frames=2), 20)
    with av.open(io.BytesIO(start.init + b"".join(frame.fragment for frame in frames)), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    assert [(packet.dts, packet.pts, packet.is_keyframe) for packet in packets] == [
        (frame.decode, frame.present, frame.keyframe) for frame in frames
    ]


def test_boxes_fill_their_parents_exactly() -> None:
    start, frames = packaged(Scene(), 3)
    assert [name for name, _ in boxes(start.init)] == [b"ftyp", b"moov"]
    assert [name for name, _ in boxes(boxes(start.init)[1][1])] == [b"mvhd", b"trak", b"mvex"]
    assert [name for name, _ in boxes(frames[0].fragment)] == [b"moof", b"mdat"]


def test_the_codec_is_named_as_browsers_ask_for_it() -> None:
    start, _ = packaged(Scene(profile="High"), 2)
    assert start.sets is not None
    assert start.sets.codec_string.startswith("avc1.64")


def test_a_keyframe_for_a_peer_connection_brings_its_parameter_sets() -> None:
    start, frames = packaged(Scene(), 2)
    assert parameter_sets(frames[0].annex_b) == start.sets


def test_h265_is_told_and_not_sent() -> None:
    start, frames = packaged(Scene(codec="hevc"), 3)
    assert start.sets is None
    assert start.init == b""
    assert frames == []


def test_new_parameters_begin_anew_on_the_same_timeline() -> None:
    packager = Packager()
    small = filmed(Scene(), 10)
    large = filmed(Scene(width=320, height=192), 10, BEGAN + timedelta(seconds=60))
    items = [live for item in [*small, *large] for live in packager.accept(item)]
    starts = [item for item in items if isinstance(item, LiveStart)]
    frames = [item for item in items if isinstance(item, LiveFrame)]
    assert [start.width for start in starts] == [160, 320]
    assert frames[10].decode == 60 * TIMESCALE
    assert all(later.decode > earlier.decode for earlier, later in pairwise(frames))


def test_a_stream_without_parameter_sets_says_so() -> None:
    with pytest.raises(NoParameterSets):
        parameter_sets(b"\x00\x00\x01\x65\x88")


@given(st.lists(st.binary(min_size=1, max_size=40).filter(lambda unit: unit[-1] and b"\0\0" not in unit), min_size=1))
def test_nal_units_come_back_from_between_start_codes_of_either_length(units: list[bytes]) -> None:
    annex_b = b"".join((b"\0\0\1" if index % 2 else b"\0\0\0\1") + unit for index, unit in enumerate(units))
    assert list(nal_units(annex_b)) == units


@given(st.lists(st.binary(max_size=30).map(lambda body: b"\x65" + body.replace(b"\0", b"\1")), min_size=1))
def test_lengths_before_the_units_add_up(units: list[bytes]) -> None:
    prefixed = length_prefixed(b"".join(b"\0\0\1" + unit for unit in units))
    assert prefixed == b"".join(struct.pack(">I", len(unit)) + unit for unit in units)


@given(
    data=st.binary(min_size=1, max_size=200),
    decode=st.integers(0, 2**60),
    shift=st.integers(-(2**31), 2**31 - 1),
    duration=st.integers(1, 2**32 - 1),
    keyframe=st.booleans(),
)
def test_the_data_offset_of_a_fragment_points_at_its_data(
    data: bytes, decode: int, shift: int, duration: int, keyframe: bool
) -> None:
    packed = fragment(7, Sample(data, decode, decode + shift, duration, keyframe))
    (_, moof), (_, mdat) = boxes(packed)
    (_, traf) = boxes(moof)[1]
    run = dict(boxes(traf))[b"trun"]
    count, offset, told_duration, size, _, told_shift = struct.unpack_from(">IiIIIi", run, 4)
    assert (count, told_duration, size, told_shift) == (1, duration, len(data), shift)
    assert packed[offset : offset + size] == data == mdat


def test_the_camera_of_these_tests_sends_b_frames_when_asked() -> None:
    frames = frames_of(filmed(Scene(profile="Main", b_frames=2), 12))
    assert any(later.pts < earlier.pts for earlier, later in pairwise(frames))
