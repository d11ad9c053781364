"""Which numbered batches of a source never came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session

from storage.bulk import table_of
from storage.models import Batch

GRACE = timedelta(minutes=10)
"""Batches may overtake each other by this."""


@dataclass(frozen=True)
class Missing:
    """Batches `first`..`last` were expected, because a later one came."""

    first: int
    last: int
    noticed_at: datetime
    """When the batch after them came."""

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def missing(numbers: Iterable[tuple[int, datetime]], now: datetime) -> tuple[Missing, ...]:
    """Of numbers in their order, each with the moment at which its batch came.

    A source whose numbers mostly do not follow each other, because they are moments for example, misses none.
    """
    found, steps, last = [], 0, None
    consecutive = 0
    for number, received_at in numbers:
        if last is not None:
            steps += 1
            consecutive += number == last + 1
            if number > last + 1:
                found.append(Missing(last + 1, number - 1, received_at))
        last = number
    if 2 * consecutive < steps:
        return ()
    return tuple(gap for gap in found if now - gap.noticed_at >= GRACE)


def missing_batches(session: Session, source_id: str, since: datetime, now: datetime) -> tuple[Missing, ...]:
    """Between the lowest and the highest number of the batches that came since then."""
    batches = table_of(Batch)
    of_source = (batches.c.source_id == source_id, batches.c.sequence.is_not(None))
    lowest = select(func.min(batches.c.sequence)).where(*of_source, batches.c.received_at >= since).scalar_subquery()
    numbers = (
        select(batches.c.sequence, batches.c.received_at)
        .where(*of_source, batches.c.sequence >= lowest)
        .order_by(batches.c.sequence)
    )
    return missing(((row[0], row[1]) for row in session.execute(numbers)), now)
