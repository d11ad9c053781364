"""Pictures of a labelled clip between those that are sampled, as recorded footage has them of what is watched live."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import av
from av.video.frame import VideoFrame

from analytics.decoding import image_of
from analytics.pictures import Picture

_SPACING_S = 0.19
"""Frames closer than that to one that is kept are left out: nobody asks more finely, and a GOP may be long."""


@dataclass(frozen=True, slots=True)
class _Gop:
    """Seconds of the clip from a keyframe up to the next, and frames of it with their times."""

    start: float
    end: float
    frames: tuple[tuple[float, VideoFrame], ...]


class ClipMoments:
    """Decodes the frames from one keyframe to the next once, however often a search asks for moments in between."""

    def __init__(self, video: Path, start: datetime) -> None:
        """`start`: when its first frame was taken."""
        self._video, self._start = video, start
        self._gop: _Gop | None = None
        self.decoded = 0
        """GOPs."""

    def picture(self, camera_id: str, at: datetime) -> Picture | None:
        wanted = (at - self._start).total_seconds()
        if self._gop is None or not self._gop.start <= wanted < self._gop.end:
            self._gop = self._gop_at(wanted)
        shown = [one for one in self._gop.frames if one[0] <= wanted] if self._gop else []
        if not shown:
            return None
        time, frame = shown[-1]
        return Picture(camera_id, self._start + timedelta(seconds=time), image_of(frame))

    def _gop_at(self, wanted: float) -> _Gop | None:
        self.decoded += 1
        kept: list[tuple[float, VideoFrame]] = []
        with av.open(str(self._video), "r") as container:
            for time, frame in _from_keyframe_before(container, wanted):
                if kept and frame.key_frame and time <= wanted:
                    kept = []
                elif kept and frame.key_frame:
                    return _Gop(kept[0][0], time, tuple(kept))
                if not kept or time - kept[-1][0] >= _SPACING_S:
                    kept.append((time, frame))
        return _Gop(kept[0][0], float("inf"), tuple(kept)) if kept else None


def _from_keyframe_before(
    container: "av.container.InputContainer", wanted: float
) -> Iterator[tuple[float, VideoFrame]]:
    stream = container.streams.video[0]
    begins = float((stream.start_time or 0) * (stream.time_base or 0))
    container.seek(int((max(wanted, 0.0) + begins) * av.time_base))
    for frame in container.decode(stream):
        if frame.time is not None:
            yield frame.time - begins, frame
