"""Pictures from recorded footage, as far apart as asked: keyframes, and where those are rare, others between them."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import av
import structlog
from av.bitstream import BitStreamFilterContext

from analytics.pictures import Picture
from analytics.sampling import RARE, Sampler
from storage.database import Database
from storage.footage import Footage
from storage.fragments import Fragment, groups_of_pictures, unpack_fragments
from storage.models import Segment
from storage.objects import ObjectMissing, StoreError

_log = structlog.get_logger(__name__)

_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Coding:
    """StreamParameters."""

    codec: str
    extradata: bytes


@dataclass(frozen=True, slots=True)
class _CodedPicture:
    """A Frame."""

    data: bytes
    wall: datetime
    keyframe: bool
    after_loss: bool = False


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
        sampler, position = Sampler(camera_id, step), start
        for segment in segments:
            for group in groups_of_pictures(unpack_fragments(segment.fragments)):
                begins, lasts = _span(segment, group)
                is_rare = lasts > max(RARE, step)
                is_wanted = position < begins + lasts if is_rare else position <= begins and sampler.is_due(begins)
                if not is_wanted or begins >= end:
                    continue
                for picture in self._looked_at(
                    sampler, segment, group if is_rare else group[:1], only_first=not is_rare
                ):
                    if picture.wall >= end:
                        return
                    if picture.wall >= position:
                        position = picture.wall + _US
                        yield picture

    def recorded_to(self, camera_id: str) -> datetime | None:
        """Up to when there is footage of the camera; None where there is none."""
        with self._database.transaction() as session:
            return self._footage.recorded_to(session, camera_id)

    def _looked_at(
        self, sampler: Sampler, segment: Segment, group: Sequence[Fragment], *, only_first: bool
    ) -> Iterator[Picture]:
        """Of a group of pictures, or of its first alone."""
        try:
            head = self._footage.read(segment, 0, segment.init_size)
            for fragment in group:
                body = self._footage.read(segment, fragment.byte_offset, fragment.byte_size)
                for frame in _frames(sampler, head + body, segment.start + fragment.offset_us * _US, fragment):
                    yield from sampler.take(frame)
                    if only_first:
                        return
        except (StoreError, OSError, ValueError, av.FFmpegError) as error:
            if self._insists and isinstance(error, StoreError) and not isinstance(error, ObjectMissing):
                self._footage.store.check()  # a store that answers would not give this object later either
            _log.warning("recorded_pictures_unreadable", key=segment.key, error=str(error))


def _span(segment: Segment, group: Sequence[Fragment]) -> tuple[datetime, timedelta]:
    first, last = group[0], group[-1]
    return segment.start + first.offset_us * _US, (last.offset_us + last.duration_us - first.offset_us) * _US


def _frames(sampler: Sampler, movie: bytes, wall: datetime, fragment: Fragment) -> Iterator[_CodedPicture]:
    """Of an MP4 with this fragment alone, of which the first picture that is shown was taken at `wall`.

    Where packets of it were lost is not known any more, so each picture may lack some. Raises av.FFmpegError or
    ValueError when it cannot be read.
    """
    with av.open(io.BytesIO(movie), "r", format="mp4") as container:
        stream = container.streams.video[0]
        codec = stream.codec_context.name
        sampler.begin(_Coding(codec, stream.codec_context.extradata or b""))
        with_start_codes = BitStreamFilterContext(f"{codec}_mp4toannexb", stream)
        packets = [p for packet in container.demux(stream) if packet.size for p in with_start_codes.filter(packet)]
        shown = [(packet.pts or 0) * float(stream.time_base or 0) for packet in packets]
        for number, (packet, at) in enumerate(zip(packets, shown, strict=True)):
            taken = wall + timedelta(seconds=at - min(shown))
            yield _CodedPicture(bytes(packet), taken, fragment.keyframe and not number, fragment.smeared)
