"""Which closures of a hall have put off a moment of a card since that was told first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from correlation.deadlines.escalation import steps_of
from correlation.deadlines.work_calendar import WorkCalendar
from storage.models import Card, Closure


@dataclass(frozen=True)
class PutOffBy:
    """A day on which the hall is closed, as was noted once the moment had been told."""

    day: date
    reason: str
    noted_at: datetime
    withdrawn_at: datetime | None
    """The moment that was told stays."""


@dataclass(frozen=True)
class PutOffs:
    """Of one card; empty for what stands as it was told first."""

    correct_by: tuple[PutOffBy, ...] = ()
    explain_by: tuple[PutOffBy, ...] = ()
    escalation: tuple[tuple[PutOffBy, ...], ...] = ()
    """By step, in their order."""


def put_offs(
    session: Session, card: Card, hall_id: str | None, calendar: WorkCalendar, answered_at: datetime | None
) -> PutOffs:
    """`calendar`: the plain one of the hall's zone; `answered_at`: when somebody first said something about the card.

    Since then the time to explain it moves no more, nor who is told next; a card that is withdrawn stands still.
    """
    wanted = select(Closure).where(Closure.hall_id == hall_id, Closure.noted_at > card.raised_at)
    noted = session.exec(wanted.order_by(col(Closure.day), col(Closure.id))).all()
    shown = card.announced_at or card.raised_at
    over = [each for each in (answered_at, card.withdrawn_at) if each is not None]

    def between(first: datetime, last: datetime | None, *ends: datetime) -> tuple[PutOffBy, ...]:
        return tuple(_between(noted, calendar, first, last, min(ends, default=None))) if last else ()

    return PutOffs(
        correct_by=between(card.raised_at, card.correct_by, *([card.withdrawn_at] if card.withdrawn_at else [])),
        explain_by=between(shown, card.explain_by, *over),
        escalation=tuple(between(shown, step.at, *over, step.at) for step in steps_of(card)),
    )


def _between(
    noted: Sequence[Closure], calendar: WorkCalendar, told_at: datetime, until: datetime, over_at: datetime | None
) -> Iterator[PutOffBy]:
    """That took a working day out of it after it was told."""
    first, last = calendar.day_of(told_at), calendar.day_of(until - timedelta(microseconds=1))
    for closure in noted:
        day = closure.day.toordinal()
        if closure.noted_at <= told_at or (over_at is not None and closure.noted_at >= over_at):
            continue
        if first <= day <= last and calendar.is_worked(day):
            yield PutOffBy(closure.day, closure.reason, closure.noted_at, closure.withdrawn_at)
