import io
import json
import struct
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import av
import pytest

from ingest.video.frames import StreamInfo
from ingest.video.parameter_sets import ParameterSets
from tests.web.live.camera import BEGAN, Scene, filmed, frames_of
from web.live.codecs import codec_string, peer_problem
from web.live.messages import start_message
from web.live.packaging import LiveFrame, LiveStart, Packager
from web.live.timeline import TIMESCALE


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
    assert [name for name, _ in boxes(frames[0].fragment)] == [b"prft", b"moof", b"mdat"]


def test_the_codec_is_named_as_browsers_ask_for_it() -> None:
    start, _ = packaged(Scene(profile="High"), 2)
    assert codec_string(start.sets).startswith("avc1.64")
    assert peer_problem(start.sets) is None


def test_a_keyframe_for_a_peer_connection_brings_its_parameter_sets() -> None:
    start, frames = packaged(Scene(), 2)
    assert ParameterSets.find("h264", frames[0].annex_b) == start.sets


def test_h265_is_sent_to_browsers_that_can() -> None:
    start, frames = packaged(Scene(codec="hevc"), 3)
    assert codec_string(start.sets).startswith("hev1.1.6.L")
    assert peer_problem(start.sets) == "codec"
    with av.open(io.BytesIO(start.init + b"".join(frame.fragment for frame in frames)), "r") as container:
        assert len(list(container.decode(video=0))) == 3


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


def test_the_camera_of_these_tests_sends_b_frames_when_asked() -> None:
    frames = frames_of(filmed(Scene(profile="Main", b_frames=2), 12))
    assert any(later.pts < earlier.pts for earlier, later in pairwise(frames))


def test_a_viewer_is_told_that_the_main_stream_comes_in_place_of_the_sub_stream() -> None:
    info, keyframe, *_ = filmed(Scene(), 2)
    assert isinstance(info, StreamInfo)
    packager = Packager()
    told = []
    for started in (info, replace(info, instead=True), info):
        assert packager.accept(started) == []
        start = packager.accept(keyframe)[0]
        assert isinstance(start, LiveStart)
        told.append(json.loads(start_message(start))["instead"])
    assert told == [False, True, False]
