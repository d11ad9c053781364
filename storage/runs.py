"""The recorded time of one day as a list of runs: a day without holes is one entry, whatever its number of segments."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from storage.intervals import Span, intersect, merge, subtract

FRAME_HOLE = timedelta(seconds=0.5)
"""A shorter hole between two segments is the pause between two frames, not missing footage."""

DAY = timedelta(days=1)
_US = timedelta(microseconds=1)
_RUN = struct.Struct("<QQ")


def pack_runs(day: date, runs: Iterable[Span]) -> bytes:
    """Microseconds since the day's midnight in UTC. The runs must lie within the day."""
    midnight = day_span(day).start
    return b"".join(_RUN.pack((run.start - midnight) // _US, (run.end - midnight) // _US) for run in runs)


def unpack_runs(day: date, packed: bytes) -> list[Span]:
    midnight = day_span(day).start
    return [Span(midnight + start * _US, midnight + end * _US) for start, end in _RUN.iter_unpack(packed)]


def patched(runs: Iterable[Span], dirty: Sequence[Span], recorded: Iterable[Span]) -> list[Span]:
    """The runs with everything in `dirty` replaced by what is in `recorded`."""
    return merge([*subtract(runs, dirty), *intersect(recorded, dirty)])


def widened(changes: Iterable[Span]) -> list[Span]:
    """Where a change of segments in these spans can change runs: a pause before or after may have become a hole."""
    return merge(Span(change.start - FRAME_HOLE, change.end + FRAME_HOLE) for change in changes)


def day_span(day: date) -> Span:
    """In UTC."""
    midnight = datetime.combine(day, time(), UTC)
    return Span(midnight, midnight + DAY)


def days_of(span: Span) -> Iterator[date]:
    """The days in UTC that the span touches."""
    day = span.start.astimezone(UTC).date()
    while day_span(day).start < span.end:
        yield day
        day += DAY
