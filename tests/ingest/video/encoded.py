"""Real H.264 and HEVC packets whose pictures can be told apart: frame n shows n as bars of light."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from io import BytesIO
from itertools import pairwise

import av
import numpy as np
from numpy.typing import NDArray

from ingest.video.frames import Codec, EncodedFrame, StreamInfo, first_shown, from_us, to_us
from ingest.video.lasting import Lasting
from ingest.video.parameter_sets import ParameterSets
from ingest.video.segmenter import Gop, durations_of, lasting_of
from ingest.video.source import SourcePacket

TIME_BASE = Fraction(1, 90_000)
BITS = 12
START = datetime(2026, 1, 5, 1, 0, 0, tzinfo=UTC)


def picture(number: int, width: int = 192, height: int = 96) -> NDArray[np.uint8]:
    """Grey picture with twelve bars: bright for each set bit of the number."""
    image = np.zeros((height, width, 3), np.uint8)
    bar = width // BITS
    for bit in range(BITS):
        image[:, bit * bar : (bit + 1) * bar] = 210 if number >> bit & 1 else 40
    return image


def read_picture(image: NDArray[np.uint8]) -> int:
    bar = image.shape[1] // BITS
    bars = [image[:, bit * bar + bar // 4 : (bit + 1) * bar - bar // 4].mean() for bit in range(BITS)]
    return sum(1 << bit for bit, light in enumerate(bars) if light > 125)


@cache
def packets(
    count: int,
    *,
    gop: int = 25,
    fps: int = 25,
    codec: Codec = "h264",
    b_frames: int = 0,
    width: int = 192,
    x264: str = "",
) -> tuple[SourcePacket, ...]:
    """`count` pictures, numbered from 0, the first at START; arrival and report are the true time.

    `x264` are more of its parameters, e.g. open-gop=1.
    """
    with av.open(BytesIO(), "w", format="null") as container:
        stream = container.add_stream("libx264" if codec == "h264" else "libx265", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, 96, "yuv420p"
        stream.options = dict(_options(codec, gop, b_frames, x264))
        encoded = [p for n in range(count) for p in stream.encode(_frame(n, width))] + stream.encode(None)
        ticks = 90_000 // fps
        shift = -min(0, *(packet.dts or 0 for packet in encoded))
        return tuple(_packet(packet, ticks, fps, shift) for packet in encoded)


def info_of(some: Iterable[SourcePacket], codec: Codec = "h264") -> StreamInfo:
    sets = ParameterSets.find(codec, next(iter(some)).data)
    assert sets is not None
    seen = sets.picture()
    return StreamInfo(codec, seen.width, seen.height, sets.extradata, TIME_BASE)


def gops(some: tuple[SourcePacket, ...], start: datetime = START, codec: Codec = "h264") -> list[Gop]:
    """As the recorder makes them, with the wall time counted from `start`."""
    info = info_of(some, codec)
    starts = [n for n, packet in enumerate(some) if packet.keyframe] + [len(some)]
    made: list[Gop] = []
    for first, stop in pairwise(starts):
        frames = tuple(_encoded(packet, some[0], start) for packet in some[first:stop])
        later = some[stop : stop + 1]
        durations = durations_of(frames, later[0].dts if later else None, 3600)
        made.append(Gop(info, frames, durations, lasting_of(frames, durations, later), to_us(frames[0].wall)))
    return made


def in_parts(some: list[Gop], size: int) -> list[Gop]:
    """As the recorder makes them of GOPs that are longer than a part of so many frames."""
    return [part for gop in some for part in _parts(gop, size)]


def _parts(gop: Gop, size: int) -> Iterator[Gop]:
    starts = [0]
    for number in range(len(gop.frames)):
        gathered, later = gop.frames[starts[-1] : number], gop.frames[number:]
        if len(gathered) >= size and max(f.pts for f in gathered) < min(f.pts for f in later):
            starts.append(number)
    for start, stop in pairwise([*starts, len(gop.frames)]):
        frames, durations = gop.frames[start:stop], gop.durations[start:stop]
        lasting = Lasting(gop.lasting.ticks - first_shown(frames) + first_shown(gop.frames))
        if stop < len(gop.frames):
            lasting = lasting_of(frames, durations, gop.frames[stop:])
        wall_us = gop.wall_us if not start else to_us(min(frame.wall for frame in frames))
        yield replace(gop, frames=frames, durations=durations, lasting=lasting, wall_us=wall_us)


def numbers_in(video: bytes) -> list[int]:
    """The numbers of the pictures that a player shows."""
    with av.open(BytesIO(video), "r") as container:
        return [read_picture(frame.to_ndarray(format="bgr24").astype(np.uint8)) for frame in container.decode(video=0)]


def _options(codec: Codec, gop: int, b_frames: int, x264: str) -> dict[str, object]:
    if codec == "hevc":
        return {
            "preset": "ultrafast",
            "x265-params": f"keyint={gop}:min-keyint={gop}:bframes={b_frames}:repeat-headers=1:log-level=none",
        }
    shared = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:repeat-headers=1:annexb=1"
    return {"preset": "ultrafast", "x264-params": ":".join(filter(None, (shared, x264)))}


def _frame(number: int, width: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture(number, width), format="bgr24")
    frame.pts = number
    return frame


def _packet(packet: "av.Packet[av.VideoStream]", ticks: int, fps: int, shift: int) -> SourcePacket:
    assert packet.pts is not None
    assert packet.dts is not None
    at_us = to_us(START) + packet.pts * 1_000_000 // fps
    pts, dts = (packet.pts + shift) * ticks, (packet.dts + shift) * ticks
    return SourcePacket(bytes(packet), pts, dts, packet.is_keyframe, at_us, at_us)


def _encoded(packet: SourcePacket, first: SourcePacket, start: datetime) -> EncodedFrame:
    wall = from_us(to_us(start) + (packet.pts - first.pts) * 1_000_000 // 90_000)
    return EncodedFrame(packet.data, packet.pts, packet.dts, wall, packet.keyframe)
