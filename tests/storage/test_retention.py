"""How long footage is kept: the most specific rule of a kind, the longest of all that applies."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.models import DEFAULT_DAYS, FootageKind, RetentionRule
from storage.retention import BUILT_IN, GRACE, Rules, Shown

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
HALL, COUNTER, OTHER = "cc", "cc-1", "cc-2"
_ids = count(1)


def rule(
    days: int,
    *,
    hall: str | None = None,
    counter: str | None = None,
    kind: FootageKind = FootageKind.PLAIN,
    since: datetime = LONG_AGO,
    until: datetime | None = None,
) -> RetentionRule:
    return RetentionRule(
        id=next(_ids), hall_id=hall, counter_id=counter, kind=kind, days=days, valid_from=since, valid_to=until
    )


def days(rules: list[RetentionRule], *shown: Shown) -> int:
    return Rules(rules).keeping(HALL, shown, NOW).days


def test_without_a_rule_it_is_a_month() -> None:
    assert Rules([]).keeping(HALL, [Shown(COUNTER, has_event=True)], NOW) == BUILT_IN
    assert BUILT_IN.days == DEFAULT_DAYS == 30


def test_the_rule_of_a_counter_goes_before_its_halls_and_that_before_the_one_for_all() -> None:
    rules = [rule(10), rule(20, hall=HALL), rule(5, counter=COUNTER), rule(90, hall="nh")]
    assert days(rules, Shown(COUNTER)) == 5
    assert days(rules, Shown(OTHER)) == 20
    assert days(rules, Shown(None)) == 20
    assert days(rules[:1], Shown(OTHER)) == 10


def test_of_several_counters_the_longest_keeping_wins() -> None:
    rules = [rule(60, counter=COUNTER), rule(7, counter=OTHER)]
    assert days(rules, Shown(COUNTER), Shown(OTHER)) == 60


def test_footage_with_an_event_is_plain_footage_too() -> None:
    rules = [rule(90, kind=FootageKind.EVENT), rule(10, counter=COUNTER)]
    assert days(rules, Shown(COUNTER, has_event=True)) == 90
    assert days(rules, Shown(COUNTER)) == 10
    assert days([rule(5, kind=FootageKind.EVENT)], Shown(COUNTER, has_event=True)) == 30


def test_an_event_counts_at_its_counter() -> None:
    rules = [rule(365, counter=OTHER, kind=FootageKind.EVENT)]
    assert days(rules, Shown(COUNTER, has_event=True), Shown(OTHER)) == 30
    assert days(rules, Shown(COUNTER), Shown(OTHER, has_event=True)) == 365


def test_what_decided_is_told() -> None:
    long = rule(365, hall=HALL, kind=FootageKind.EVENT)
    long.version = 3
    keeping = Rules([long]).keeping(HALL, [Shown(COUNTER, has_event=True)], NOW)
    assert (keeping.days, keeping.kind, keeping.rule_id, keeping.version) == (365, FootageKind.EVENT, long.id, 3)


@pytest.mark.parametrize(("age_days", "goes"), [(30, True), (29.999, False)])
def test_footage_goes_when_its_time_is_over(age_days: float, goes: bool) -> None:
    found = Rules([]).due(HALL, [Shown(COUNTER)], NOW - timedelta(days=age_days), NOW)
    assert (found == BUILT_IN) is goes


def test_a_shorter_keeping_takes_effect_a_day_later_and_a_longer_one_at_once() -> None:
    changed_at = NOW - timedelta(hours=1)
    end, shown = NOW - timedelta(days=50), [Shown(COUNTER)]
    shorter = [rule(90, until=changed_at), rule(10, since=changed_at)]
    assert Rules(shorter).due(HALL, shown, end, NOW) is None
    later = Rules(shorter).due(HALL, shown, end, changed_at + GRACE)
    assert later is not None
    assert later.days == 10
    longer = [rule(10, until=changed_at), rule(90, since=changed_at)]
    assert Rules(longer).due(HALL, shown, end, NOW) is None


places = st.sampled_from([(None, None), (HALL, None), (None, COUNTER), (None, OTHER), ("nh", None)])
some_rules = st.lists(
    st.builds(
        lambda place, kind, days, since, lasting: rule(
            days,
            hall=place[0],
            counter=place[1],
            kind=kind,
            since=NOW - timedelta(hours=since),
            until=None if lasting is None else NOW - timedelta(hours=since - lasting),
        ),
        places,
        st.sampled_from(FootageKind),
        st.integers(1, 100),
        st.integers(0, 60),
        st.none() | st.integers(1, 60),
    ),
    max_size=8,
)
some_shown = st.lists(st.builds(Shown, st.sampled_from([COUNTER, OTHER]), st.booleans()), max_size=3)


@given(some_rules, some_shown, some_shown, st.integers(0, 110 * 24))
def test_to_show_more_never_makes_footage_go_sooner(
    rules: list[RetentionRule], shown: list[Shown], more: list[Shown], age_hours: int
) -> None:
    end = NOW - timedelta(hours=age_hours)
    if shown and Rules(rules).due(HALL, [*shown, *more], end, NOW):
        assert Rules(rules).due(HALL, shown, end, NOW)


@given(some_rules, some_shown, st.integers(0, 110 * 24))
def test_nothing_goes_before_the_cameras_shortest_keeping(
    rules: list[RetentionRule], shown: list[Shown], age_hours: int
) -> None:
    age = timedelta(hours=age_hours)
    if Rules(rules).due(HALL, shown or [Shown(None)], NOW - age, NOW):
        assert age >= Rules(rules).shortest(HALL, [COUNTER, OTHER], NOW)


@given(some_rules, some_shown, st.integers(0, 110 * 24))
def test_an_event_never_makes_footage_go_sooner(rules: list[RetentionRule], shown: list[Shown], age_hours: int) -> None:
    end = NOW - timedelta(hours=age_hours)
    with_events = [Shown(each.counter_id, has_event=True) for each in shown]
    if Rules(rules).due(HALL, with_events, end, NOW):
        assert Rules(rules).due(HALL, shown, end, NOW)
