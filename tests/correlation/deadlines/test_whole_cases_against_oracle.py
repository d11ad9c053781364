"""Every limit of a case with all that can happen to it, against a walk through its days and hours."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from correlation.deadlines.clocks import Basis, Clock, Clocks, clocks
from correlation.deadlines.facts import CaseFacts, Extension, Limit, Link, Suspension
from correlation.deadlines.work_calendar import Closure, WorkCalendar
from storage.models import ClockName, LimitUnit, StepKind, SuspensionReason
from tests.correlation.deadlines.cases import RULES
from tests.correlation.deadlines.oracle import FIRST_YEAR, LAST_YEAR
from tests.correlation.deadlines.walked import QUARTER, Walked, beginning, limits_of, midnight

DAY = 96
"""Quarters of an hour."""
DAYS = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
LIMITS = st.builds(Limit, st.integers(1, 60)) | st.builds(Limit, st.integers(1, 60), st.just(LimitUnit.HOURS))


@st.composite
def cases(draw: st.DrawFn) -> tuple[CaseFacts, tuple[date, ...]]:
    """With the days on which its place is closed."""
    day = draw(DAYS)

    received = _after(draw, midnight(day), 1)
    accepted = (draw(st.booleans()) and _after(draw, received, 14)) or None
    ended = (draw(st.booleans()) and _after(draw, accepted or received, 100)) or None
    is_decided = draw(st.booleans())
    facts = CaseFacts(
        received_at=received,
        accepted_at=accepted,
        decided_at=ended if is_decided else None,
        closed_at=None if is_decided else ended,
        delivered_at=_after(draw, ended, 90) if ended and is_decided and draw(st.booleans()) else None,
        legal=draw(st.none() | LIMITS),
        promised=draw(LIMITS),
        is_joint=draw(st.booleans()),
        extensions=tuple(
            Extension(_after(draw, received, 60), draw(st.integers(1, 20))) for _ in range(draw(st.integers(0, 2)))
        ),
        suspensions=tuple(_suspension(draw, received) for _ in range(draw(st.integers(0, 4)))),
        links=tuple(_links(draw, received)),
    )
    closed = draw(st.sets(st.integers(0, 80).map(lambda number: day + timedelta(days=number)), max_size=4))
    return facts, tuple(sorted(closed))


def _after(draw: st.DrawFn, moment: datetime, days: int) -> datetime:
    return moment + draw(st.integers(0, days * DAY)) * QUARTER


def _suspension(draw: st.DrawFn, received: datetime) -> Suspension:
    """One in four lasts."""
    start = _after(draw, received - timedelta(days=3), draw(st.sampled_from((10, 63))))
    end = None if draw(st.integers(0, 3)) == 0 else _after(draw, start + QUARTER, 30)
    reason = draw(st.just(SuspensionReason.SUPPLEMENT) | st.sampled_from(SuspensionReason))
    return Suspension(reason, start, end)


def _links(draw: st.DrawFn, received: datetime) -> Iterator[Link]:
    for kind in draw(st.lists(st.sampled_from((StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE)), unique=True)):
        began = _after(draw, received, 30)
        yield Link(kind, draw(LIMITS), began, _after(draw, began, 40) if draw(st.booleans()) else None)


def reckoned(facts: CaseFacts, closed: tuple[date, ...]) -> Clocks:
    return clocks(facts, RULES, WorkCalendar(closures=tuple(Closure(day, "typhoon") for day in closed)))


def _as_walked(clock: Clock) -> Walked:
    return Walked(clock.out.late_from, clock.out.remaining, clock.ended_late)


@given(cases())
@settings(max_examples=120)
def test_every_limit_passes_when_its_days_and_hours_have_been_lived_through(
    case: tuple[CaseFacts, tuple[date, ...]],
) -> None:
    """Legal, promised, of a link and of the delivery, in days and hours; extended, suspended, supplemented, closed."""
    facts, closed = case
    found, began = reckoned(facts, closed), beginning(facts, closed)
    assert (found.start is None) == (began is None)
    if found.start is not None and began is not None:
        assert found.start.moment == began.at
        assert found.start.basis is (Basis.DEEMED if began.deemed_on else Basis.ACCEPTED)
        assert found.start.since == (midnight(began.deemed_on) if began.deemed_on else began.at)
    assert {(clock.name, clock.link): _as_walked(clock) for clock in found.each} == limits_of(facts, closed)


def _is_hours(clock: Clock) -> bool:
    return clock.limit is not None and clock.limit.unit is LimitUnit.HOURS


SEARCH = settings(max_examples=5_000, database=None, derandomize=True, phases=[Phase.generate])
SITUATIONS: dict[str, Callable[[CaseFacts, Clocks], bool]] = {
    "deemed accepted": lambda facts, found: found.start is not None and found.start.basis is Basis.DEEMED,
    "deemed accepted after a supplement": lambda facts, found: (
        found.start is not None and found.start.basis is Basis.DEEMED and found.start.moment != facts.received_at
    ),
    "waits for its applicant": lambda facts, found: found.start is None and not (facts.decided_at or facts.closed_at),
    "over before it had to be accepted": lambda facts, found: found.start is None and facts.closed_at is not None,
    "hours that stand still": lambda facts, found: any(
        _is_hours(clock) and clock.out.late_from is None for clock in found.each
    ),
    "a link that was late in hours": lambda facts, found: any(
        _is_hours(clock) and clock.link and clock.ended_late for clock in found.each
    ),
    "extended as far as may be": lambda facts, found: any(
        clock.limit and facts.legal and facts.is_joint and clock.limit.amount == facts.legal.amount + 15
        for clock in found.each
        if clock.name is ClockName.LEGAL
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_such_cases_are_among_them(situation: str) -> None:
    def is_so(case: tuple[CaseFacts, tuple[date, ...]]) -> bool:
        return SITUATIONS[situation](case[0], reckoned(*case))

    assert is_so(find(cases(), is_so, settings=SEARCH))
