"""Fragments of several segments on one time line: every segment counts from nought, so what is sent is moved."""

from dataclasses import dataclass

from ingest.video.fragmented import HEAD_SIZE, move_fragment
from storage.footage import Footage
from storage.fragments import unpack_fragments
from storage.models import Segment

TICKS_PER_S = 90_000
"""Of H.264 and H.265 over RTP, hence of every segment."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes of a segment as they are."""

    segment: Segment
    offset: int
    size: int

    def read(self, footage: Footage, first: int, stop: int) -> bytes:
        return footage.read(self.segment, self.offset + first, stop - first)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes first..stop of a segment, whole fragments, whose media times are moved by some ticks."""

    segment: Segment
    first: int
    stop: int
    ticks: int

    @property
    def size(self) -> int:
        return self.stop - self.first

    def read(self, footage: Footage, first: int, stop: int) -> bytes:
        """Bytes first..stop of the stretch as they are sent. Raises StoreError."""
        return self.read_segment(footage, self.first + first, self.first + stop)

    def read_segment(self, footage: Footage, first: int, stop: int) -> bytes:
        """Bytes first..stop of the segment as they are sent. Raises StoreError."""
        begin, end = max(first - HEAD_SIZE, 0), min(stop + HEAD_SIZE, self.segment.size)
        data = bytearray(footage.read(self.segment, begin, end - begin))
        for fragment in unpack_fragments(self.segment.fragments):
            if begin <= fragment.byte_offset and fragment.byte_offset + HEAD_SIZE <= begin + len(data):
                move_fragment(data, fragment.byte_offset - begin, self.ticks)
        return bytes(data[first - begin : stop - begin])


def media_end(segment: Segment) -> int:
    """Where the segment's last fragment ends, in its bytes."""
    last = unpack_fragments(segment.fragments[-16:])[0]
    return last.byte_offset + last.byte_size


def ticks_of(us: int) -> int:
    return us * TICKS_PER_S // 1_000_000
