"""When a segment ends: pure decisions on GOPs, no clock, no files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate, pairwise
from statistics import median_low
from typing import TYPE_CHECKING

from ingest.video.audio import Audio, AudioFormat
from ingest.video.clock import NO_EVIDENCE, ClockEvidence, with_stated_error
from ingest.video.frames import EncodedFrame, StreamInfo, first_shown, from_us
from ingest.video.gaps import TOLERANCE
from ingest.video.lasting import Lasting
from storage.models import MAX_SEGMENT_SECONDS, ClockSource, GapCause, is_clock_trusted

if TYPE_CHECKING:
    from ingest.video.source import SourcePacket

_SECOND_US = 1_000_000
MAX_SEGMENT_US = MAX_SEGMENT_SECONDS * _SECOND_US
MAX_GOP_US = 240 * _SECOND_US
"""A camera without a keyframe for so long is connected anew, which brings one: a segment, which begins with a keyframe
and is ended by one, then never becomes too long."""
MIN_PART_US, MAX_PART_US = 600_000, 1_200_000
MAX_TANGLED_US = 10 * _SECOND_US
MAX_PART_BYTES = 8 * 1024 * 1024
"""A longer GOP is written in parts: a crash loses no more than one part, and memory stays bounded. A part ends where
all that is in it is shown before all that comes, at the last such place; if there is none for long, elsewhere: its time
is less exact then."""
HOLE_US = TOLERANCE // timedelta(microseconds=1)
RATE_CHANGED = 1.15
MIN_RATE_US = 5 * _SECOND_US
"""A camera that changes its rate with what moves begins a segment for it no more often."""
_FEWEST_FOR_RATE = 2
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Gop:
    """Frames from a keyframe on (or a further part of a long GOP), with the wall time of the first that is shown."""

    info: StreamInfo
    frames: tuple[EncodedFrame, ...]
    durations: tuple[int, ...]
    """Ticks from the decoding of each frame to that of the next."""
    lasting: Lasting
    wall_us: int
    source: ClockSource = ClockSource.ARRIVAL
    offset_us: int = 0
    stepped: bool = False
    """The clock reading does not continue that of the GOP before."""
    hole: GapCause | None = None
    """Why frames before it are missing."""
    evidence: ClockEvidence = NO_EVIDENCE
    audio: Audio | None = None
    smears: int = 0
    """Of its frames, those before which packets were lost."""

    @property
    def duration_us(self) -> int:
        return ticks_to_us(self.lasting.ticks, self.info)

    @property
    def end_us(self) -> int:
        return self.wall_us + self.duration_us

    @property
    def heard_us(self) -> int:
        """Microseconds of sound that belong to it: also what is heard while no picture comes."""
        return max(self.duration_us, ticks_to_us(sum(self.durations), self.info))

    @property
    def interval(self) -> int:
        """Ticks from a picture to the next, as most of them are apart; 0: too few to say."""
        return median_low(self.durations) if len(self.durations) >= _FEWEST_FOR_RATE else 0

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
    interval: int = 0
    """Ticks from a picture to the next in its first fragment; 0: not known."""
    first_error_us: int | None = None
    """The bound of its first fragment; `error_us` is what is stated for all of them. None: not known."""


def starts_new_segment(current: OpenSegment | None, gop: Gop, segment_seconds: int) -> bool:
    """Whether this GOP belongs into a new file.

    Segments end at the first keyframe in the next span of the wall clock's grid, so that all cameras' segments start
    together; before they become too long; and where there is a gap, which no reader would see within one, or where time
    goes back, which would put footage before the segment's own beginning.
    """
    if current is None or gop.stepped or gop.info != current.info:
        return True
    if gop.end_us - current.start_us > MAX_SEGMENT_US:
        return True
    grid_us = segment_seconds * _SECOND_US
    return gop.frames[0].keyframe and (
        gop.wall_us // grid_us > current.start_us // grid_us
        or abs(gop.wall_us - current.end_us) > HOLE_US
        or _has_another_clock(current, gop)
        or _has_another_rate(current, gop)
        or _has_other_audio(current, gop)
    )


def stated_evidence(before: OpenSegment | None, gop: Gop, segment_seconds: int) -> ClockEvidence:
    """Of a segment that begins with this GOP.

    The bound of a camera of changing rate rises from GOP to GOP. It is stated as it will be at the segment's end if it
    goes on rising as in the one before; else each GOP would begin a segment.
    """
    if before is None or before.first_error_us is None or before.source != gop.source or gop.stepped:
        return with_stated_error(gop.evidence)
    grid_us, lasted_us = segment_seconds * _SECOND_US, gop.wall_us - before.start_us
    rose_us = max(gop.evidence.error_us - before.first_error_us, 0)
    left_us = grid_us - gop.wall_us % grid_us
    return with_stated_error(gop.evidence, rose_us * left_us // lasted_us if lasted_us > 0 else 0)


def _has_another_clock(current: OpenSegment, gop: Gop) -> bool:
    """A segment says once, for all of its frames, what their time rests on and how good it is."""
    error_us = gop.evidence.error_us
    trusted = is_clock_trusted(gop.offset_us, error_us), is_clock_trusted(current.offset_us, current.error_us)
    return gop.source != current.source or error_us > current.error_us or trusted[0] != trusted[1]


def _has_another_rate(current: OpenSegment, gop: Gop) -> bool:
    if gop.wall_us - current.start_us < MIN_RATE_US:
        return False
    shorter, longer = sorted((current.interval, gop.interval))
    return shorter > 0 and longer >= RATE_CHANGED * shorter


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


def decoded_before_shown(frames: tuple[EncodedFrame, ...]) -> tuple[EncodedFrame, ...]:
    """With decoding times that are not later than the pictures are shown, for players that trust them.

    Those of a connection's first pictures may be: how far ahead a camera sends only shows with time.
    """
    if not any(frame.pts < frame.dts for frame in frames):
        return frames
    latest = accumulate(reversed(frames), lambda after, frame: min(frame.dts, frame.pts, after - 1), initial=_NEVER)
    begins = enumerate(reversed([*latest][1:]), frames[0].dts)
    return tuple(replace(frame, dts=max(dts, least)) for frame, (least, dts) in zip(frames, begins, strict=True))


def ticks_to_us(ticks: int, info: StreamInfo) -> int:
    return ticks * _SECOND_US * info.time_base.numerator // info.time_base.denominator


def durations_of(frames: tuple[EncodedFrame, ...], next_dts: int | None, usual: int) -> tuple[int, ...]:
    """Ticks that each frame lasts: until the next one's decoding time; the last one lasts `usual` if none follows."""
    times = [frame.dts for frame in frames]
    times.append(times[-1] + usual if next_dts is None else next_dts)
    return tuple(after - before for before, after in pairwise(times))


def lasting_of(
    frames: Sequence[EncodedFrame], durations: Sequence[int], later: Sequence["EncodedFrame | SourcePacket"]
) -> Lasting:
    """`later`: what is known to follow, in the order of decoding. A keyframe begins what it follows at its own moment,
    though pictures that are sent after it may be shown before it. Before the other pictures of a part some may be shown
    that are still to come, though none before it is decoded. If nothing follows, the last one shown lasts as long as
    the one decoded last.
    """
    latest = max(frame.pts for frame in frames) + durations[-1]
    if not later:
        until = latest
    elif later[0].keyframe:
        until = later[0].pts
    else:
        until = min(min(frame.pts for frame in later), max(latest, later[-1].dts))
    ticks = until - first_shown(frames)
    # Around a camera's first sender report the order of the timestamps may make no sense.
    return Lasting(ticks if ticks > 0 else sum(durations), bool(later) and not later[0].keyframe)


def segment_key(camera_id: str, start_us: int, sequence: int) -> str:
    """Object key, and path below the spool: camera, day, time of day and sequence, so that listings sort by time."""
    start = from_us(start_us)
    return f"{camera_id}/{start:%Y/%m/%d}/{start:%H%M%S}-{sequence:09d}.mp4"
