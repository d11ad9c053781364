"""All limits of a case lived through day by day, hours quarter by quarter; knows the law, and nothing of the engine.

Moments lie on the quarters of an hour, suspensions are longer than nothing, and nobody accepts what has ended.
"""

from collections.abc import Container, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import islice
from typing import NamedTuple

from correlation.deadlines.facts import CaseFacts, Limit, Suspension
from storage.models import ClockName, LimitUnit, StepKind, SuspensionReason
from tests.correlation.deadlines.oracle import LAST_YEAR, ONE_DAY, is_working_day, walk

CHINA = timezone(timedelta(hours=8))
QUARTER = timedelta(minutes=15)
OPEN = ((time(9), time(12)), (time(13, 30), time(17)))

TELL_DAYS, DELIVER_DAYS = 5, 10
DECIDE_DAYS = {False: 20, True: 45}
LONGER_DAYS = {False: 10, True: 15}
"""By whether several departments handle it jointly."""

Closed = Container[date]


class Began(NamedTuple):
    at: datetime
    deemed_on: date | None
    """The first day after those for telling what is missing; None for a case that was accepted."""


class Walked(NamedTuple):
    late_from: datetime | None
    left: timedelta | int | None
    """Of a clock that stands still."""
    ended_late: bool


def day_of(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def limits_of(facts: CaseFacts, closed: Closed) -> dict[tuple[ClockName, StepKind | None], Walked]:
    began = beginning(facts, closed)
    stops = [stop for stop in facts.suspensions if not (began and began.deemed_on and _is_supplement(stop))]
    found: dict[tuple[ClockName, StepKind | None], Walked] = {}
    ended = facts.decided_at or facts.closed_at
    if began is not None:
        may_move = began.deemed_on is not None and began.deemed_on.year > LAST_YEAR
        legal = facts.legal or Limit(DECIDE_DAYS[facts.is_joint])
        for name, limit in ((ClockName.LEGAL, legal), (ClockName.PROMISED, facts.promised)):
            if limit is not None:
                longer = _extended(began.at, limit, facts, stops, closed)
                found[name, None] = _walked(began.at, longer, ended, stops, closed, may_move=may_move)
    if facts.decided_at is not None:
        deliver = Limit(DELIVER_DAYS)
        found[ClockName.DELIVERY, None] = _walked(facts.decided_at, deliver, facts.delivered_at, stops, closed)
    for link in facts.links:
        found[ClockName.LINK, link.kind] = _walked(link.began_at, link.limit, link.ended_at, stops, closed)
    return found


def beginning(facts: CaseFacts, closed: Closed) -> Began | None:
    """What happens to it in turn: accepted, ended, told to supplement, supplemented, or nobody says anything."""
    since, waits = facts.received_at, False
    assert since is not None
    supplied: datetime | None = None
    for moment, happens in _events(facts):
        if waits and supplied is not None and supplied <= moment:
            since, waits = supplied, False
        if not waits and day_of(moment) >= _deemed_on(since, closed):
            return Began(since, _deemed_on(since, closed))
        if happens == "accepted":
            return Began(moment, None)
        if happens == "ended":
            return None
        if not waits and isinstance(happens, Suspension) and moment >= since:
            supplied, waits = happens.end, True
    if waits and supplied is None:
        return None
    since = supplied if waits and supplied is not None else since
    return Began(since, _deemed_on(since, closed))


def _events(facts: CaseFacts) -> list[tuple[datetime, Suspension | str]]:
    found: list[tuple[datetime, Suspension | str]] = []
    found += [(facts.accepted_at, "accepted")] if facts.accepted_at else []
    found += [(stop.start, stop) for stop in facts.suspensions if _is_supplement(stop)]
    ended = facts.decided_at or facts.closed_at
    found += [(ended, "ended")] if ended else []
    return sorted(found, key=lambda event: event[0])


def _deemed_on(received: datetime, closed: Closed) -> date:
    return next(islice(walk(day_of(received), (), closed), TELL_DAYS - 1, None)) + ONE_DAY


def _is_supplement(stop: Suspension) -> bool:
    return stop.reason is SuspensionReason.SUPPLEMENT


def _extended(began: datetime, limit: Limit, facts: CaseFacts, stops: Sequence[Suspension], closed: Closed) -> Limit:
    if limit.unit is LimitUnit.HOURS:
        return limit
    late_from = _walked(began, limit, None, stops, closed).late_from
    in_time = sum(each.days for each in facts.extensions if late_from is None or each.approved_at < late_from)
    return Limit(limit.amount + min(in_time, LONGER_DAYS[facts.is_joint]))


def _walked(
    began: datetime,
    limit: Limit,
    ended: datetime | None,
    stops: Sequence[Suspension],
    closed: Closed,
    *,
    may_move: bool = False,
) -> Walked:
    stands_from = min((stop.start for stop in stops if stop.end is None), default=None)
    if limit.unit is LimitUnit.HOURS:
        quarters = islice(_quarters(began, stops, stands_from, closed), limit.amount * 4)
        times = list(quarters)
        if len(times) < limit.amount * 4:
            return Walked(None, timedelta(hours=limit.amount) - len(times) * QUARTER, ended_late=False)
        late_from = times[-1] + QUARTER
        may_move = may_move or day_of(late_from).year > LAST_YEAR
    else:
        days = list(islice(_days(day_of(began), stops, stands_from, closed), limit.amount))
        if len(days) < limit.amount:
            return Walked(None, limit.amount - len(days), ended_late=False)
        late_from = midnight(days[-1] + ONE_DAY)
        may_move = may_move or days[-1].year > LAST_YEAR
    return Walked(late_from, None, ended is not None and ended >= late_from and not may_move)


def _days(first: date, stops: Sequence[Suspension], stands_from: datetime | None, closed: Closed) -> Iterator[date]:
    """Those that count; of a day no part of which is suspended."""
    for day in walk(first, (), closed):
        begins, ends = midnight(day), midnight(day + ONE_DAY)
        if stands_from is not None and stands_from < ends:
            return
        if not any(stop.start < ends and stop.end is not None and stop.end > begins for stop in stops):
            yield day


def _quarters(
    began: datetime, stops: Sequence[Suspension], stands_from: datetime | None, closed: Closed
) -> Iterator[datetime]:
    """Those of working time that count."""
    moment = began
    while stands_from is None or moment < stands_from:
        here = moment.astimezone(CHINA)
        is_open = any(opens <= here.time() < closes for opens, closes in OPEN)
        is_stopped = any(stop.start <= moment and stop.end is not None and moment < stop.end for stop in stops)
        if is_open and not is_stopped and is_working_day(here.date(), closed):
            yield moment
        moment += QUARTER
