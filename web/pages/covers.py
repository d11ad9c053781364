"""Leave and cover on the page of a counter's day: what is registered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from analytics.runs import COVERED, Excuse
from storage.intervals import Span, intersect, merge
from storage.models import CounterPair, CoverKind, User
from web.api.covers import covers_of
from web.pages.timelines import Bar, Lane


@dataclass(frozen=True)
class CoverRow:
    """Leave or cover that reaches into the day, or into one after today."""

    id: int
    kind: CoverKind
    who: str
    start: datetime
    end: datetime | None
    reason: str
    noted_by: str
    """Nobody where the configuration file changed hours."""
    noted_at: datetime
    is_withdrawn: bool
    lasts: bool
    """Or is yet to begin."""


def cover_lane(excused: Sequence[Excuse], span: Span, now: datetime) -> Iterable[Lane]:
    """What has passed of it; none where nobody ever covered."""
    covered = merge(excuse.span for excuse in excused if excuse.why == COVERED)
    passed = intersect(covered, [Span(span.start, max(span.start, min(span.end, now)))])
    if passed:
        yield Lane("covers", tuple(Bar("cover", part.start, part.end) for part in passed))


def cover_rows(session: Session, counter_id: str, span: Span, now: datetime) -> tuple[CoverRow, ...]:
    """Those of the span; with what is to come, where that lasts now."""
    found = [row for row in covers_of(session, counter_id, span.start) if row.start < span.end or now < span.end]
    people = session.exec(select(User).where(col(User.id).in_({row.noted_by for row in found})))
    names = {user.id: user.display_name or user.name for user in people}
    return tuple(
        CoverRow(
            id=row.id,
            kind=row.kind,
            who=row.who,
            start=row.start,
            end=row.end,
            reason=row.reason,
            noted_by=names.get(row.noted_by or 0, ""),
            noted_at=row.noted_at,
            is_withdrawn=row.withdrawn_at is not None,
            lasts=row.withdrawn_at is None and (row.end is None or row.end > now),
        )
        for row in found
        if row.id is not None
    )


def paired_with(session: Session, counter_id: str, span: Span) -> list[str]:
    of = or_(CounterPair.one_id == counter_id, CounterPair.other_id == counter_id)
    held = (
        CounterPair.valid_from < span.end,
        or_(col(CounterPair.valid_to).is_(None), col(CounterPair.valid_to) > span.start),
    )
    pairs = session.exec(select(CounterPair).where(of, *held))
    return [pair.other_id if pair.one_id == counter_id else pair.one_id for pair in pairs]
