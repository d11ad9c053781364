"""Which numbered batches of a source never came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from sqlalchemy import func, select
from sqlmodel import Session

from storage.bulk import table_of
from storage.models import Batch

GRACE = timedelta(minutes=10)
"""Batches may overtake each other by this."""
BESIDE = 50
"""So many steps from number to number on either side of a gap show whether the numbers count batches there."""


@dataclass(frozen=True)
class Missing:
    """Batches `first`..`last` were expected, because a later one came."""

    first: int
    last: int
    noticed_at: datetime
    """When the first batch of a higher number came."""

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def missing(numbers: Iterable[tuple[int, datetime]], now: datetime) -> tuple[Missing, ...]:
    """Of numbers in their order, each with the moment at which its batch came.

    Where the numbers around a gap do not count batches, because they are moments for example, nothing is missing.
    """
    came = list(numbers)
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(came)]
    noticed = [*accumulate((moment for _, moment in reversed(came)), min)][::-1]  # when the first came that is no lower
    return tuple(
        Missing(came[place][0] + 1, came[place + 1][0] - 1, noticed[place + 1])
        for place, step in enumerate(steps)
        if step > 1
        and now - noticed[place + 1] >= GRACE
        and _count_batches(steps[max(place - BESIDE, 0) : place + BESIDE + 1])
    )


def _count_batches(steps: Sequence[int]) -> bool:
    """Most of them go by one, or at least one number in four has come, as when every second batch is lost."""
    return 2 * steps.count(1) >= len(steps) or 4 * len(steps) >= sum(steps)


def missing_batches(session: Session, source_id: str, since: datetime, now: datetime) -> tuple[Missing, ...]:
    """Those that were noticed since then: the same ones, however far back one looks."""
    batches = table_of(Batch)
    numbers = select(batches.c.sequence, batches.c.received_at).where(
        batches.c.source_id == source_id, batches.c.sequence.is_not(None)
    )
    lowest = session.execute(
        select(func.min(batches.c.sequence)).where(batches.c.source_id == source_id, batches.c.received_at >= since)
    ).scalar_one()
    if lowest is None:
        return ()
    by_number = batches.c.sequence
    before = numbers.where(by_number < lowest).order_by(by_number.desc()).limit(BESIDE + 1)
    after = numbers.where(by_number >= lowest).order_by(by_number)
    came = [*reversed(session.execute(before).all()), *session.execute(after)]
    return tuple(gap for gap in missing(((row[0], row[1]) for row in came), now) if gap.noticed_at >= since)
