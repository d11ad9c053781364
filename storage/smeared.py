"""Footage whose pictures may be smeared, because packets of it were lost on the way: which parts of which second."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage.fragments import groups_of_pictures, unpack_fragments
from storage.intervals import Span, merge, within
from storage.models import MAX_SEGMENT_SECONDS, Segment
from storage.runs import FRAME_HOLE

_LONGEST = timedelta(seconds=MAX_SEGMENT_SECONDS)
_US = timedelta(microseconds=1)


def smeared_parts(start: datetime, fragments: bytes) -> list[Span]:
    """Of one segment: from the fragment in which packets were lost to the next keyframe, as pictures rest on others."""
    spans = []
    for group in groups_of_pictures(unpack_fragments(fragments)):
        first = next((fragment for fragment in group if fragment.smeared), None)
        if first is not None:
            spans.append(
                Span(start + first.offset_us * _US, start + (group[-1].offset_us + group[-1].duration_us) * _US)
            )
    return spans


def smeared_spans(segments: Iterable[tuple[datetime, bytes]], span: Span) -> tuple[Span, ...]:
    """Of segments by start and fragments, in order; what is hardly apart together."""
    parts = (part for start, fragments in segments for part in smeared_parts(start, fragments))
    return tuple(within(merge(parts, bridge=FRAME_HOLE), span))


def smeared_times(session: Session, camera_id: str, start: datetime, end: datetime) -> tuple[Span, ...]:
    """Of the footage in start..end, in order."""
    found = session.exec(
        select(Segment.start, Segment.fragments).where(
            col(Segment.camera_id) == camera_id,
            col(Segment.start) > start - _LONGEST,
            col(Segment.start) < end,
            col(Segment.end) > start,
            col(Segment.smears) > 0,
        )
    )
    return smeared_spans(found, Span(start, end))
