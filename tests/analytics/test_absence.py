from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.absence import FoundAbsence, find_absences
from analytics.rule import Rule, rule_in_force
from analytics.runs import COVERED, Excuse, PresenceSpan
from storage.intervals import Span, intersect, total
from storage.models import MAX_THRESHOLD_S, AbsenceRule, CustomerState, StaffState
from tests.analytics.scenes import START, at

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
WAITING, NOBODY = CustomerState.WAITING, CustomerState.NONE
ALWAYS = [Span(START, START + timedelta(days=2))]
RULE = Rule(timedelta(seconds=300), timedelta(seconds=60))


def history(*parts: tuple[float, StaffState] | tuple[float, StaffState, CustomerState]) -> list[PresenceSpan]:
    """Parts [start in seconds, state, customer]; each ends where the next begins, the last is open."""
    starts = [at(part[0]) for part in parts]
    ends = [*starts[1:], None]
    return [
        PresenceSpan(start, end, part[1], part[2] if len(part) == 3 else NOBODY)
        for part, start, end in zip(parts, starts, ends, strict=True)
    ]


def found(presence: list[PresenceSpan], now: float, openings: list[Span] = ALWAYS) -> list[FoundAbsence]:
    return find_absences(presence, openings, RULE, at(now))


def test_an_absence_begins_when_the_threshold_is_reached_and_not_before() -> None:
    presence = history((0, STAFFED), (100, UNSTAFFED))
    assert found(presence, 399.9) == []
    (absence,) = found(presence, 400)
    assert (absence.start, absence.due, absence.end) == (at(100), at(400), None)


def test_it_ends_when_somebody_returns() -> None:
    (absence,) = found(history((0, UNSTAFFED), (500, STAFFED)), 600)
    assert (absence.end, absence.ended_by) == (at(500), "returned")


def test_somebody_who_returns_in_time_was_not_absent() -> None:
    assert found(history((0, UNSTAFFED), (299, STAFFED), (301, UNSTAFFED)), 590) == []


def test_a_waiting_customer_shortens_the_threshold() -> None:
    presence = history((0, UNSTAFFED), (100, UNSTAFFED, WAITING))
    assert found(presence, 159) == []
    (absence,) = found(presence, 160)
    assert (absence.start, absence.threshold, absence.customer_waiting) == (at(0), timedelta(seconds=60), True)


def test_customers_who_wait_one_after_another_with_pauses_do_not_add_up() -> None:
    waits = history((0, UNSTAFFED, WAITING), (50, UNSTAFFED), (60, UNSTAFFED, WAITING))
    assert found(waits, 115) == []


def test_unknown_ends_an_absence_and_the_count_starts_anew() -> None:
    presence = history((0, UNSTAFFED), (400, UNKNOWN), (410, UNSTAFFED))
    (absence,) = found(presence, 700)
    assert (absence.end, absence.ended_by) == (at(400), "unknown")
    assert [a.start for a in found(presence, 710)] == [at(0), at(410)]


def test_unknown_is_never_an_absence() -> None:
    assert found(history((0, UNKNOWN)), 100_000) == []
    assert found(history((0, UNSTAFFED), (299, UNKNOWN)), 100_000) == []


def covered(start: float, end: float, why: str = COVERED) -> Excuse:
    return Excuse(Span(at(start), at(end)), why)


def test_excused_time_ends_an_absence_and_the_count_starts_anew() -> None:
    presence = history((0, UNSTAFFED))
    (before, after) = find_absences(presence, ALWAYS, RULE, at(1300), [covered(400, 1000)])
    assert (before.start, before.end, before.ended_by) == (at(0), at(400), "covered")
    assert (after.start, after.end, after.ended_by) == (at(1000), None, "")
    assert find_absences(presence, ALWAYS, RULE, at(1299), [covered(200, 1000)]) == []


def test_where_nobody_can_tell_who_covers_it_is_unknown_that_ends_an_absence() -> None:
    presence = history((0, UNSTAFFED))
    (absence,) = find_absences(presence, ALWAYS, RULE, at(500), [covered(400, 1000, "unknown")])
    assert (absence.end, absence.ended_by) == (at(400), "unknown")
    both = [covered(400, 1000, "unknown"), covered(400, 600)]
    assert find_absences(presence, ALWAYS, RULE, at(500), both)[0].ended_by == "covered"


def test_cover_that_is_to_come_does_not_hide_an_absence() -> None:
    (absence,) = find_absences(history((0, UNSTAFFED)), ALWAYS, RULE, at(400), [covered(900, 1000)])
    assert (absence.start, absence.end) == (at(0), None)


