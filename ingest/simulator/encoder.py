"""Pictures to H.264 as a counter camera would send it."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext

from ingest.simulator.clock_code import Image
from ingest.simulator.mounts import AccessUnit


class Encoder:
    """x264 without delay: every picture is out before the next comes in.

    Constrained baseline, so that browsers take it over WebRTC as it is.
    """

    def __init__(self, width: int, height: int, fps: int, gop_seconds: float = 1.0, quality: int = 25) -> None:
        """`quality` is x264's crf: 18 is fine, 35 is coarse."""
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = width, height
        context.pix_fmt = "yuv420p"
        context.framerate = Fraction(fps)
        context.time_base = Fraction(1, fps)
        context.gop_size = max(1, round(fps * gop_seconds))
        context.thread_count = 1  # several threads would mean several slices
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "crf": str(quality),
            "x264-params": "scenecut=0:annexb=1",
        }
        self._context = context
        self._count = 0

    def encode(self, picture: Image, wall: datetime) -> list[AccessUnit]:
        """The picture taken at `wall`; its size must be the encoder's."""
        planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes.astype(np.uint8, copy=False), format="yuv420p")
        frame.pts = self._count
        self._count += 1
        return list(self._units(frame, wall))

    def _units(self, frame: av.VideoFrame, wall: datetime) -> Iterator[AccessUnit]:
        for packet in self._context.encode(frame):
            yield AccessUnit(bytes(packet), wall, bool(packet.is_keyframe))
