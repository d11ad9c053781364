"""One picture of a moment."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from sqlmodel import Session

from ingest.video.clip_plan import LEADING, NothingRecorded, goes_on
from ingest.video.coded import Coded, CodedRun, read_run
from ingest.video.frames import from_us, to_us
from ingest.video.unwritten import recent_segments
from storage.footage import Footage
from storage.fragments import Fragment, decodable_from, groups_of_pictures, unpack_fragments
from storage.mask_pixels import filled
from storage.masks import masks_between, polygons_of
from storage.models import Segment

JPEG_QUALITY = 85
NEAR = timedelta(seconds=0.5)
"""A moment in the pause between two segments still shows the frame before it."""
_US = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Shown:
    """The frame that was shown at a moment."""

    wall: datetime
    """When it was taken."""
    image: NDArray[np.uint8]
    """Height × width × 3, blue-green-red."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is to find the frame that was shown at a moment."""

    at: datetime
    segment: Segment
    """In which it lies, or which ended just before."""
    after: tuple[Segment, ...]
    before: Segment | None
    """On which the first pictures of that segment may rest."""


def still(footage: Footage, session: Session, camera_id: str, at: datetime, *, unmasked: bool = False) -> bytes:
    """JPEG of the frame that was shown at this moment, exact to the frame, with the camera's masks filled unless
    `unmasked` says otherwise. Raises as `moment_at` and `shown_at` do.
    """
    shown = shown_at(footage, moment_at(footage, session, camera_id, at))
    return jpeg(shown.image if unmasked else masked(session, camera_id, shown, at))


def masked(session: Session, camera_id: str, shown: Shown, at: datetime) -> NDArray[np.uint8]:
    """With what was hidden when it was taken, or at the moment that it is shown for."""
    first, last = sorted((shown.wall, at))
    return filled(shown.image, polygons_of(masks_between(session, camera_id, first, last)))


def jpeg(image: NDArray[np.uint8]) -> bytes:
    encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert encoded
    return data.tobytes()


def moment_at(footage: Footage, session: Session, camera_id: str, at: datetime) -> Moment:
    """Raises NothingRecorded when there is no footage of the moment."""
    near = recent_segments(footage, session, camera_id, at - NEAR, at + LEADING)
    found = [number for number, segment in enumerate(near) if segment.start <= at]
    if not found:
        raise NothingRecorded(f"no footage at {at.isoformat()}")
    segment, after = near[found[-1]], near[found[-1] + 1 :]
    start = segment.start
    before = [s for s in recent_segments(footage, session, camera_id, start - NEAR, start) if s.start < start]
    return Moment(at, segment, tuple(after), before[-1] if before else None)


def shown_at(footage: Footage, moment: Moment) -> Shown:
    """Reads from the store, which may take long: not within a transaction that others wait for.

    Raises NothingRecorded when no picture can be made, StoreError when the footage cannot be read.
    """
    shown = _shown_at(footage, moment.segment, moment.after, moment.at)
    if shown is None and moment.before is not None:
        shown = _shown_from_before(footage, moment.before, moment.segment, moment.at)
    if shown is None:
        raise NothingRecorded(f"no picture can be decoded at {moment.at.isoformat()}")
    return shown


def _shown_at(footage: Footage, segment: Segment, after: Sequence[Segment], at: datetime) -> Shown | None:
    """The last frame that is not later; decodes the GOP up to it, or the one before, too, if its own is not enough."""
    fragments = unpack_fragments(segment.fragments)
    number = _at_or_before(fragments, segment, at)
    begin = decodable_from(fragments, number)
    run = read_run(footage, segment, fragments[begin : number + 1])
    leading = _leading(footage, segment, fragments[number + 1 :], after, at) if _may_lack_one(run, at) else ()
    shown = _decode_until(run.opening, [*run.pictures, *leading], at)
    if shown is not None or not begin:
        return shown
    run = read_run(footage, segment, fragments[decodable_from(fragments, begin - 1) : number + 1])
    return _decode_until(run.opening, run.pictures, at)


def _shown_from_before(footage: Footage, before: Segment, segment: Segment, at: datetime) -> Shown | None:
    """Of a segment whose first keyframe is not a whole picture at once: what is before it makes it one."""
    if not goes_on(before, segment):
        return None
    fragments = unpack_fragments(segment.fragments)
    own = read_run(footage, segment, fragments[: _at_or_before(fragments, segment, at) + 1])
    run = read_run(footage, before, groups_of_pictures(unpack_fragments(before.fragments))[-1])
    return _decode_until(run.opening, [*run.pictures, *own.pictures], at)


def _at_or_before(fragments: Sequence[Fragment], segment: Segment, at: datetime) -> int:
    offset_us = to_us(at) - to_us(segment.start)
    return max((number for number, fragment in enumerate(fragments) if fragment.offset_us <= offset_us), default=0)


def _may_lack_one(run: CodedRun, at: datetime) -> bool:
    """Whether the moment may show a picture that is sent after the next keyframe and shown before it."""
    return run.is_reordered and to_us(at) > max(picture.wall_us for picture in run.pictures)


def _leading(
    footage: Footage, segment: Segment, following: Sequence[Fragment], after: Sequence[Segment], at: datetime
) -> tuple[Coded, ...]:
    """The pictures of the fragment that follows, if it begins with a keyframe soon after this moment."""
    if not following:
        if not after or not goes_on(segment, after[0]):
            return ()
        segment, following = after[0], unpack_fragments(after[0].fragments)
    is_near = segment.start + timedelta(microseconds=following[0].offset_us) <= at + LEADING
    return read_run(footage, segment, following[:1]).pictures if following[0].keyframe and is_near else ()


def _decode_until(opening: bytes, pictures: Sequence[Coded], at: datetime) -> Shown | None:
    """What is shown before the first keyframe rests on what came before it, so it is never right."""
    if not pictures[0].keyframe:
        return None
    shown: VideoFrame | None = None
    for frame in _decoded(opening, pictures):
        if frame.pts is None or frame.pts < pictures[0].wall_us:
            continue
        if frame.pts > to_us(at) + 1:
            break
        shown = frame
    if shown is None or shown.pts is None:
        return None
    return Shown(from_us(shown.pts), np.asarray(shown.to_ndarray(format="bgr24", threads=1), dtype=np.uint8))


def _decoded(opening: bytes, pictures: Sequence[Coded]) -> Iterator[VideoFrame]:
    """In the order of showing, each with its wall time in microseconds as `pts`."""
    with av.open(io.BytesIO(opening), "r", format="mp4") as container:
        decoder: VideoCodecContext = container.streams.video[0].codec_context
        for picture in pictures:
            packet = av.Packet(picture.data)
            packet.pts, packet.time_base = picture.wall_us, _US
            yield from decoder.decode(packet)
        yield from decoder.decode(None)
