"""Whether a case was in time, and the month to which that belongs. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from correlation.deadlines.clocks import Clock, Clocks
from correlation.evaluation.counted import MOST_HOURS
from storage.models import ClockName, LimitUnit

_HOUR, _MOMENT = timedelta(hours=1), timedelta(microseconds=1)


class Verdict(NamedTuple):
    """A case has one for good: in the month of `at` it is counted, once."""

    at: datetime
    """When it ended in time, or when its limit passed."""
    late: ClockName | None
    """The limit that passed first."""
    is_promised: bool
    is_early: bool
    lead: int | None = None
    """Whole hours by which it ended before the promised limit passed: it is early by so many, and by not one more."""
    limits: tuple[int, int] | None = None
    """The legal and the promised limit, where both are in days."""


def verdict(now: Clocks, at: datetime, early_by: timedelta) -> Verdict | None:
    """By what was known at that moment; None while it is open, has no limit, or is late by a date that may move."""
    promised = now.named(ClockName.PROMISED)
    limits = [clock for clock in (promised, now.named(ClockName.LEGAL)) if clock is not None]
    if not limits:
        return None
    missed = [(_late_since(clock), clock.name) for clock in limits if _is_missed(clock, at)]
    if missed:
        if any(clock.out.provisional for clock in limits):
            return None
        since, name = min(missed)
        return Verdict(since, name, promised is not None, is_early=False, limits=_in_days(now))
    ended = _ended(limits)
    if ended is None or ended > at:
        return None
    is_early = promised is not None and _is_early(promised, early_by)
    return Verdict(ended, None, promised is not None, is_early, _lead(promised) if promised else None, _in_days(now))


def _late_since(clock: Clock) -> datetime:
    assert clock.out.late_from is not None
    return max(clock.out.late_from, clock.start.since)


def _is_missed(clock: Clock, at: datetime) -> bool:
    late_from = clock.out.late_from
    if late_from is None or (clock.ended_at is None and at < _late_since(clock)):
        return False
    return clock.ended_at is None or clock.ended_at >= late_from


def _ended(limits: Sequence[Clock]) -> datetime | None:
    """When the last of them did; None while one runs."""
    ends = [clock.ended_at for clock in limits]
    return None if None in ends else max(end for end in ends if end is not None)


def _is_early(promised: Clock, by: timedelta) -> bool:
    late_from = promised.out.late_from
    return late_from is not None and promised.ended_at is not None and promised.ended_at < late_from - by


def _lead(promised: Clock) -> int | None:
    """A case that ends 24 hours before to the moment is early by 23: earlier than that is asked."""
    late_from, ended = promised.out.late_from, promised.ended_at
    if late_from is None or ended is None or ended >= late_from:
        return None
    return min(MOST_HOURS, (late_from - ended - _MOMENT) // _HOUR)


def _in_days(now: Clocks) -> tuple[int, int] | None:
    found = [clock.limit for clock in (now.named(ClockName.LEGAL), now.named(ClockName.PROMISED)) if clock is not None]
    days = [limit.amount for limit in found if limit is not None and limit.unit is LimitUnit.DAYS]
    return (days[0], days[1]) if len(days) == 2 else None
