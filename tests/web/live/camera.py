"""What a camera sends, encoded for the tests: real H.264 or H.265, small pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import av
import numpy as np

from ingest.video.frames import Codec, EncodedFrame, StreamInfo

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TIME_BASE = Fraction(1, 90_000)
_ENCODERS = {"h264": "libx264", "hevc": "libx265"}


@dataclass(frozen=True)
class Scene:
    width: int = 160
    height: int = 96
    fps: int = 10
    group: int = 10
    b_frames: int = 0
    codec: Codec = "h264"
    profile: str = "Baseline"
    pixels: str = "yuv420p"


def filmed(scene: Scene, pictures: int, began: datetime = BEGAN) -> list[StreamInfo | EncodedFrame]:
    """The stream's parameters, then `pictures` frames of a moving grey ramp, in decoding order."""
    context = av.CodecContext.create(_ENCODERS[scene.codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = scene.width, scene.height, scene.pixels
    context.time_base, context.framerate = TIME_BASE, Fraction(scene.fps)
    context.options = _options(scene)
    frames = [
        EncodedFrame(bytes(p), p.pts or 0, p.dts or 0, began + timedelta(seconds=(p.pts or 0) / 90_000), p.is_keyframe)
        for picture in [*_pictures(scene, pictures), None]
        for p in context.encode(picture)
    ]
    info = StreamInfo(scene.codec, scene.width, scene.height, bytes(context.extradata or b""), TIME_BASE)
    return [info, *frames]


def frames_of(items: list[StreamInfo | EncodedFrame]) -> list[EncodedFrame]:
    return [item for item in items if isinstance(item, EncodedFrame)]


def _options(scene: Scene) -> dict[str, str]:
    if scene.codec == "hevc":
        return {"preset": "ultrafast", "x265-params": f"keyint={scene.group}:log-level=none"}
    profile = {"profile": "baseline"} if scene.profile == "Baseline" else {"profile": scene.profile.lower()}
    x264 = f"keyint={scene.group}:min-keyint={scene.group}:scenecut=0:bframes={scene.b_frames}:threads=1"
    return {"preset": "veryfast", "x264-params": x264, **profile}


def _pictures(scene: Scene, count: int) -> Iterator[av.VideoFrame]:
    ramp = np.tile(np.arange(scene.width, dtype=np.uint8), (scene.height, 1))
    for index in range(count):
        grey = np.roll(ramp, index * 4, axis=1)
        picture = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format=scene.pixels)
        picture.pts, picture.time_base = index * 90_000 // scene.fps, TIME_BASE
        yield picture
