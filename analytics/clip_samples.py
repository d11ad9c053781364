"""Pictures of a labelled clip as a camera is looked at: about one for each sample."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av

from analytics.decoding import image_of
from analytics.people import Image
from analytics.pictures import Picture

START = datetime(2026, 1, 5, tzinfo=UTC)
"""When each clip begins, as if it had been live."""


def clip_pictures(video: Path, camera_id: str, sample_seconds: float = 1.0) -> Iterator[Picture]:
    """About one picture for each sample: keyframes where they are close enough, else from all frames."""
    spacing = sample_seconds * 0.9
    last = -spacing
    for time, image in _frames(video, keyframes=_keyframes_suffice(video, 2 * sample_seconds), spacing=spacing):
        if time - last >= spacing:
            last = time
            yield Picture(camera_id, START + timedelta(seconds=time), image)


def _frames(video: Path, keyframes: bool, spacing: float) -> Iterator[tuple[float, Image]]:
    last = -spacing
    with av.open(str(video), "r") as container:
        stream = container.streams.video[0]
        if keyframes:
            stream.codec_context.skip_frame = "NONKEY"
        # A recording that was cut out of a longer one may go on counting; labels count from its beginning.
        begins = float((stream.start_time or 0) * (stream.time_base or 0))
        for frame in container.decode(stream):
            if frame.time is not None and (time := frame.time - begins) - last >= spacing:
                last = time
                yield time, image_of(frame)


def _keyframes_suffice(video: Path, furthest: float) -> bool:
    with av.open(str(video), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    times = [
        float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None and packet.is_keyframe
    ]
    end = max((float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None), default=0.0)
    return all(after - before <= furthest for before, after in pairwise([*times, end]))


def clip_seconds(at: datetime) -> float:
    """Of the clip."""
    return (at - START).total_seconds()
