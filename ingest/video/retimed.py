"""Fragments of several segments on one time line: every segment counts from nought, so what is sent is moved."""

from dataclasses import dataclass
from enum import Enum, auto

from ingest.video.fragmented import (
    AUDIO_HEAD,
    HEAD_SIZE,
    audio_head,
    describe_audio,
    describe_fragment,
    hide,
    hide_audio_track,
    move_audio,
    move_fragment,
)
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


class Sound(Enum):
    """What becomes of the sound of a segment that has some."""

    MOVED = auto()  # as the pictures are
    HIDDEN = auto()  # players pass over it


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes first..stop of a segment, whole fragments, whose media times are moved by some ticks."""

    segment: Segment
    first: int
    stop: int
    ticks: int
    sound: Sound = Sound.MOVED
    audio_ticks: int | None = None
    """By how much sound is moved, in its own ticks; else by as much as the pictures."""
    description: int = 1
    """Which of the movie's sample entries its pictures go with, from 1."""

    @property
    def size(self) -> int:
        return self.stop - self.first

    def read(self, footage: Footage, first: int, stop: int) -> bytes:
        """Bytes first..stop of the stretch as they are sent. Raises StoreError."""
        return self.read_segment(footage, self.first + first, self.first + stop)

    def read_segment(self, footage: Footage, first: int, stop: int) -> bytes:
        """Bytes first..stop of the segment as they are sent. Raises StoreError."""
        begin, end = max(first - HEAD_SIZE, 0), min(stop + HEAD_SIZE, self.segment.size)
        if self.segment.audio:
            begin = self._fragment_of(first)
            end = max(end, 0 if begin else self.segment.init_size)
        data = bytearray(footage.read(self.segment, begin, end - begin))
        for fragment in unpack_fragments(self.segment.fragments):
            if begin <= fragment.byte_offset and fragment.byte_offset + HEAD_SIZE <= begin + len(data):
                at = fragment.byte_offset - begin
                move_fragment(data, at, self.ticks, self.segment.shift_us)
                if self.segment.audio:
                    self._move_sound(data, at)
                if self.description != 1:
                    describe_fragment(data, at, self.description)
        if not begin and self.segment.audio and self.sound is Sound.HIDDEN:
            hide_audio_track(data)
        return bytes(data[first - begin : stop - begin])

    def _fragment_of(self, position: int) -> int:
        """Where the sound's time stands, only what is before it tells."""
        starts = [f.byte_offset for f in unpack_fragments(self.segment.fragments) if f.byte_offset <= position]
        return starts[-1] if starts else 0

    def _move_sound(self, data: bytearray, start: int) -> None:
        at = audio_head(data, start)
        if at is None or at + AUDIO_HEAD > len(data):
            return
        if self.sound is Sound.HIDDEN:
            hide(data, at)
            return
        if self.description != 1:
            describe_audio(data, at)
        ticks = self.ticks * self.segment.audio_hz // TICKS_PER_S if self.audio_ticks is None else self.audio_ticks
        move_audio(data, at, ticks)


def media_end(segment: Segment) -> int:
    """Where the segment's last fragment ends, in its bytes."""
    last = unpack_fragments(segment.fragments[-16:])[0]
    return last.byte_offset + last.byte_size


def ticks_of(us: int) -> int:
    return us * TICKS_PER_S // 1_000_000
