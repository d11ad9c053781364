"""What a camera sends, as everybody behind the recorder sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal

Codec = Literal["h264", "hevc"]
StreamName = Literal["main", "sub"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """The parameters of the frames that follow it; a new one comes whenever they change."""

    codec: Codec
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    extradata: bytes
    """Parameter sets (VPS for HEVC, SPS, PPS) in Annex B: each after a start code."""
    time_base: Fraction
    """Seconds per tick of `pts` and `dts`."""
    instead: bool = False
    """Of the main stream, in place of a sub-stream that was asked for and brings nothing."""


@dataclass(slots=True)
class EncodedFrame:
    """One coded picture. `pts` and `dts` count on through reconnects only within one StreamInfo.

    Shared, so not to be changed; not frozen because that would make it twice as costly, for every picture there is.
    """

    data: bytes
    """Annex B; a keyframe may or may not repeat the parameter sets."""
    pts: int
    dts: int
    wall: datetime
    """When the picture was taken, aware UTC."""
    keyframe: bool
    after_loss: bool = False
    """Packets before it were lost, or of it."""


def first_shown(frames: Sequence[EncodedFrame]) -> int:
    """Ticks at which what can be shown of them begins: a keyframe, whatever is shown before it rests on what came
    before; without one, the earliest of all."""
    return frames[0].pts if frames[0].keyframe else min(frame.pts for frame in frames)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Aware UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)
