"""Which steps and absences are to be linked now, and what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from correlation.floors import IdFloor
from correlation.resolve import NO_COUNTER, UNKNOWN_COUNTER, Seen
from storage.models import Absence, FootageLink, Step, View
from storage.presence_now import seen_until

YOUNG = timedelta(minutes=15)
YOUNG_AGAIN = timedelta(seconds=5)
"""What happened within the last quarter of an hour is looked at again this often."""
AGAIN = timedelta(seconds=60)
"""Everything else that is not settled."""
PATIENCE = timedelta(minutes=10)
"""No transaction that adds steps lasts longer."""


@dataclass(frozen=True)
class Picked:
    """Ids of what shall be linked."""

    steps: frozenset[int]
    absences: frozenset[int]

    def __len__(self) -> int:
        return len(self.steps) + len(self.absences)


@dataclass(frozen=True)
class Target:
    """One step or one absence."""

    step_id: int | None
    absence_id: int | None
    link_id: int | None
    """None if it was never linked."""
    counter_id: str | None
    without_counter: str
    """Why there is no counter; empty if there is one."""
    start: datetime
    end: datetime
    lasting: bool = False
    """An absence that goes on; its end is the last moment in which it was seen to."""


class Picker:
    """Remembers up to which row every step and every absence has a link."""

    def __init__(self) -> None:
        self._steps = IdFloor(0, PATIENCE)
        self._absences = IdFloor(0, PATIENCE)

    def pick(self, session: Session, now: datetime, limit: int) -> Picked:
        """New ones first, then the newest of the young, then whoever has waited longest; empty when all is done."""
        steps = set(_unlinked(session, col(Step.id), col(FootageLink.step_id), self._steps, limit // 2, now))
        absences = set(
            _unlinked(session, col(Absence.id), col(FootageLink.absence_id), self._absences, limit // 4, now)
        )
        for query in _unsettled(now, limit // 4):
            for step_id, absence_id in session.execute(query):
                steps |= {step_id} - {None}
                absences |= {absence_id} - {None}
        return Picked(frozenset(steps), frozenset(absences))


def _unsettled(now: datetime, limit: int) -> tuple[Select[int | None, int | None], ...]:
    queue = select(col(FootageLink.step_id), col(FootageLink.absence_id)).where(col(FootageLink.settled).is_(False))
    computed, start = col(FootageLink.computed_at), col(FootageLink.start)
    young = queue.where(start >= now - YOUNG, computed <= now - YOUNG_AGAIN).order_by(start.desc())
    waiting = queue.where(computed <= now - AGAIN).order_by(computed)
    return young.limit(limit), waiting.limit(limit)


def _unlinked(
    session: Session,
    row_id: Mapped[int | None],
    link: Mapped[int | None],
    floor: IdFloor,
    limit: int,
    now: datetime,
) -> Sequence[int]:
    highest = session.execute(select(func.max(row_id))).scalar_one() or 0
    query = (
        select(row_id)
        .outerjoin(FootageLink, link == row_id)
        .where(row_id > floor.floor, col(FootageLink.id).is_(None))
        .order_by(row_id.desc())
        .limit(limit)
    )
    found = [row for row in session.execute(query).scalars() if row is not None]
    if not found:
        floor.saw(highest, now)
    return found


def load(session: Session, picked: Picked, now: datetime) -> list[Target]:
    """Locks the steps, so that a correction comes either before or after, never in between."""
    return [*_steps(session, picked.steps), *_absences(session, picked.absences, now)]


def _steps(session: Session, wanted: frozenset[int]) -> list[Target]:
    query = (
        select(
            col(Step.id),
            col(FootageLink.id),
            col(Step.counter_ref),
            col(Step.counter_id),
            col(Step.start),
            col(Step.end),
        )
        .outerjoin(FootageLink, col(FootageLink.step_id) == col(Step.id))
        .where(col(Step.id).in_(wanted))
        .with_for_update(read=True, of=Step)
    )
    return [
        Target(step_id, None, link_id, counter_id, "" if counter_id else _why(reference), start, end)
        for step_id, link_id, reference, counter_id, start, end in session.execute(query)
    ]


def _why(reference: str) -> str:
    return UNKNOWN_COUNTER if reference else NO_COUNTER


def _absences(session: Session, wanted: frozenset[int], now: datetime) -> list[Target]:
    query = (
        select(Absence, col(FootageLink.id))
        .outerjoin(FootageLink, col(FootageLink.absence_id) == col(Absence.id))
        .where(col(Absence.id).in_(wanted))
    )
    found = [(absence.id or 0, absence, link_id) for absence, link_id in session.execute(query)]
    until = seen_until(session, (absence for _, absence, _ in found), now)
    return [
        Target(None, number, link_id, a.counter_id, "", a.start, until[number], lasting=a.end is None)
        for number, a, link_id in found
    ]


def views_of(session: Session, counters: frozenset[str]) -> dict[str, list[Seen]]:
    """Every view that there has been of each counter."""
    query = select(col(View.counter_id), col(View.camera_id), col(View.valid_from), col(View.valid_to)).where(
        col(View.counter_id).in_(counters)
    )
    views: dict[str, list[Seen]] = {counter_id: [] for counter_id in counters}
    for counter_id, *view in session.execute(query):
        views[counter_id].append(Seen(*view))
    return views
