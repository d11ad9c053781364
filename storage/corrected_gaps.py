"""Gaps where the time of footage was corrected: they move with it, and stand where it was moved away.

Every function works inside the caller's transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlmodel import Session, col, delete, func, or_, select

from storage.intervals import Span, merge
from storage.models import MAX_SEGMENT_SECONDS, Gap, GapCause, Segment, TimeCorrection
from storage.runs import FRAME_HOLE
from storage.time_shifts import NONE_YET, Between, Shift, left_behind, placed_gap, recorded_span

_MAX_LENGTH = timedelta(seconds=MAX_SEGMENT_SECONDS)
_STAYS = (GapCause.EXPIRED, GapCause.CORRECTED)
"""What was deleted is described in the ledger, by the time that it had; what was left behind is worked out anew."""


def move_gaps(session: Session, camera_id: str, span: Span, shifts: Sequence[Shift]) -> None:
    """What lasts is not over yet, and stays."""
    of_camera = select(Gap).where(
        Gap.camera_id == camera_id, col(Gap.end).is_not(None), col(Gap.cause).not_in([cause.value for cause in _STAYS])
    )
    as_recorded = of_camera.where(
        col(Gap.recorded_start).is_(None), col(Gap.start) <= span.end, col(Gap.end) >= span.start
    )
    moved = of_camera.where(col(Gap.recorded_start) <= span.end, col(Gap.recorded_end) >= span.start)
    for gap in [*session.exec(as_recorded), *session.exec(moved)]:
        assert gap.end is not None
        recorded = Span(gap.recorded_start or gap.start, gap.recorded_end or gap.end)
        # One over which footage has moved is empty, and nobody is told of it; its row is there for who takes that back.
        placed = placed_gap(recorded, shifts, _between(session, gap))
        gap.start, gap.end = placed.start, placed.end
        gap.recorded_start, gap.recorded_end = (None, None) if placed == recorded else (recorded.start, recorded.end)
        session.add(gap)
    session.flush()


def _between(session: Session, gap: Gap) -> Between | None:
    if gap.after_sequence is None:
        return None
    later = select(func.min(Segment.sequence)).where(
        Segment.camera_id == gap.camera_id, col(Segment.sequence) > gap.after_sequence
    )
    return Between(gap.after_sequence, session.exec(later).one() or NONE_YET)


def leave_gaps(
    session: Session, camera_id: str, corrections: Iterable[TimeCorrection], shifts: Sequence[Shift]
) -> None:
    """One wherever the corrections have moved footage away and nothing else is known.

    Not of time that was still to come when one was made: what is recorded then says what there is.
    """
    ids = [row.id for row in corrections if row.takes_back is None]
    session.exec(delete(Gap).where(col(Gap.cause) == GapCause.CORRECTED, col(Gap.correction_id).in_(ids)))
    for shift in (each for each in shifts if each.id in ids):
        query = select(Segment.start, Segment.end, Segment.shift_us).where(Segment.correction_id == shift.id)
        lay = merge((recorded_span(*row) for row in session.exec(query)), bridge=FRAME_HOLE)
        recorded = [Span(span.start, min(span.end, shift.made_at)) for span in lay if span.start < shift.made_at]
        if not recorded:
            continue
        there = _told_of(session, camera_id, Span(recorded[0].start, recorded[-1].end))
        for hole in left_behind(recorded, there):
            session.add(
                Gap(
                    camera_id=camera_id,
                    start=hole.start,
                    end=hole.end,
                    cause=GapCause.CORRECTED,
                    detail=f"correction {shift.id}",
                    correction_id=shift.id,
                )
            )
        session.flush()


def _told_of(session: Session, camera_id: str, span: Span) -> list[Span]:
    """Every moment of the span with footage, or with a gap."""
    footage = session.exec(
        select(Segment.start, Segment.end).where(
            Segment.camera_id == camera_id,
            col(Segment.start) > span.start - _MAX_LENGTH,
            Segment.start < span.end,
            Segment.end > span.start,
        )
    )
    gaps = session.exec(
        select(Gap.start, Gap.end).where(
            Gap.camera_id == camera_id, Gap.start < span.end, or_(col(Gap.end).is_(None), col(Gap.end) > span.start)
        )
    )
    told = [Span(start, end) for start, end in footage]
    told += [Span(start, max(start, end or span.end)) for start, end in gaps]
    return merge(told, bridge=FRAME_HOLE)
