"""Who may say what about a supervision order, and what becomes of it."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.deadlines.workflow import Party
from correlation.supervision.workflow import (
    AWAITED,
    MOVES,
    OVER,
    Due,
    Order,
    Refusal,
    Word,
    deadline,
    due,
    due_in,
    is_overdue,
    possible,
    refusal,
    state_of,
    was_late,
)
from storage.models import OrderAct, OrderState
from tests.correlation.deadlines.cases import CALENDAR, at

ISSUED = at("2026-03-10", "10:00")
DUE_BY = at("2026-03-14", "00:00")
ORDER = Order(ISSUED, Due(DUE_BY))
CLERK, CHIEF = 1, 2
A = OrderAct


def word(act: OrderAct, hours: float, by: int, days: int = 0) -> Word:
    moment = ISSUED + timedelta(hours=hours)
    return Word(act, by, moment, Due(moment + timedelta(days=days)) if days else None)


def test_an_order_is_answered_returned_answered_again_and_closed() -> None:
    way = [
        word(A.ANSWER, 1, CLERK),
        word(A.RETURN, 2, CHIEF, days=7),
        word(A.ANSWER, 3, CLERK),
        word(A.CLOSE, 4, CHIEF),
    ]
    for number, said in enumerate(way):
        assert refusal(ORDER, way[:number], said) is None
    assert [state_of(way, said.at) for said in way] == [
        OrderState.ANSWERED,
        OrderState.RETURNED,
        OrderState.ANSWERED,
        OrderState.CLOSED,
    ]
    assert due(ORDER, way) == way[1].due
    assert due(ORDER, way, way[0].at) == ORDER.due


def test_the_deadline_is_the_end_of_the_last_working_day() -> None:
    assert deadline(CALENDAR, ISSUED, 3) == at("2026-03-14", "00:00")
    assert deadline(CALENDAR, at("2026-02-13"), 2) == at("2026-02-25", "00:00"), "a make-up Saturday, then a holiday"


def test_an_order_is_overdue_until_it_is_answered_and_again_when_it_was_returned() -> None:
    late = word(A.ANSWER, 24 * 5, CLERK)
    assert not is_overdue(ORDER, [], DUE_BY - timedelta(seconds=1))
    assert is_overdue(ORDER, [], DUE_BY)
    assert not is_overdue(ORDER, [late], late.at)
    assert was_late(ORDER, [late])
    assert not was_late(ORDER, [word(A.ANSWER, 1, CLERK)])
    returned = [late, word(A.RETURN, 24 * 6, CHIEF, days=1)]
    assert not is_overdue(ORDER, returned, returned[1].at)
    assert is_overdue(ORDER, returned, returned[1].at + timedelta(days=1))


def test_a_deadline_in_a_year_that_is_not_announced_is_provisional_and_makes_nobody_late() -> None:
    found = due_in(CALENDAR, at("2026-12-29"), 3)
    assert found == Due(at("2027-01-02", "00:00"), provisional=True)
    order = Order(at("2026-12-29"), found)
    late = Word(A.ANSWER, CLERK, at("2027-02-01"))
    assert not is_overdue(order, [], late.at)
    assert not was_late(order, [late])
    assert due_in(CALENDAR, at("2026-12-28"), 3) == Due(at("2027-01-01", "00:00")), "its last day is of 2026"


def test_nobody_judges_their_own_answer_and_what_is_returned_has_a_deadline() -> None:
    answered = [word(A.ANSWER, 1, CLERK)]
    assert refusal(ORDER, answered, word(A.CLOSE, 2, CLERK)) is Refusal.OWN_ANSWER
    assert refusal(ORDER, answered, word(A.RETURN, 2, CHIEF)) is Refusal.NO_DEADLINE
    assert refusal(ORDER, [], word(A.CLOSE, 2, CHIEF)) is Refusal.OUT_OF_TURN
    assert refusal(ORDER, answered, word(A.CLOSE, 0.5, CHIEF)) is Refusal.TOO_EARLY


anything = st.builds(
    word, st.sampled_from(OrderAct), st.integers(-1, 300), st.integers(1, 3), st.sampled_from([0, 0, 1, 5])
)


@given(st.lists(anything, max_size=12), st.integers(0, 320))
@settings(max_examples=80)
def test_whatever_people_try_only_the_ways_that_there_are_are_gone(tries: list[Word], hours: int) -> None:
    words: list[Word] = []
    for tried in tries:
        before = state_of(words)
        if refusal(ORDER, words, tried) is not None:
            continue
        assert before in MOVES[tried.act].before
        assert before not in OVER, "what is over stays over"
        assert tried.act in possible(ORDER, words, set(Party), tried.by, tried.at)
        words.append(tried)
    assert [said.at for said in words] == sorted(said.at for said in words)
    moment = ISSUED + timedelta(hours=hours)
    by_then = [said for said in words if said.at <= moment]
    assert (state_of(words, moment), due(ORDER, words, moment)) == (state_of(by_then), due(ORDER, by_then))
    if is_overdue(ORDER, words, moment):
        assert state_of(by_then) in AWAITED
