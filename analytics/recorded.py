"""Pictures from recorded footage: keyframes, as far apart as asked."""

import io
from collections.abc import Iterator
from datetime import datetime, timedelta

import av
import numpy as np
import structlog

from analytics.decoding import UndecodableFrame
from analytics.people import Image
from analytics.pictures import Picture
from storage.database import Database
from storage.footage import Footage
from storage.fragments import Fragment, unpack_fragments
from storage.models import Segment
from storage.objects import ObjectMissing, StoreError

_log = structlog.get_logger(__name__)


class RecordedPictures:
    """Reads what the recorder has kept, as pictures."""

    def __init__(self, database: Database, footage: Footage, *, insists: bool = False) -> None:
        """`insists`: a store that does not answer is told, for who can wait for it; else its pictures are left out, as
        are those of an object that the store has lost or cannot read."""
        self._database, self._footage, self._insists = database, footage, insists

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]:
        """Pictures taken in [start, end), in order, about `step` apart or more; missing footage is skipped.

        Raises StoreError where it insists.
        """
        with self._database.transaction() as session:
            segments = self._footage.segments(session, camera_id, start, end)
        next_due = start
        for segment in segments:
            for fragment in unpack_fragments(segment.fragments):
                wall = segment.start + timedelta(microseconds=fragment.offset_us)
                if not fragment.keyframe or not next_due <= wall < end:
                    continue
                image = self._image(segment, fragment)
                if image is not None:
                    next_due = wall + step * 0.9
                    yield Picture(camera_id, wall, image)

    def recorded_to(self, camera_id: str) -> datetime | None:
        """Up to when there is footage of the camera; None where there is none."""
        with self._database.transaction() as session:
            return self._footage.recorded_to(session, camera_id)

    def _image(self, segment: Segment, fragment: Fragment) -> Image | None:
        try:
            head = self._footage.read(segment, 0, segment.init_size)
            body = self._footage.read(segment, fragment.byte_offset, fragment.byte_size)
            return first_picture(head + body)
        except (StoreError, OSError, av.FFmpegError, UndecodableFrame) as error:
            if self._insists and isinstance(error, StoreError) and not isinstance(error, ObjectMissing):
                self._footage.store.check()  # a store that answers would not give this object later either
            _log.warning("recorded_picture_unreadable", key=segment.key, error=str(error))
            return None


def first_picture(movie: bytes) -> Image | None:
    """The first frame of an MP4, height × width × 3 blue-green-red, whole.

    Raises av.FFmpegError when it cannot be read, UndecodableFrame when it is damaged.
    """
    with av.open(io.BytesIO(movie), "r") as container:
        context = container.streams.video[0].codec_context
        # Several threads would not tell of damage; one picture is little work.
        context.skip_frame, context.thread_count = "NONKEY", 1
        for frame in container.decode(video=0):
            if frame.is_corrupt:
                raise UndecodableFrame("a part of the picture is missing or damaged")
            return np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)
    return None
