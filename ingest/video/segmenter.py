"""When a segment ends: pure decisions on GOPs, no clock, no files."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from ingest.video.audio import Audio, AudioFormat
from ingest.video.clock import NO_EVIDENCE, ClockEvidence
from ingest.video.frames import EncodedFrame, StreamInfo, from_us
from storage.models import MAX_SEGMENT_SECONDS, ClockSource, is_clock_trusted

_SECOND_US = 1_000_000
MAX_SEGMENT_US = MAX_SEGMENT_SECONDS * _SECOND_US
MAX_GOP_US = 240 * _SECOND_US
"""A camera without a keyframe for so long is connected anew, which brings one: a segment, which begins with a keyframe
and is ended by one, then never becomes too long."""
MAX_PART_US = 1_200_000
MAX_TANGLED_US = 10 * _SECOND_US
MAX_PART_BYTES = 8 * 1024 * 1024
"""A longer GOP is written in parts: a crash loses no more than one part, and memory stays bounded. A part ends where
all that is in it is shown before all that comes; if there is no such place for long, elsewhere: its time is less exact
then."""
_NEVER = 1 << 62
LOST_US = 1_500_000
"""A jump of the media time beyond this (and beyond four usual intervals) is a loss, not a slow camera."""


@dataclass(frozen=True, slots=True)
class Gop:
    """Frames from a keyframe on (or a further part of a long GOP), with the wall time of the first that is shown."""

    info: StreamInfo
    frames: tuple[EncodedFrame, ...]
    durations: tuple[int, ...]
    """Ticks, one for each frame."""
    wall_us: int
    source: ClockSource = ClockSource.ARRIVAL
    offset_us: int = 0
    stepped: bool = False
    """The clock reading does not continue that of the GOP before."""
    after_loss: bool = False
    """Frames before it are missing."""
    evidence: ClockEvidence = NO_EVIDENCE
    audio: Audio | None = None

    @property
    def duration_us(self) -> int:
        return ticks_to_us(sum(self.durations), self.info)

    @property
    def end_us(self) -> int:
        return self.wall_us + self.duration_us

    @property
    def size(self) -> int:
        """Bytes."""
        heard = sum(len(frame.data) for frame in self.audio.frames) if self.audio else 0
        return heard + sum(len(frame.data) for frame in self.frames)


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """What the decision needs to know of the segment being written."""

    info: StreamInfo
    start_us: int
    end_us: int
    source: ClockSource = ClockSource.ARRIVAL
    offset_us: int = 0
    error_us: int = NO_EVIDENCE.error_us
    audio: AudioFormat | None = None


def starts_new_segment(current: OpenSegment | None, gop: Gop, segment_seconds: int) -> bool:
    """Whether this GOP belongs into a new file.

    Segments end at the first keyframe in the next span of the wall clock's grid, so that all cameras' segments start
    together; and before they become too long.
    """
    if current is None or gop.stepped or gop.info != current.info:
        return True
    if gop.end_us - current.start_us > MAX_SEGMENT_US:
        return True
    grid_us = segment_seconds * _SECOND_US
    return gop.frames[0].keyframe and (
        gop.wall_us // grid_us > current.start_us // grid_us
        or _has_another_clock(current, gop)
        or _has_other_audio(current, gop)
    )


def _has_another_clock(current: OpenSegment, gop: Gop) -> bool:
    """A segment says once, for all of its frames, what their time rests on and how good it is."""
    error_us = gop.evidence.error_us
    trusted = is_clock_trusted(gop.offset_us, error_us), is_clock_trusted(current.offset_us, current.error_us)
    return gop.source != current.source or error_us > current.error_us or trusted[0] != trusted[1]


def _has_other_audio(current: OpenSegment, gop: Gop) -> bool:
    """A segment says once whether there is sound and of what kind. Sound that is lost does not end it."""
    return gop.audio is not None and gop.audio.format != current.audio


def is_part_full(span_us: int, size: int) -> bool:
    """Whether what has been gathered of a GOP should be written though no keyframe has come."""
    return span_us >= MAX_PART_US or size >= MAX_PART_BYTES


def shown_first(frames: Sequence[EncodedFrame], dts: int) -> int:
    """How many of them, from the beginning, are shown before all others and before all that is decoded from `dts` on.

    No picture is shown before it is decoded. 0 if there is no such place.
    """
    latest, following = list(accumulate((frame.pts for frame in frames), max)), _NEVER
    for count in range(len(frames), 0, -1):
        if latest[count - 1] <= dts and latest[count - 1] < following:
            return count
        following = min(following, frames[count - 1].pts)
    return 0


def is_loss(interval_us: int, usual_us: int) -> bool:
    """Whether the media time between two frames shows that frames between them are missing."""
    return interval_us > max(LOST_US, 4 * usual_us)


def ticks_to_us(ticks: int, info: StreamInfo) -> int:
    return ticks * _SECOND_US * info.time_base.numerator // info.time_base.denominator


def durations_of(frames: tuple[EncodedFrame, ...], next_dts: int | None, usual: int) -> tuple[int, ...]:
    """Ticks that each frame lasts: until the next one's decoding time; the last one lasts `usual` if none follows."""
    times = [frame.dts for frame in frames]
    times.append(times[-1] + usual if next_dts is None else next_dts)
    return tuple(after - before for before, after in pairwise(times))


def segment_key(camera_id: str, start_us: int, sequence: int) -> str:
    """Object key, and path below the spool: camera, day, time of day and sequence, so that listings sort by time."""
    start = from_us(start_us)
    return f"{camera_id}/{start:%Y/%m/%d}/{start:%H%M%S}-{sequence:09d}.mp4"
