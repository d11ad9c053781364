"""Encoded video for the tests, made on the spot."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import av
from av.video.stream import VideoStream

from analytics.people import Image
from storage.fragments import Fragment

_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_FRAGMENTED = {
    "h264": {"preset": "ultrafast", "sc_threshold": "0"},
    "hevc": {"preset": "ultrafast", "x265-params": "scenecut=0:log-level=none"},
}


@dataclass(frozen=True)
class Parameters:
    codec: str
    extradata: bytes


@dataclass(frozen=True)
class Packet:
    data: bytes
    wall: datetime
    keyframe: bool
    after_loss: bool = False


def annex_b(
    pictures: list[Image], start: datetime, codec: str = "h264", fps: int = 1, gop: int = 1, b_frames: int = 0
) -> Iterator[Parameters | Packet]:
    """As a camera sends it: parameters, then frames with start codes."""
    context = av.CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.height, context.width = pictures[0].shape[:2]
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, fps), Fraction(fps)
    context.gop_size, context.max_b_frames = gop, b_frames
    context.options = {"preset": "ultrafast", "x265-params": "log-level=none"} if codec == "hevc" else {}
    yield Parameters(codec, b"")
    frames = [av.VideoFrame.from_ndarray(picture, format="bgr24") for picture in pictures]
    for index, frame in enumerate(frames):
        frame.pts = index
    packets = [packet for frame in [*frames, None] for packet in context.encode(frame)]
    for packet in packets:
        assert packet.pts is not None
        yield Packet(bytes(packet), start + timedelta(seconds=packet.pts / fps), bool(packet.is_keyframe))


def fragmented(
    pictures: list[Image], fps: int = 1, gop: int = 1, codec: str = "h264"
) -> tuple[bytes, int, list[Fragment]]:
    """An MP4 with a fragment for each GOP of so many pictures; its bytes, the size of its head, and its index."""
    buffer = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(buffer, "w", format="mp4", options=options) as movie:
        stream = movie.add_stream(_ENCODERS[codec], rate=fps, options=_FRAGMENTED[codec])
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.gop_size, stream.max_b_frames = "yuv420p", gop, 0
        for picture in pictures:
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        movie.mux(stream.encode(None))
    data = buffer.getvalue()
    starts = list(_boxes(data, b"moof"))
    ends = [*starts[1:], data.find(b"mfra") - 4 if b"mfra" in data else len(data)]
    length_us = gop * 1_000_000 // fps
    index = [
        Fragment(number * length_us, length_us, start, end - start)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    return data, starts[0], index


def _boxes(data: bytes, kind: bytes) -> Iterator[int]:
    position = 0
    while position < len(data):
        if data[position + 4 : position + 8] == kind:
            yield position
        position += int.from_bytes(data[position : position + 4], "big")
