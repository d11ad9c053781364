"""Which parts of which segments make a clip: pure, from rows alone."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from ingest.video.fragmented import of_pictures
from ingest.video.frames import to_us
from storage.fragments import Fragment, decodable_from, groups_of_pictures, recorded_parts, unpack_fragments
from storage.intervals import Span, intersect, merge, subtract
from storage.models import Segment, is_clock_trusted
from storage.runs import FRAME_HOLE
from storage.smeared import smeared_spans

LEADING = timedelta(seconds=2)
"""Pictures that are sent after a keyframe may be shown before it, by no more than this: they are in its fragment."""
LEAD_IN = timedelta(seconds=10)
"""A keyframe that is not a whole picture at once (H.264 recovery points) is one after no more than this."""


Told = Mapping[str, object]
"""More that the comment of a clip's file says, as JSON."""


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
    """With the fragment after the end, where pictures of it may be shown before the end."""
    missing: tuple[Span, ...]
    before: Piece | None = None
    """The group of pictures before, on which the first pictures may rest; None if there is none."""
    told: Told = field(default_factory=dict)
    """What the file's comment says beside that."""


def plan_clip(segments: Iterable[Segment], start: datetime, end: datetime, *, told: Told | None = None) -> ClipPlan:
    """`segments` of one camera, in any order: those that overlap the span, and where pictures are sent in another
    order than they are shown, or keyframes are no whole pictures, those around it. Others are ignored.

    Raises NothingRecorded, or ValueError if the span is empty.
    """
    if end <= start:
        raise ValueError("a clip must end after it starts")
    ordered = sorted(segments, key=lambda s: s.sequence)
    near = [s for s in ordered if s.start < end + LEADING and s.end > start]
    pieces = tuple(piece for s in near if (piece := Piece(s, _wanted(s, start, end))).fragments)
    if not pieces:
        raise NothingRecorded(f"no footage between {start.isoformat()} and {end.isoformat()}")
    missing = missing_of(overlapping(near, start, end), start, end)
    return ClipPlan(start, end, pieces, missing, _before(pieces[0], ordered), told or {})


def overlapping(segments: Iterable[Segment], start: datetime, end: datetime) -> list[Segment]:
    return [segment for segment in segments if segment.start < end and segment.end > start]


def goes_on(before: Segment, after: Segment) -> bool:
    """Whether one decoder goes from the one to the other without a hole."""
    return of_pictures(before.parameters) == of_pictures(after.parameters) and abs(after.start - before.end) <= LEADING


def _before(first: Piece, ordered: Sequence[Segment]) -> Piece | None:
    fragments = unpack_fragments(first.segment.fragments)
    begin = decodable_from(fragments, fragments.index(first.fragments[0]))
    if begin:
        return Piece(first.segment, tuple(groups_of_pictures(fragments[:begin])[-1]))
    earlier = [s for s in ordered if s.sequence < first.segment.sequence]
    if not earlier or not goes_on(earlier[-1], first.segment):
        return None
    return Piece(earlier[-1], tuple(groups_of_pictures(unpack_fragments(earlier[-1].fragments))[-1]))


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
    masked: bool = False
    """The camera has privacy masks then."""


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


def divided(part: ClipPart, length: timedelta) -> Iterator[ClipPart]:
    """The same in parts of at most this length, without those in which nothing was recorded."""
    start = part.start
    while start < part.end:
        end = min(start + length, part.end)
        if pieces := pieces_of(part.pieces, start, end):
            yield ClipPart(start, end, pieces, part.masked)
        start = end


def missing_of(segments: Iterable[Segment], start: datetime, end: datetime) -> tuple[Span, ...]:
    """What of the span lies in none of the segments, or in a hole of one."""
    covered = merge((part for s in segments for part in recorded_parts(s.start, s.end, s.holes)), bridge=FRAME_HOLE)
    return tuple(subtract([Span(start, end)], covered))


def clock_told(segments: Sequence[Segment], start: datetime, end: datetime) -> dict[str, object]:
    """For what a clip tells of itself: how far its wall times may be off, and where they are in doubt."""
    doubted = merge(Span(segment.start, segment.end) for segment in segments if is_doubted(segment))
    return {
        "clock_error_us": max(segment.clock_error_us for segment in segments),
        "clock_untrusted": told_spans(intersect([Span(start, end)], doubted)),
    }


def smeared(segments: Collection[Segment], start: datetime, end: datetime) -> dict[str, object]:
    """For what a clip tells of itself: where its pictures may be smeared, as packets were lost, and how many of its
    segments' pictures come right after a loss."""
    spans = smeared_spans(((s.start, s.fragments) for s in segments if s.smears), Span(start, end))
    pictures = sum(segment.smears for segment in segments)
    return {"pictures_after_loss": pictures, "smeared": told_spans(spans)} if spans else {}


def is_doubted(segment: Segment) -> bool:
    is_corrected = segment.correction_id is not None
    return not is_clock_trusted(segment.clock_offset_us, segment.clock_error_us, is_corrected=is_corrected)


def told_spans(spans: Iterable[Span]) -> list[tuple[str, str]]:
    return [(span.start.isoformat(), span.end.isoformat()) for span in spans]


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
    """Fragments with frames in start..end, and the one that follows. The first may begin before: its frames lead up to
    the first one shown."""
    fragments = unpack_fragments(segment.fragments)
    from_us, to_offset_us = to_us(start) - to_us(segment.start), to_us(end) - to_us(segment.start)
    inside = [f for f in fragments if f.offset_us < to_offset_us and f.offset_us + f.duration_us > from_us]
    following = next((f for f in fragments if f.offset_us >= to_offset_us), None)
    if following is not None and following.offset_us < to_offset_us + LEADING // timedelta(microseconds=1):
        inside.append(following)
    return tuple(inside)
