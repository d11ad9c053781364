"""What else is found at a counter, by its rule, in the same presence as absences."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.absence import SOUGHT, FoundAbsence, find_all, find_events
from analytics.rule import MoreThan, Rule
from analytics.runs import COVERED, Excuse, PresenceSpan
from storage.intervals import Span, intersect, total
from storage.models import ABSENCES, ACCUSING, MAX_REQUIRED, CustomerState, EventKind, StaffState
from tests.analytics.scenes import START, at

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
MINUTE = timedelta(seconds=60)
ALWAYS = [Span(START - timedelta(days=1), START + timedelta(days=2))]
RULE = Rule(
    5 * MINUTE,
    MINUTE,
    required=2,
    unattended=2 * MINUTE,
    never_staffed=3 * MINUTE,
    left_early=4 * MINUTE,
    queue=MoreThan(3, MINUTE),
    crowd=MoreThan(4, 2 * MINUTE),
)
Part = tuple[float, int | None, int | None]
"""When it begins, staff, customers; None: unknown."""


def a_span(start: datetime, end: datetime | None, staff: int | None, customers: int | None) -> PresenceSpan:
    state = UNKNOWN if staff is None else STAFFED if staff else UNSTAFFED
    waiting = CustomerState.UNKNOWN if customers is None else CustomerState.WAITING if customers else CustomerState.NONE
    return PresenceSpan(start, end, state, waiting, staff_count=staff, staff_most=staff, customer_count=customers)


def history(*parts: Part) -> list[PresenceSpan]:
    """Each ends where the next begins, the last is open."""
    ends = [*(at(start) for start, *_ in parts[1:]), None]
    return [a_span(at(part[0]), end, part[1], part[2]) for part, end in zip(parts, ends, strict=True)]


def found(
    kind: EventKind,
    presence: Sequence[PresenceSpan],
    now: float,
    openings: Sequence[Span] = ALWAYS,
    excuses: Sequence[Excuse] = (),
) -> list[FoundAbsence]:
    return find_events(kind, presence, openings, RULE, at(now), excuses)


def times(events: Sequence[FoundAbsence]) -> list[tuple[float, float | None, str]]:
    return [
        ((e.start - START).total_seconds(), (e.end - START).total_seconds() if e.end else None, e.ended_by)
        for e in events
    ]


OPEN = [Span(at(1000), at(5000))]


def test_fewer_than_are_required_are_an_absence_that_tells_how_many_there_were() -> None:
    presence = history((0, 2, 0), (100, 1, 0), (200, 0, 0), (300, 1, 0))
    assert found(EventKind.ABSENCE, presence, 399) == []
    (event,) = found(EventKind.ABSENCE, presence, 400)
    assert (event.kind, event.people_rule, event.people_seen, event.due) == (EventKind.TOO_FEW, 2, 0, at(400))
    assert times(found(EventKind.ABSENCE, [*presence[:-1], *history((300, 1, 0), (500, 3, 0))], 600)) == [
        (100, 500, "enough")
    ]


def test_where_one_is_enough_numbers_mean_nothing() -> None:
    presence = history((0, 1, 0), (100, None, 0), (101, 1, 0))
    presence[1] = replace(presence[1], staff=STAFFED)
    assert find_events(EventKind.ABSENCE, presence, ALWAYS, Rule(), at(9000)) == []


def test_a_number_that_nobody_knows_is_never_too_few() -> None:
    presence = history((0, 1, 0), (200, None, 0), (250, 1, 0))
    presence[1] = replace(presence[1], staff=STAFFED)
    assert found(EventKind.ABSENCE, presence, 549) == []
    assert times(found(EventKind.ABSENCE, presence, 550)) == [(250, None, "")]


def test_a_customer_waits_unattended_until_staff_comes_or_the_customer_goes() -> None:
    presence = history((0, 0, 0), (50, 0, 1), (150, 0, 2))
    assert found(EventKind.UNATTENDED, presence, 169) == []
    assert times(found(EventKind.UNATTENDED, presence, 170)) == [(50, None, "")]
    assert times(found(EventKind.UNATTENDED, [*presence[:-1], *history((150, 0, 2), (200, 1, 2))], 300)) == [
        (50, 200, "returned")
    ]
    assert times(found(EventKind.UNATTENDED, [*presence[:-1], *history((150, 0, 2), (200, 0, 0))], 300)) == [
        (50, 200, "gone")
    ]


@pytest.mark.parametrize("unknown", [(100, None, 1), (100, 0, None)])
def test_whoever_may_be_attended_or_gone_does_not_wait_unattended(unknown: Part) -> None:
    assert found(EventKind.UNATTENDED, history((0, 0, 1), unknown, (101, 0, 1)), 220) == []


def test_a_queue_is_longer_than_the_rule_allows_whoever_is_there() -> None:
    presence = history((0, 1, 3), (10, 1, 4), (50, 0, 6), (90, None, 5))
    assert found(EventKind.QUEUE, presence, 69) == []
    (event,) = found(EventKind.QUEUE, presence, 70)
    assert (event.start, event.people_rule, event.people_seen) == (at(10), 3, 6)
    assert found(EventKind.QUEUE, history((0, 1, 3)), 9000) == []


def test_a_crowd_in_the_staff_zone_lasts_while_there_are_too_many() -> None:
    presence = history((0, 4, 0), (10, 5, 0), (131, 4, 0))
    (event,) = found(EventKind.CROWD, presence, 200)
    assert (event.start, event.end, event.ended_by, event.people_seen) == (at(10), at(131), "fewer", 5)
    assert found(EventKind.CROWD, history((0, 5, 0), (119, 4, 0)), 200) == []


def test_cover_and_leave_excuse_nobody_from_a_queue() -> None:
    covered = [Excuse(Span(at(0), at(9000)), COVERED)]
    presence = history((0, 0, 5))
    assert times(found(EventKind.QUEUE, presence, 500, excuses=covered)) == [(0, None, "")]
    assert {k for k in SOUGHT if found(k, presence, 500, excuses=covered)} == {EventKind.QUEUE}


def test_nobody_has_come_since_the_hall_opened() -> None:
    presence = history((0, 0, 0))
    assert found(EventKind.NEVER_STAFFED, presence, 1179, OPEN) == []
    assert times(found(EventKind.NEVER_STAFFED, presence, 1180, OPEN)) == [(1000, None, "")]
    assert found(EventKind.NEVER_STAFFED, history((0, 1, 0), (1001, 0, 0)), 4000, OPEN) == []


@pytest.mark.parametrize("first", [(0, None, 0), (1050, None, 0), (1050, 1, 0)])
def test_who_may_have_been_there_when_the_hall_opened_is_not_said_to_have_stayed_away(first: Part) -> None:
    parts = [(0.0, 0, 0), first] if first[0] else [first]
    presence = history(*parts, (1100, 0, 0))
    assert found(EventKind.NEVER_STAFFED, presence, 4000, OPEN) == []


def test_whoever_leaves_before_closing_and_does_not_come_back_has_left_early() -> None:
    presence = history((0, 1, 0), (4700, 0, 0))
    assert found(EventKind.LEFT_EARLY, presence, 4999, OPEN) == [], "who knows whether somebody comes back"
    (event,) = found(EventKind.LEFT_EARLY, presence, 5000, OPEN)
    assert (event.start, event.end, event.due, event.ended_by) == (at(4700), at(5000), at(5000), "closed")
    assert found(EventKind.LEFT_EARLY, history((0, 1, 0), (4800, 0, 0)), 6000, OPEN) == []
    assert found(EventKind.LEFT_EARLY, history((0, 1, 0), (4700, 0, 0), (4999, 1, 0)), 6000, OPEN) == []


@pytest.mark.parametrize("first", [(0, 0, 0), (0, None, 0)])
def test_a_counter_that_was_not_seen_staffed_was_not_left(first: Part) -> None:
    assert found(EventKind.LEFT_EARLY, history(first, (4700, 0, 0)), 6000, OPEN) == []


def test_where_it_is_dark_before_closing_nobody_has_left_early() -> None:
    assert found(EventKind.LEFT_EARLY, history((0, 1, 0), (4000, 0, 0), (4999, None, 0)), 6000, OPEN) == []


def test_leave_until_closing_is_no_early_leaving() -> None:
    leave = [Excuse(Span(at(4600), at(5000)), COVERED)]
    assert found(EventKind.LEFT_EARLY, history((0, 1, 0), (4600, 0, 0)), 6000, OPEN, leave) == []


def test_lunch_is_closed_for_every_rule() -> None:
    lunch = [Span(at(0), at(1000)), Span(at(2000), at(3000))]
    presence = history((0, 2, 0), (990, 0, 5), (1950, 5, 5), (2010, 2, 0))
    assert find_all(presence, lunch, RULE, at(2050)) == []


def test_without_their_numbers_in_the_rule_only_absences_are_found() -> None:
    kinds = {event.kind for event in find_all(history((0, 0, 9)), ALWAYS, Rule(), at(9000))}
    assert kinds == {EventKind.ABSENCE}


@pytest.mark.parametrize(
    "wrong",
    [
        {"required": 0},
        {"required": MAX_REQUIRED + 1},
        {"unattended": timedelta(0)},
        {"queue": MoreThan(0, MINUTE)},
        {"crowd": MoreThan(3, timedelta(days=1))},
    ],
)
def test_rules_that_make_no_sense_are_rejected(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="absence rule"):
        Rule(**wrong)  # type: ignore[arg-type]


numbers = st.sampled_from([None, 0, 1, 2, 4, 6])
seen = st.lists(st.tuples(st.integers(1, 400), numbers, numbers), min_size=1, max_size=14)
HOLDS: dict[EventKind, Callable[[PresenceSpan], bool]] = {
    EventKind.TOO_FEW: lambda p: p.staff_most is not None and p.staff_most < 2,
    EventKind.UNATTENDED: lambda p: p.staff is UNSTAFFED and p.customer is CustomerState.WAITING,
    EventKind.QUEUE: lambda p: (p.customer_count or 0) > 3,
    EventKind.CROWD: lambda p: (p.staff_count or 0) > 4,
    EventKind.NEVER_STAFFED: lambda p: p.staff is UNSTAFFED,
    EventKind.LEFT_EARLY: lambda p: p.staff is UNSTAFFED,
}


def laid_out(parts: Sequence[tuple[int, int | None, int | None]]) -> tuple[list[PresenceSpan], int]:
    presence, clock = [], 0
    for seconds, staff, customers in parts:
        presence.append(a_span(at(clock), at(clock + seconds), staff, customers))
        clock += seconds
    return presence, clock


@settings(max_examples=150, deadline=None)
@given(seen, st.integers(0, 1500), st.integers(1, 2500), st.integers(0, 3000), st.integers(0, 600))
def test_every_event_rests_on_its_full_time_of_what_was_seen_while_the_hall_was_open(
    parts: list[tuple[int, int | None, int | None]], opens: int, length: int, covered_from: int, covered: int
) -> None:
    presence, clock = laid_out(parts)
    openings = [Span(at(opens), at(opens + length))]
    excuse = Excuse(Span(at(covered_from), at(covered_from + covered)), COVERED)
    for event in find_all(presence, openings, RULE, at(clock), [excuse]):
        whole = Span(event.start, event.end or at(clock))
        holds = [Span(p.start, p.end) for p in presence if p.end and HOLDS[event.kind](p)]
        assert total(intersect(intersect([whole], holds), openings)) == whole.duration
        assert whole.duration >= event.threshold
        assert event.due <= whole.end
        assert event.kind not in ACCUSING or not intersect([whole], [excuse.span])
        assert (event.people_seen is None) == (event.kind not in {*ABSENCES, EventKind.QUEUE, EventKind.CROWD})


@settings(max_examples=60, deadline=None)
@given(seen, st.integers(0, 3000))
def test_what_was_found_earlier_stays_found(parts: list[tuple[int, int | None, int | None]], now: int) -> None:
    presence, clock = laid_out(parts)
    openings = [Span(at(100), at(2000))]
    known = [span for span in presence if span.start <= at(now)]
    early = {(event.kind, event.start) for event in find_all(known, openings, RULE, at(now))}
    assert early <= {(event.kind, event.start) for event in find_all(presence, openings, RULE, at(clock + now))}
