"""Who may say what about a card, and what becomes of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from correlation.deadlines.workflow import (
    LIFTING,
    MOVES,
    Party,
    Refusal,
    Subject,
    Word,
    counts,
    possible,
    refusal,
    state_of,
)
from storage.models import CardAct, CardKind, CardState
from tests.correlation.deadlines.cases import at

RAISED = at("2026-03-10", "00:00")
YELLOW = Subject(CardKind.YELLOW, RAISED)
CLERK, CHIEF, OTHER_CHIEF = 1, 2, 3
A = CardAct
ENDS = {CardState.CLOSED, CardState.WITHDRAWN}


def said(*acts: CardAct, judge: int = CHIEF) -> list[Word]:
    """One each hour; who rejects or grants an appeal is another one."""
    people = {A.GRANT_APPEAL: OTHER_CHIEF, A.REJECT_APPEAL: OTHER_CHIEF}
    by = {act: CLERK if MOVES[act].party is Party.DEPARTMENT else people.get(act, judge) for act in acts}
    return [Word(act, by[act], RAISED + timedelta(hours=hour)) for hour, act in enumerate(acts, 1)]


def why_not(words: list[Word], act: CardAct, by: int, card: Subject = YELLOW) -> Refusal | None:
    return refusal(card, words, Word(act, by, RAISED + timedelta(days=2)))


def test_a_card_is_explained_upheld_appealed_confirmed_corrected_and_closed() -> None:
    words: list[Word] = []
    way = said(A.EXPLAIN, A.UPHOLD, A.APPEAL, A.REJECT_APPEAL, A.CORRECT, A.CLOSE)
    for word in way:
        assert refusal(YELLOW, words, word) is None
        words.append(word)
    assert [state_of(way, word.at) for word in way] == [
        CardState.EXPLAINED,
        CardState.UPHELD,
        CardState.APPEALED,
        CardState.CONFIRMED,
        CardState.CORRECTED,
        CardState.CLOSED,
    ]
    assert state_of(way, RAISED) is CardState.RAISED


def test_a_card_under_appeal_counts_nothing_until_it_is_decided() -> None:
    way = said(A.UPHOLD, A.APPEAL, A.REJECT_APPEAL)
    assert [counts(YELLOW, way, word.at) for word in way] == [True, False, True]
    granted = said(A.UPHOLD, A.APPEAL, A.GRANT_APPEAL)
    assert not counts(YELLOW, granted, at("2027-01-01"))
    assert not counts(YELLOW, way, RAISED - timedelta(seconds=1)), "there was none yet"
    assert not counts(YELLOW._replace(kind=CardKind.REMINDER), [], at("2027-01-01"))
    assert not counts(YELLOW._replace(withdrawn_at=at("2026-03-16")), [], at("2026-03-16"))


def test_nobody_decides_on_an_appeal_against_their_own_decision() -> None:
    words = said(A.UPHOLD, A.APPEAL)
    assert why_not(words, A.REJECT_APPEAL, CHIEF) is Refusal.OWN_CASE
    assert why_not(words, A.GRANT_APPEAL, CHIEF) is Refusal.OWN_CASE
    assert why_not(words, A.REJECT_APPEAL, OTHER_CHIEF) is None


def test_nobody_decides_on_what_they_have_explained_themselves() -> None:
    assert why_not(said(A.EXPLAIN), A.UPHOLD, CLERK) is Refusal.OWN_CASE
    assert why_not(said(A.UPHOLD, A.CORRECT), A.CLOSE, CLERK) is Refusal.OWN_CASE


def test_nothing_is_said_about_a_reminder_or_about_a_card_that_the_data_withdrew() -> None:
    reminder = YELLOW._replace(kind=CardKind.REMINDER)
    gone = YELLOW._replace(withdrawn_at=RAISED + timedelta(days=1))
    assert why_not([], A.EXPLAIN, CLERK, reminder) is Refusal.REMINDER
    assert why_not([], A.EXPLAIN, CLERK, gone) is Refusal.WITHDRAWN


@pytest.mark.parametrize("hours", [0, 1])
def test_nothing_is_said_before_the_card_or_before_the_word_before(hours: int) -> None:
    words = said(A.EXPLAIN, A.UPHOLD)[:hours]
    early = Word(A.UPHOLD, CHIEF, RAISED + timedelta(minutes=59) * hours)
    assert refusal(YELLOW, words, early) is Refusal.TOO_EARLY


anybody = st.builds(
    Word,
    st.sampled_from(CardAct),
    st.integers(1, 4),
    st.integers(-2, 40).map(lambda hours: RAISED + timedelta(hours=hours)),
)


@given(st.lists(anybody, max_size=14))
def test_whatever_people_try_only_the_ways_that_there_are_are_gone(tries: list[Word]) -> None:
    words: list[Word] = []
    for word in tries:
        before = state_of(words)
        may = word.act in possible(YELLOW, words, set(Party), word.by, word.at)
        assert may == (refusal(YELLOW, words, word) is None)
        if not may:
            continue
        assert before in MOVES[word.act].before
        assert before not in ENDS, "what is over stays over"
        words.append(word)
        assert state_of(words) is MOVES[word.act].after
    assert [word.at for word in words] == sorted(word.at for word in words)
    assert sum(word.act in LIFTING for word in words) <= 1
    judges = {word.by for word in words if MOVES[word.act].party is Party.SUPERVISOR}
    for number, word in enumerate(words):
        if word.by in judges and MOVES[word.act].party is Party.SUPERVISOR:
            assert word.by not in {w.by for w in words[:number] if MOVES[w.act].party is Party.DEPARTMENT}


@given(st.lists(anybody, max_size=14), st.sampled_from(Party), st.integers(1, 4))
def test_each_party_can_do_only_what_is_its_own(tries: list[Word], party: Party, by: int) -> None:
    words: list[Word] = []
    for word in tries:
        assert all(MOVES[act].party is party for act in possible(YELLOW, words, {party}, by, word.at))
        assert possible(YELLOW, words, (), by, word.at) == ()
        if refusal(YELLOW, words, word) is None:
            words.append(word)


@given(st.lists(anybody, max_size=14), st.integers(0, 50))
def test_what_is_said_later_changes_nothing_of_an_earlier_moment(tries: list[Word], hours: int) -> None:
    words: list[Word] = []
    for word in tries:
        if refusal(YELLOW, words, word) is None:
            words.append(word)
    moment = RAISED + timedelta(hours=hours)
    by_then = [word for word in words if word.at <= moment]
    assert state_of(words, moment) is state_of(by_then)
    assert counts(YELLOW, words, moment) == counts(YELLOW, by_then, moment)
