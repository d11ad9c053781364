"""Who may say what about an absence, and what it counts for."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.deadlines.workflow import Party
from correlation.disputes.rules import parse_dispute_rules, shipped_dispute_rules
from correlation.disputes.workflow import (
    COUNTS,
    Judged,
    Refusal,
    Word,
    decide_by,
    dispute_by,
    is_overdue,
    possible,
    refusal,
    standing,
    was_late,
)
from storage.models import AbsenceStanding, DisputeAct
from tests.correlation.deadlines.cases import CALENDAR, at

RAISED = at("2026-03-02", "12:00")
RULES = shipped_dispute_rules()
BY = dispute_by(CALENDAR, RULES, RAISED)
JUDGED = Judged(RAISED, BY)
CLERK, CHIEF = 1, 2
A, S = DisputeAct, AbsenceStanding


def word(act: DisputeAct, hours: float, by: int) -> Word:
    moment = RAISED + timedelta(hours=hours)
    return Word(act, by, moment, decide_by(CALENDAR, RULES[0], moment) if act is A.DISPUTE else None)


def test_an_absence_stands_once_nobody_has_disputed_it_in_five_working_days() -> None:
    assert at("2026-03-10", "00:00") == BY, "the day on which it was said does not count, nor does a weekend"
    assert standing(JUDGED, (), BY - timedelta(microseconds=1)) is S.OPEN
    assert standing(JUDGED, (), BY) is S.STANDS
    assert refusal(JUDGED, (), Word(A.DISPUTE, CLERK, BY)) is Refusal.TOO_LATE
    assert refusal(JUDGED, (), Word(A.DISPUTE, CLERK, BY - timedelta(seconds=1))) is None


def test_one_that_lasts_may_be_disputed_and_counts_nothing_yet() -> None:
    lasting, year = Judged(RAISED, None), timedelta(days=365)
    assert standing(lasting, (), RAISED + year) is S.OPEN
    assert refusal(lasting, (), Word(A.DISPUTE, CLERK, RAISED + year)) is None


@pytest.mark.parametrize(("act", "ends_as"), [(A.UPHOLD, S.UPHELD), (A.WITHDRAW, S.WITHDRAWN)])
def test_a_dispute_is_decided_once_by_somebody_else(act: DisputeAct, ends_as: AbsenceStanding) -> None:
    disputed = word(A.DISPUTE, 1, CLERK)
    assert refusal(JUDGED, (), word(act, 1, CHIEF)) is Refusal.OUT_OF_TURN
    assert refusal(JUDGED, (disputed,), word(act, 2, CLERK)) is Refusal.OWN_DISPUTE
    decided = word(act, 2, CHIEF)
    assert refusal(JUDGED, (disputed,), decided) is None
    said = (disputed, decided)
    assert [standing(JUDGED, said, each.at) for each in said] == [S.DISPUTED, ends_as]
    assert all(refusal(JUDGED, said, word(again, 3, by)) is Refusal.OUT_OF_TURN for again in A for by in (CLERK, CHIEF))


def test_a_decision_that_comes_late_is_shown_as_late_and_made_by_nobody_else() -> None:
    disputed = word(A.DISPUTE, 1, CLERK)
    assert disputed.due_by == at("2026-03-10", "00:00")
    assert not is_overdue((disputed,), disputed.due_by - timedelta(seconds=1))
    assert is_overdue((disputed,), disputed.due_by)
    assert standing(JUDGED, (disputed,), RAISED + timedelta(days=3650)) is S.DISPUTED
    late = Word(A.UPHOLD, CHIEF, disputed.due_by)
    assert refusal(JUDGED, (disputed,), late) is None
    assert was_late((disputed, late))
    assert not is_overdue((disputed, late), late.at)


def test_what_has_been_none_is_not_disputed() -> None:
    assert refusal(Judged(RAISED, BY, is_none=True), (), word(A.DISPUTE, 1, CLERK)) is Refusal.NONE
    assert refusal(JUDGED, (), word(A.DISPUTE, -1, CLERK)) is Refusal.TOO_EARLY


said = st.tuples(st.sampled_from(A), st.integers(-2, 500), st.sampled_from([CLERK, CHIEF]))


@settings(max_examples=80)
@given(st.lists(said, max_size=6))
def test_what_was_disputed_counts_only_by_the_word_of_another_person(tried: list[tuple[DisputeAct, int, int]]) -> None:
    words: list[Word] = []
    for act, hours, by in tried:
        spoken = word(act, hours, by)
        offered = act in possible(JUDGED, words, list(Party), by, spoken.at)
        assert offered == (refusal(JUDGED, words, spoken) is None)
        if offered:
            words.append(spoken)
    for moment in (RAISED, *(each.at for each in words), RAISED + timedelta(days=9999)):
        known = [each for each in words if each.at <= moment]
        if known and standing(JUDGED, words, moment) in COUNTS:
            assert [each.act for each in known] == [A.DISPUTE, A.UPHOLD]
            assert known[0].by != known[1].by


def test_rules_are_data_of_which_the_version_of_the_day_holds() -> None:
    text = '[[disputes]]\nversion = "{}"\neffective = {}\ndispute_days = {}\ndecide_days = 5\n'
    versions = parse_dispute_rules(text.format("b", "2026-03-03", 1) + text.format("a", "2026-01-01", 5))
    assert [rules.version for rules in versions] == ["a", "b"]
    assert dispute_by(CALENDAR, versions, RAISED) == BY
    assert dispute_by(CALENDAR, versions, at("2026-03-03")) == at("2026-03-05", "00:00")
    assert dispute_by(CALENDAR, versions, at("2025-12-31", "09:00")) > at("2026-01-08", "00:00"), (
        "also before the first"
    )
    with pytest.raises(ValueError, match="dispute_days"):
        parse_dispute_rules(text.format("c", "2026-01-01", 0))
