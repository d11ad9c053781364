"""Which parts of which segments make a clip: pure, from rows alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from ingest.video.frames import to_us
from storage.fragments import Fragment, unpack_fragments
from storage.intervals import Span, merge, subtract
from storage.models import Segment
from storage.runs import FRAME_HOLE


class NothingRecorded(Exception):
    """There is no footage of this camera in this span."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive fragments of one segment."""

    segment: Segment
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """What of start..end exists. The media of a clip is joined over what is missing."""

    start: datetime
    end: datetime
    pieces: tuple[Piece, ...]
    missing: tuple[Span, ...]


def plan_clip(segments: Iterable[Segment], start: datetime, end: datetime) -> ClipPlan:
    """`segments` of one camera that overlap the span (others are ignored), in any order.

    Raises NothingRecorded, or ValueError if the span is empty.
    """
    if end <= start:
        raise ValueError("a clip must end after it starts")
    overlapping = sorted((s for s in segments if s.start < end and s.end > start), key=lambda s: s.sequence)
    found = [Piece(segment, _wanted(segment, start, end)) for segment in overlapping]
    pieces = tuple(piece for piece in found if piece.fragments)
    if not pieces:
        raise NothingRecorded(f"no footage between {start.isoformat()} and {end.isoformat()}")
    return ClipPlan(start, end, pieces, missing_of(overlapping, start, end))


JOINED = timedelta(milliseconds=20)
"""What two segments are less apart is no jump: it is less than a frame lasts."""


def pieces_of(recorded: Iterable[Span], start: datetime, end: datetime) -> tuple[Span, ...]:
    """The wall times that the media of a clip runs through: each piece without a jump, one after the other.

    `recorded` in the order of recording: where the clock was set back, a piece begins before the one before it ends.
    """
    pieces: list[Span] = []
    for span in recorded:
        if span.end <= start or span.start >= end:
            continue
        part = Span(max(span.start, start), min(span.end, end))
        if pieces and abs(part.start - pieces[-1].end) <= JOINED:
            pieces[-1] = Span(pieces[-1].start, part.end)
        else:
            pieces.append(part)
    return tuple(pieces)


@dataclass(frozen=True, slots=True)
class ClipPart:
    """What one clip can hold of a span: one decoder plays through it."""

    start: datetime
    end: datetime
    pieces: tuple[Span, ...]
    """The wall times that its media runs through, one piece after the other."""


def parts_of(recorded: Iterable[tuple[Span, str]], start: datetime, end: datetime) -> tuple[ClipPart, ...]:
    """A part for each time that the format of the pictures changes, and one at least.

    `recorded`: segments with their formats, in the order of recording. A moment that was recorded in two formats, where
    the clock was set back, is in no part: it would be in the clips of both.
    """
    inside = [(span, format_) for span, format_ in recorded if span.start < end and span.end > start]
    groups = [[span for span, _ in group] for _, group in groupby(inside, key=lambda each: each[1])]
    parts = []
    for number, group in enumerate(groups):
        begins = max((span.end for before in groups[:number] for span in before), default=start)
        ends = min((span.start for after in groups[number + 1 :] for span in after), default=end)
        if number:
            begins = max(begins, group[0].start)
        if number < len(groups) - 1:
            ends = min(ends, max(span.end for span in group))
        if begins < ends:
            parts.append(ClipPart(begins, ends, pieces_of(group, begins, ends)))
    return tuple(parts) or (ClipPart(start, end, ()),)


def missing_of(segments: Iterable[Segment], start: datetime, end: datetime) -> tuple[Span, ...]:
    """What of the span lies in none of the segments."""
    covered = merge((Span(s.start, s.end) for s in segments), bridge=FRAME_HOLE)
    return tuple(subtract([Span(start, end)], covered))


def corrected(segments: Iterable[Segment]) -> dict[str, object]:
    """For what a clip tells of itself: each correction of time in it, with what it shifts and the span it is of."""
    told: dict[tuple[int, int], Span] = {}
    for segment in segments:
        if segment.correction_id is not None:
            span = told.setdefault((segment.correction_id, segment.shift_us), Span(segment.start, segment.end))
            of = Span(min(span.start, segment.start), max(span.end, segment.end))
            told[segment.correction_id, segment.shift_us] = of
    if not told:
        return {}
    return {
        "clock_corrected": [
            {"correction": number, "shift_us": shift_us, "from": span.start.isoformat(), "to": span.end.isoformat()}
            for (number, shift_us), span in told.items()
        ]
    }


def _wanted(segment: Segment, start: datetime, end: datetime) -> tuple[Fragment, ...]:
    """Fragments with frames in start..end. The first may begin before: its frames lead up to the first one shown."""
    fragments: Sequence[Fragment] = unpack_fragments(segment.fragments)
    from_us, to_offset_us = to_us(start) - to_us(segment.start), to_us(end) - to_us(segment.start)
    inside = [f for f in fragments if f.offset_us < to_offset_us and f.offset_us + f.duration_us > from_us]
    return tuple(inside)
