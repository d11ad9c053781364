"""The clocks of a case: when each began, when it runs out, and when it came to its end. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from correlation.deadlines.counting import FOREVER, Ahead, Pause, RunOut, days_run_out, hours_run_out, merged
from correlation.deadlines.facts import CaseFacts, Limit, Suspension
from correlation.deadlines.rules import CardRules, Law, Rules
from correlation.deadlines.work_calendar import LAST, WorkCalendar
from storage.intervals import Span
from storage.models import ClockName, LimitUnit, StepKind, SuspensionReason

_MOMENT = timedelta(microseconds=1)
_new = tuple.__new__
"""A named tuple from its fields in their order, past the function that takes them by name: half of what one costs."""


class Basis(StrEnum):
    """Since what the clock runs."""

    ACCEPTED = "accepted"
    DEEMED = "deemed"  # nothing was told within the days for it: accepted on the day it was received
    DECIDED = "decided"
    LINK = "link"  # the link before was done
    REPORTED = "reported"  # the platform reckons the limit itself


class Start(NamedTuple):
    basis: Basis
    moment: datetime
    day: int
    since: datetime
    """When it became so: a case is deemed accepted days after the day that then counts."""


class Clock(NamedTuple):
    """One of the limits of a case. A tuple, because a million of them are made at once."""

    name: ClockName
    start: Start
    limit: Limit | None
    """With extensions. None where the platform reckons the limit itself."""
    out: RunOut
    ended_at: datetime | None
    link: StepKind | None = None

    @property
    def ended_late(self) -> bool:
        """For certain: a date that may still move makes nobody late."""
        late_from = self.out.late_from
        if self.ended_at is None or late_from is None or self.out.provisional:
            return False
        return self.ended_at >= late_from


class Clocks(NamedTuple):
    start: Start | None
    """Of the limits that count from acceptance; None where the case waits for its applicant, or ended before."""
    law: Law
    cards: CardRules | None
    each: tuple[Clock, ...]

    def named(self, name: ClockName) -> Clock | None:
        for clock in self.each:
            if clock.name is name:
                return clock
        return None

    @property
    def limits(self) -> tuple[Clock | None, Clock | None]:
        """The legal one and the promised one."""
        legal = promised = None
        for clock in self.each:
            if clock.name is ClockName.LEGAL:
                legal = clock
            elif clock.name is ClockName.PROMISED:
                promised = clock
        return legal, promised


def clocks(facts: CaseFacts, rules: Rules, calendar: WorkCalendar) -> Clocks:
    """By the rules that were in force on the day the case was received; raises ValueError for a case without a date."""
    first = facts.received_at or facts.accepted_at
    if first is None:
        raise ValueError("a case was received or accepted at some time")
    law, cards = rules.of(calendar.day_of(first))
    if facts.is_emptied:
        return _new(Clocks, (None, law, cards, ()))
    start = clock_start(facts, law, calendar)
    stops = suspended(facts, law, start) if facts.suspensions else ()
    pauses = _pauses(stops, calendar) if stops else ()
    counting = _new(_Counting, (facts, law, _ahead(cards), calendar, pauses, stops))
    each = counting.from_acceptance(start) if start is not None else ()
    if facts.decided_at is not None or facts.links or facts.promised is None:
        each = (*each, *counting.others(first))
    return _new(Clocks, (start, law, cards, each))


def clock_start(facts: CaseFacts, law: Law, calendar: WorkCalendar) -> Start | None:
    """The acceptance, or the receipt that has to be answered in time lest it counts as one."""
    accepted, received = facts.accepted_at, facts.received_at
    if received is None:
        return _accepted(accepted, calendar) if accepted else None
    for supplement in _supplements(facts) if facts.suspensions else ():
        if accepted is not None and accepted <= supplement.start:
            break
        if not received <= supplement.start < _tell_by(received, law, calendar):
            continue
        end = supplement.end or accepted
        if end is None:
            return None
        received = end
    if accepted is not None and accepted - received < law.told_in_time:
        return _accepted(accepted, calendar)  # so many days are never more than as many working days
    tell_by = _tell_by(received, law, calendar)
    if accepted is not None and accepted < tell_by:
        return _accepted(accepted, calendar)
    ended = facts.decided_at or facts.closed_at
    if ended is not None and ended < tell_by:
        return None
    return Start(Basis.DEEMED, received, calendar.day_of(received), tell_by)


def _accepted(moment: datetime, calendar: WorkCalendar) -> Start:
    return _new(Start, (Basis.ACCEPTED, moment, calendar.day_of(moment), moment))


def _supplements(facts: CaseFacts) -> list[Suspension]:
    found = [suspension for suspension in facts.suspensions if suspension.reason is SuspensionReason.SUPPLEMENT]
    return sorted(found, key=lambda supplement: supplement.start) if len(found) > 1 else found


def _tell_by(received: datetime, law: Law, calendar: WorkCalendar) -> datetime:
    """The first moment after the working days within which everything missing has to be told."""
    return calendar.midnight(calendar.nth(calendar.upto(calendar.day_of(received)) + law.tell_days) + 1)


def suspended(facts: CaseFacts, law: Law, start: Start | None) -> tuple[Suspension, ...]:
    """Those that stop a clock; other reasons than the law's do not.

    Nor does a supplement once the case is deemed accepted: what is missing had to be told within the days for it.
    """
    found = [stop for stop in facts.suspensions if stop.reason in law.suspends]
    if start is not None and start.basis is Basis.DEEMED:
        found = [stop for stop in found if stop.reason is not SuspensionReason.SUPPLEMENT]
    return tuple(found)


def _pauses(stops: Sequence[Suspension], calendar: WorkCalendar) -> tuple[Pause, ...]:
    """A day on which a suspension is in force for any part of it is not counted."""
    return merged([_new(Pause, days_of(stop, calendar)) for stop in stops])


def days_of(suspension: Suspension, calendar: WorkCalendar) -> tuple[int, int]:
    """The first and the last day of which some part is suspended; LAST while it goes on."""
    first = calendar.day_of(suspension.start)
    if suspension.end is None:
        return first, LAST
    last = calendar.day_of(suspension.end - _MOMENT)
    return first, last if last > first else first


def _spans(stops: Sequence[Suspension]) -> tuple[Span, ...]:
    """For limits in hours: to the minute."""
    return tuple(Span(s.start, s.end or FOREVER) for s in stops)


class _Counting(NamedTuple):
    facts: CaseFacts
    law: Law
    ahead: Ahead
    calendar: WorkCalendar
    pauses: tuple[Pause, ...]
    stops: tuple[Suspension, ...]

    def from_acceptance(self, start: Start) -> tuple[Clock, ...]:
        facts = self.facts
        legal, promised = facts.legal, facts.promised
        if legal is None and facts.is_item_known:
            legal = Limit(self.law.joint_days if facts.is_joint else self.law.decide_days)
        if facts.extensions:
            legal = _longer(legal, self._extension(start, legal))
            promised = _longer(promised, self._extension(start, promised))
        ended = facts.decided_at or facts.closed_at
        clocks: tuple[Clock, ...] = ()
        if legal is not None:
            clocks = (_new(Clock, (ClockName.LEGAL, start, legal, self._run_out(start, legal), ended, None)),)
        if promised is not None:
            out = self._run_out(start, promised)
            clocks += (_new(Clock, (ClockName.PROMISED, start, promised, out, ended, None)),)
        return clocks

    def others(self, first: datetime) -> Iterator[Clock]:
        """Those that count from something else."""
        facts = self.facts
        if facts.promised is None and facts.reported_due is not None:
            yield self._reported(first, facts.reported_due)
        if facts.decided_at is not None:
            decided = self._start(Basis.DECIDED, facts.decided_at)
            yield self._clock(ClockName.DELIVERY, decided, Limit(self.law.deliver_days), facts.delivered_at)
        for link in facts.links:
            began = self._start(Basis.LINK, link.began_at)
            yield self._clock(ClockName.LINK, began, link.limit, link.ended_at, link.kind)

    def _start(self, basis: Basis, moment: datetime) -> Start:
        return Start(basis, moment, self.calendar.day_of(moment), moment)

    def _extension(self, start: Start, limit: Limit | None) -> int:
        """Days, no more than the law allows; what was approved after the limit had passed extends nothing."""
        if limit is None:
            return 0
        late_from = self._run_out(start, limit).late_from
        days = sum(e.days for e in self.facts.extensions if late_from is None or e.approved_at < late_from)
        return min(days, self.law.joint_extension_days if self.facts.is_joint else self.law.extension_days)

    def _reported(self, first: datetime, due: datetime) -> Clock:
        """Measured by the platform's own end of the case, as the platform does."""
        calendar = self.calendar
        before = calendar.upto(calendar.day_of(due) - 1)
        remind = calendar.at(calendar.nth(before + 1 - self.ahead.days), self.ahead.at)
        out = RunOut(due + _MOMENT, max(first, remind))
        return Clock(ClockName.PROMISED, self._start(Basis.REPORTED, first), None, out, self.facts.closed_at)

    def _clock(
        self, name: ClockName, start: Start, limit: Limit, ended: datetime | None, link: StepKind | None = None
    ) -> Clock:
        return _new(Clock, (name, start, limit, self._run_out(start, limit), ended, link))

    def _run_out(self, start: Start, limit: Limit) -> RunOut:
        if limit.unit is LimitUnit.HOURS:
            out = hours_run_out(self.calendar, start.moment, limit.amount, self.ahead, _spans(self.stops))
        else:
            out = days_run_out(self.calendar, start.day, limit.amount, self.ahead, self.pauses)
        if start.basis is Basis.DEEMED and self.calendar.is_provisional(start.day, self.calendar.day_of(start.since)):
            # Whether it is deemed accepted by then may still change, though the limit itself may not.
            return out._replace(provisional=True)
        return out


_USUALLY_AHEAD = Ahead()


def _ahead(cards: CardRules | None) -> Ahead:
    return cards.ahead if cards else _USUALLY_AHEAD


def _longer(limit: Limit | None, days: int) -> Limit | None:
    return Limit(limit.amount + days) if limit and days and limit.unit is LimitUnit.DAYS else limit
