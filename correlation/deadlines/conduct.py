"""How a case was handled, and since when that is carded: links, fees, refusals, pauses, late entries. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from correlation.deadlines.clocks import Clock, Clocks, clocks, suspended
from correlation.deadlines.counting import counted, nth_day
from correlation.deadlines.facts import CaseFacts, Suspension
from correlation.deadlines.observing import Corrected, Observation, Telling
from correlation.deadlines.rules import CardRules, Law, Rules
from correlation.deadlines.work_calendar import WorkCalendar
from storage.models import CardCause, CardKind, ClockName, LimitUnit, StepKind, SuspensionReason

_MOMENT = timedelta(microseconds=1)


class Evidence(StrEnum):
    """What a card of conduct rests on."""

    LATER_LINK = "later_link"
    HAPPENED = "happened"
    KNOWN = "known"
    CHARGED = "charged"
    LISTED = "listed"
    REASON = "reason"
    LIMIT = "limit"  # which one
    LAST_MOMENT = "last_moment"  # in time, without the pause
    HEARD_BEFORE = "heard_before"  # the push before it came
    ENTERED = "entered"  # by the platform's own word
    CASES = "cases"  # how many at once
    WORKING_DAYS = "working_days"  # between what was entered and its entry
    RECORD = "record"  # what was entered, where it was no step
    SAID_BEFORE = "said_before"  # when the same had happened by the word before
    LACKING = "lacking"  # what is missing of which record


@dataclass(frozen=True, slots=True)
class Breach:
    cause: CardCause
    about: str
    at: datetime
    """When it happened."""
    since: datetime
    """From then on it is carded."""
    link: StepKind | None
    evidence: tuple[tuple[Evidence, str | datetime | int], ...]
    kind: CardKind = CardKind.YELLOW


def breaches(facts: CaseFacts, now: Clocks, rules: Rules, calendar: WorkCalendar) -> tuple[Breach, ...]:
    """Those that the facts show, whether their time has come or not. Most cases show none."""
    if now.cards is None or not (facts.observed or facts.suspensions):
        return ()
    found = [breach for seen in facts.observed for breach in _of(seen, now.cards, now.law, calendar)]
    for pause in suspended(facts, now.law, now.start):
        if _may_be_near(pause, facts, now, now.cards.conduct.pause_days, calendar):
            found += _of_pause(pause, facts, now.cards, rules, calendar)
    return tuple(found)


def _of(seen: Observation, rules: CardRules, law: Law, calendar: WorkCalendar) -> Iterator[Breach]:
    if seen.cause is CardCause.BACK_DATED:
        yield from _of_entry(seen, rules, calendar)
        return
    if seen.cause is CardCause.DATA_MISSING:
        yield from _of_lack(seen, rules, law, calendar)
        return
    since = _after(seen.known_at, rules.conduct.grace_days, calendar)
    if since is not None:
        yield Breach(seen.cause, seen.about, seen.at, since, seen.link, tuple(_evidence(seen)))


def _of_lack(seen: Observation, rules: CardRules, law: Law, calendar: WorkCalendar) -> Iterator[Breach]:
    """As far as the rules of the case require it. What was granted may be handed over within its own time."""
    what, item, source = seen.names
    required = rules.wanting(what, item, source)
    days = rules.conduct.grace_days + (law.deliver_days if what == Telling.DELIVERY else 0)
    since = _after(seen.known_at, days, calendar)
    if required is not None and since is not None:
        yield Breach(seen.cause, seen.about, seen.at, since, seen.link, tuple(_evidence(seen)), required.kind)


def _evidence(seen: Observation) -> Iterator[tuple[Evidence, str | datetime | int]]:
    yield Evidence.HAPPENED, seen.at
    yield Evidence.KNOWN, seen.known_at
    if seen.cause in (CardCause.LINK_SKIPPED, CardCause.LINK_REORDERED):
        yield Evidence.LATER_LINK, seen.names[0]
    if seen.cause is CardCause.FEE_UNLISTED:
        charged, *listed = seen.names
        yield Evidence.CHARGED, charged
        yield Evidence.LISTED, ", ".join(listed)
    if seen.cause is CardCause.DATA_MISSING:
        yield Evidence.LACKING, seen.names[0]


def _of_entry(seen: Observation, rules: CardRules, calendar: WorkCalendar) -> Iterator[Breach]:
    """Alone it is back-dated; with many cases of the same operator it was entered in a batch."""
    assert seen.entered is not None
    entered_by = seen.entered.by or seen.known_at
    days = _days_between(seen.at, entered_by, calendar)
    if days <= rules.conduct.back_dated_days:
        return
    late = [at for at in seen.entered.beside if _days_between(at, entered_by, calendar) > rules.conduct.back_dated_days]
    is_batch = len(late) + 1 >= rules.conduct.batch_cases
    cause = CardCause.ENTERED_IN_BATCH if is_batch else CardCause.BACK_DATED
    before = seen.entered.heard_before
    evidence: list[tuple[Evidence, str | datetime | int]] = [
        *((Evidence.RECORD, kind) for kind in seen.names),
        (Evidence.HAPPENED, seen.corrected.after if seen.corrected else seen.at),
        *_of_correction(seen.corrected),
        (Evidence.ENTERED, entered_by) if before is None else (Evidence.HEARD_BEFORE, before),
        (Evidence.KNOWN, seen.known_at),
        (Evidence.WORKING_DAYS, days),
    ]
    if is_batch:
        evidence.append((Evidence.CASES, len(late) + 1))
    yield Breach(cause, seen.about, seen.known_at, seen.known_at, seen.link, tuple(evidence))


def _of_correction(corrected: Corrected | None) -> Iterator[tuple[Evidence, datetime]]:
    if corrected is not None and corrected.before is not None:
        yield Evidence.SAID_BEFORE, corrected.before


def _of_pause(
    pause: Suspension, facts: CaseFacts, rules: CardRules, all_rules: Rules, calendar: WorkCalendar
) -> Iterator[Breach]:
    """By the limits as they were when it began: without it, and without what was approved later."""
    before = replace(
        facts,
        decided_at=None,
        closed_at=None,
        suspensions=tuple(s for s in facts.suspensions if s.start < pause.start),
        extensions=tuple(e for e in facts.extensions if e.approved_at <= pause.start),
    )
    then = clocks(before, all_rules, calendar)
    near = [clock for name in (ClockName.PROMISED, ClockName.LEGAL) if (clock := then.named(name))]
    for clock in near:
        if clock.limit is not None and _is_at_limit(pause, clock, rules.conduct.pause_days, calendar):
            last_at = clock.out.late_from
            assert last_at is not None
            evidence = (
                (Evidence.HAPPENED, pause.start),
                (Evidence.LIMIT, clock.name.value),
                (Evidence.LAST_MOMENT, last_at),
                (Evidence.REASON, pause.reason.value),
            )
            about = f"pause:{pause.start.isoformat()}"
            yield Breach(CardCause.PAUSED_AT_LIMIT, about, pause.start, pause.start, None, evidence)
            return


def _may_be_near(pause: Suspension, facts: CaseFacts, now: Clocks, days: int, calendar: WorkCalendar) -> bool:
    """Most pauses begin long before any limit; what else stopped or extended it only moves it further away."""
    limits = [limit for limit in (facts.promised, facts.legal) if limit is not None]
    if now.start is None or pause.reason is SuspensionReason.SUPPLEMENT:
        return True
    if any(limit.unit is LimitUnit.HOURS for limit in limits):
        return True
    nearest = min((limit.amount for limit in limits), default=now.law.decide_days)
    return nearest - _days_between(now.start.moment, pause.start, calendar) <= days


def _is_at_limit(pause: Suspension, clock: Clock, days: int, calendar: WorkCalendar) -> bool:
    """On the last day in time or so many working days before; what has passed already gains nothing by a pause."""
    late_from = clock.out.late_from
    if late_from is None or clock.out.provisional or not clock.start.since <= pause.start < late_from:
        return False
    return _days_between(pause.start, late_from - _MOMENT, calendar) <= days


def _days_between(first: datetime, last: datetime, calendar: WorkCalendar) -> int:
    """Working days after the day of the one, up to and including that of the other."""
    start, end = calendar.day_of(first), calendar.day_of(last)
    return counted(calendar, start, end, ()) if end > start else 0


def _after(moment: datetime, days: int, calendar: WorkCalendar) -> datetime | None:
    """None where the days reach into a year whose holidays nobody knows yet: the moment may still move."""
    first = calendar.day_of(moment)
    last = nth_day(calendar, first, days, ())
    return None if last is None or calendar.is_provisional(first, last) else calendar.midnight(last + 1)
