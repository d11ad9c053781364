"""What the calendar keeps of one day of a camera: the runs of recorded time, and the gaps that have ended."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from storage.models import GapCause
from storage.runs import day_span

CAUSES: Sequence[GapCause] = (
    GapCause.CAMERA_UNREACHABLE,
    GapCause.CAMERA_STALLED,
    GapCause.STREAM_ENDED,
    GapCause.STREAM_UNSUPPORTED,
    GapCause.PACKETS_LOST,
    GapCause.RECORDER_STOPPED,
    GapCause.RECORDER_CRASHED,
    GapCause.RECORDER_STALLED,
    GapCause.DISK_FULL,
    GapCause.DISK_ERROR,
    GapCause.CAMERA_DISABLED,
    GapCause.RECONFIGURED,
    GapCause.EXPIRED,
    GapCause.CORRECTED,
    GapCause.UNKNOWN,
)
"""A cause is packed as its place here: a new one goes to the end."""

_US = timedelta(microseconds=1)
_GAP = struct.Struct("<qqB")
_CODES = {cause: code for code, cause in enumerate(CAUSES)}


class EndedGap(NamedTuple):
    start: datetime
    end: datetime
    cause: GapCause


@dataclass(frozen=True, slots=True)
class PackedDay:
    runs: bytes = b""
    """See storage.runs."""
    gaps: bytes = b""
    """See `pack_gaps`."""


def pack_gaps(day: date, gaps: Iterable[EndedGap]) -> bytes:
    """Those that reach into the day, each with its start and end in microseconds since the day's midnight in UTC.

    The start may lie before the day, because of gaps that overlap the first explains. The end is at most the end of
    the day, so that a gap that grows for months changes only the days into which it grows.
    """
    whole = day_span(day)
    inside = sorted(gap for gap in gaps if max(gap.start, whole.start) < min(gap.end, whole.end))
    return b"".join(
        _GAP.pack((start - whole.start) // _US, (min(end, whole.end) - whole.start) // _US, _CODES[cause])
        for start, end, cause in inside
    )


def unpack_gaps(day: date, packed: bytes) -> list[EndedGap]:
    midnight = day_span(day).start
    return [
        EndedGap(midnight + start * _US, midnight + end * _US, CAUSES[code])
        for start, end, code in _GAP.iter_unpack(packed)
    ]
