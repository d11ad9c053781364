"""One picture of a moment."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from sqlmodel import Session

from ingest.video.clip_plan import NothingRecorded
from ingest.video.frames import to_us
from ingest.video.unwritten import recent_segments
from storage.footage import Footage
from storage.fragments import decodable_from, unpack_fragments
from storage.models import Segment

JPEG_QUALITY = 85
NEAR = timedelta(seconds=0.5)
"""A moment in the pause between two segments still shows the frame before it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The frame that was shown at a moment."""

    wall: datetime
    """When it was taken."""
    image: NDArray[np.uint8]
    """Height × width × 3, blue-green-red."""


def still(footage: Footage, session: Session, camera_id: str, at: datetime) -> bytes:
    """JPEG of the frame that was shown at this moment, exact to the frame. Raises as `shown_at` does."""
    image = shown_at(footage, session, camera_id, at).image
    encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert encoded
    return jpeg.tobytes()


def shown_at(footage: Footage, session: Session, camera_id: str, at: datetime) -> Shown:
    """Raises NothingRecorded when there is no footage of the moment, StoreError when it cannot be read."""
    found = [s for s in recent_segments(footage, session, camera_id, at - NEAR, at + NEAR / 50) if s.start <= at]
    if not found:
        raise NothingRecorded(f"no footage at {at.isoformat()}")
    shown = _shown_at(footage, found[-1], at)
    if shown is None:
        raise NothingRecorded(f"no picture can be decoded at {at.isoformat()}")
    return shown


def _shown_at(footage: Footage, segment: Segment, at: datetime) -> Shown | None:
    """The last frame that is not later; decodes the GOP up to it."""
    offset_us = to_us(at) - to_us(segment.start)
    fragments = unpack_fragments(segment.fragments)
    number = max((n for n, f in enumerate(fragments) if f.offset_us <= offset_us), default=0)
    first, last = fragments[decodable_from(fragments, number)], fragments[number]
    size = last.byte_offset + last.byte_size - first.byte_offset
    data = footage.read(segment, 0, segment.init_size) + footage.read(segment, first.byte_offset, size)
    found = _decode_until(data, offset_us - first.offset_us)
    if found is None:
        return None
    frame, after_us = found
    wall = segment.start + timedelta(microseconds=first.offset_us + after_us)
    return Shown(wall, np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8))


def _decode_until(data: bytes, offset_us: int) -> tuple[VideoFrame, int] | None:
    """The frame, and how many microseconds after the first it was shown."""
    shown: tuple[VideoFrame, int] | None = None
    origin: float | None = None
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        is_decodable = False
        for packet in container.demux(container.streams.video[0]):
            is_decodable = is_decodable or packet.is_keyframe
            if not is_decodable and packet.size:
                return None
            for frame in packet.decode():
                time = frame.time or 0.0
                origin = time if origin is None else origin
                if shown is not None and (time - origin) * 1e6 > offset_us + 1:
                    return shown
                shown = frame, round((time - origin) * 1e6)
    return shown