def test_only_time_inside_the_opening_hours_counts() -> None:
    openings = [Span(at(1000), at(2000))]
    presence = history((0, UNSTAFFED))
    assert found(presence, 1299, openings) == []
    (absence,) = found(presence, 1300, openings)
    assert absence.start == at(1000)
    (over,) = found(presence, 5000, openings)
    assert (over.end, over.ended_by) == (at(2000), "closed")


def test_lunch_interrupts_an_absence_and_the_threshold_starts_anew_after_it() -> None:
    openings = [Span(at(0), at(1000)), Span(at(2000), at(3000))]
    assert [a.start for a in found(history((0, UNSTAFFED)), 2299, openings)] == [at(0)]
    assert [a.start for a in found(history((0, UNSTAFFED)), 2300, openings)] == [at(0), at(2000)]


def test_returning_after_closing_time_is_ended_by_closing() -> None:
    (absence,) = found(history((0, UNSTAFFED), (2000, STAFFED)), 3000, [Span(at(0), at(1000))])
    assert (absence.end, absence.ended_by) == (at(1000), "closed")


@pytest.mark.parametrize(("threshold", "waiting"), [(0, 0), (-5, 60), (300, 0), (60, 300), (MAX_THRESHOLD_S + 1, 60)])
def test_absurd_thresholds_are_rejected(threshold: int, waiting: int) -> None:
    with pytest.raises(ValueError, match="absence rule"):
        Rule(timedelta(seconds=threshold), timedelta(seconds=waiting))


def test_the_most_specific_rule_in_force_wins() -> None:
    def rule(threshold: int, hall: str | None, counter: str | None, start: float = 0) -> AbsenceRule:
        return AbsenceRule(
            hall_id=hall, counter_id=counter, threshold_s=threshold, waiting_threshold_s=10, valid_from=at(start)
        )

    rules = [rule(900, None, None), rule(600, "cc", None), rule(120, "cc", "cc-1"), rule(5, "cc", "cc-1", start=99)]
    assert rule_in_force([], "cc", "cc-1", START) == Rule()
    assert rule_in_force(rules, "cc", "cc-1", at(1)).threshold == timedelta(seconds=120)
    assert rule_in_force(rules, "cc", "cc-2", at(1)).threshold == timedelta(seconds=600)
    assert rule_in_force(rules, "other", "x", at(1)).threshold == timedelta(seconds=900)
    assert rule_in_force(rules, "cc", "cc-1", at(100)).waiting == timedelta(seconds=5)


states = st.tuples(st.integers(1, 400), st.sampled_from(StaffState), st.sampled_from(CustomerState))


excused = st.lists(
    st.builds(
        lambda start, length, why: covered(start, start + length, why),
        st.integers(0, 4000),
        st.integers(0, 900),
        st.sampled_from([COVERED, "unknown"]),
    ),
    max_size=4,
)


@given(st.lists(states, min_size=1, max_size=20), st.integers(0, 3000), st.integers(1, 3000), excused)
def test_every_absence_rests_on_a_full_threshold_of_unstaffed_open_time_that_nobody_covered(
    parts: list[tuple[int, StaffState, CustomerState]], opens: int, length: int, excuses: list[Excuse]
) -> None:
    presence, clock = [], 0
    for seconds, staff, customer in parts:
        presence.append(PresenceSpan(at(clock), at(clock + seconds), staff, customer))
        clock += seconds
    openings = [Span(at(opens), at(opens + length))]
    unstaffed = [Span(p.start, p.end) for p in presence if p.staff is UNSTAFFED and p.end]
    for absence in find_absences(presence, openings, RULE, at(clock), excuses):
        whole = Span(absence.start, absence.end or at(clock))
        assert total(intersect(intersect([whole], unstaffed), openings)) == whole.duration
        assert intersect([whole], [excuse.span for excuse in excuses]) == []
        assert whole.duration >= absence.threshold
        assert absence.due <= whole.end
        assert absence.customer_waiting or absence.threshold == RULE.threshold


@given(st.lists(states, min_size=1, max_size=12), st.integers(0, 4000))
def test_what_was_found_earlier_stays_found(parts: list[tuple[int, StaffState, CustomerState]], now: int) -> None:
    presence, clock = [], 0
    for seconds, staff, customer in parts:
        presence.append(PresenceSpan(at(clock), at(clock + seconds), staff, customer))
        clock += seconds
    known = [span for span in presence if span.start <= at(now)]
    early = {absence.start for absence in found(known, now)}
    assert early <= {absence.start for absence in found(presence, clock + now)}
