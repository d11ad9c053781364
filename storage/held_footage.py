"""How much there is of the footage of a hold: a span may be held of which nothing was recorded, or not yet."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from storage.intervals import Span
from storage.models import MAX_SEGMENT_SECONDS, Location, Segment

_MAX_LENGTH = timedelta(seconds=MAX_SEGMENT_SECONDS)


@dataclass(frozen=True, slots=True)
class HeldFootage:
    recorded: Span | None
    """From the first to the last moment of the span that was recorded; None if none was."""
    stored: int
    """Segments that the store has."""
    locked: int
    """Those of them that the store has locked."""


def held_footage(session: Session, camera_id: str, span: Span) -> HeldFootage:
    start, end = col(Segment.start), col(Segment.end)
    by = (col(Segment.location), col(Segment.legal_hold))
    groups = session.execute(
        select(*by, func.min(start), func.max(end), func.count())
        .where(
            col(Segment.camera_id) == camera_id, start > span.start - _MAX_LENGTH, start < span.end, end > span.start
        )
        .group_by(*by)
    ).all()
    if not groups:
        return HeldFootage(None, 0, 0)
    first, last = min(start for _, _, start, _, _ in groups), max(end for _, _, _, end, _ in groups)
    stored = {locked: count for location, locked, _, _, count in groups if location is Location.STORED}
    recorded = Span(max(first, span.start), min(last, span.end))
    return HeldFootage(recorded, sum(stored.values()), stored.get(True, 0))
