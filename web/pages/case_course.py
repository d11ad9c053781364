"""The whole course of a case as lines in time: its steps, what its limits allow, what does not count, and its cards."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from storage.models import Case, ClockName, Suspension, SuspensionReason
from web.pages.case_limits import CardRow, CaseLimits, LimitRow
from web.pages.step_rows import is_told_late
from web.pages.timelines import Bar, Lane, Timeline, timeline

_MARGIN = 0.02
_POINT = 0.006
"""Of the whole line, so that a moment can be seen."""


@dataclass(frozen=True)
class Stop:
    """A span that does not count, as its platform told it."""

    reason: SuspensionReason
    start: datetime
    end: datetime | None
    notice_number: str
    """Of the written notice; empty: none was told."""
    notice_date: date | None
    first_told_at: datetime | None = None

    @property
    def was_told_late(self) -> bool:
        return self.first_told_at is not None and is_told_late(self.start, self.first_told_at)


def stops_of(session: Session, case: Case) -> tuple[Stop, ...]:
    of_case = Suspension.source_id == case.source_id, Suspension.case_number == case.number
    found = session.exec(select(Suspension).where(*of_case).order_by(col(Suspension.start)))
    return tuple(
        Stop(each.reason, each.start, each.end, each.notice_number, each.notice_date, each.first_received_at)
        for each in found
    )


def course(
    steps: Sequence[Bar], deadlines: CaseLimits | None, stops: Sequence[Stop], zone: str, now: datetime
) -> Timeline | None:
    """From its first step to whatever comes last; None while nothing but steps is known."""
    if deadlines is None or not (deadlines.limits or stops):
        return None
    lanes = [Lane("steps", tuple(steps)), *_limits(deadlines.limits, now), *_stopped(stops, now)]
    cards = [card for card in deadlines.cards if card.withdrawn_at is None]
    edges = [moment for lane in lanes for bar in lane.bars for moment in (bar.start, bar.end)]
    edges += [card.raised_at for card in cards]
    start, end = min(edges), max(edges)
    margin = (end - start) * _MARGIN
    if cards:
        lanes.append(Lane("cards", tuple(_card(card, (end - start) * _POINT) for card in cards)))
    return timeline(start - margin, end + margin, zone, lanes)


def _limits(limits: Iterable[LimitRow], now: datetime) -> Iterator[Lane]:
    """One lane for each clock; those of single links, one after the other, share theirs."""
    bars: dict[str, list[Bar]] = {}
    for limit in limits:
        of_clock = bars.setdefault(f"limit_{limit.clock}", [])
        words = limit.link.value if limit.link else ""
        until = limit.last_at or now
        of_clock.append(Bar("allowed", limit.started_at, max(until, limit.started_at), words))
        if limit.last_at is not None and _until(limit, now) > limit.last_at:
            of_clock.append(Bar("overdue", limit.last_at, _until(limit, now), words))
    yield from (Lane(name, tuple(found)) for name, found in bars.items())


def _until(limit: LimitRow, now: datetime) -> datetime:
    """When it came to its end, or now. That a result was handed over is not told by every platform."""
    if limit.ended_at is None and limit.clock is ClockName.DELIVERY and limit.last_at is not None:
        return limit.last_at
    return limit.ended_at or now


def _stopped(stops: Iterable[Stop], now: datetime) -> Iterator[Lane]:
    bars = tuple(Bar("suspended", stop.start, stop.end or max(now, stop.start), stop.reason.value) for stop in stops)
    if bars:
        yield Lane("suspensions", bars)


def _card(card: CardRow, width: timedelta) -> Bar:
    page = f"/cards/{card.id}" if card.id else "#limits"
    return Bar(card.kind.value, card.raised_at, card.raised_at + width, card.cause.value, page, is_moment=True)
