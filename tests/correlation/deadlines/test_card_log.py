"""What people say about cards in the database, and what the clerk makes of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from correlation.deadlines.card_log import SayingRefused, say, words_of
from correlation.deadlines.explaining import explain
from correlation.deadlines.workflow import Refusal
from storage.models import Card, CardAct, CardState, CardWord, Case, Role, Standing, User
from tests.correlation.deadlines.cases import RULES, at
from tests.correlation.deadlines.platform import Platform, step

NINE = at("2026-03-02", "09:00")
CLERK, CHIEF, OTHER_CHIEF = 1, 2, 3
DECIDED = at("2026-03-11", "11:00")


def late(platform: Platform) -> tuple[int, ...]:
    """A case past its promised limit; ids of the reminder and the yellow card."""
    with platform.database.transaction() as session:
        for number, role in enumerate((Role.DEPARTMENT, Role.SUPERVISOR, Role.SUPERVISOR), 1):
            session.add(User(id=number, name=f"u{number}", password_hash="", role=role, created_at=NINE))
    platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    platform.clerk_runs(at("2026-03-10"))
    return tuple(card.id or 0 for card in platform.cards())


def test_a_yellow_card_that_is_withdrawn_does_not_turn_red_and_the_past_stays(a_platform: Platform) -> None:
    _, yellow = late(a_platform)
    with a_platform.database.transaction() as session:
        say(session, yellow, CardAct.EXPLAIN, "系统故障", CLERK, at("2026-03-10", "15:00"))
        say(session, yellow, CardAct.WITHDRAW, "情况属实", CHIEF, DECIDED)
    assert a_platform.clerk_runs(DECIDED) == 1, "the case is reckoned with what was decided"
    assert a_platform.clerk_runs(at("2026-03-16")) == 0
    assert [card.withdrawn_at for card in a_platform.cards()] == [None, DECIDED]
    assert a_platform.deadline().standing is Standing.YELLOW, "the limit has passed all the same"
    with a_platform.database.transaction() as session:
        case_id = session.exec(select(Case.id)).one() or 0
        for moment, withdrawn_at in ((at("2026-03-11", "10:59"), None), (DECIDED, DECIDED)):
            then = explain(session, case_id, RULES, moment)
            assert then is not None
            assert [card.withdrawn_at for card in then.cards] == [None, withdrawn_at]


def test_of_two_who_decide_on_a_card_at_once_one_is_refused(a_platform: Platform) -> None:
    _, yellow = late(a_platform)

    def decide(act: CardAct, by: int) -> Refusal | None:
        try:
            with a_platform.database.transaction() as session:
                say(session, yellow, act, "?", by, DECIDED)
        except SayingRefused as refused:
            return refused.why
        return None

    with ThreadPoolExecutor() as threads:
        both = [threads.submit(decide, CardAct.UPHOLD, CHIEF), threads.submit(decide, CardAct.WITHDRAW, OTHER_CHIEF)]
    whys = [each.result() for each in both]
    assert len([why for why in whys if why is None]) == 1, whys
    with a_platform.database.transaction() as session:
        assert [word.number for word in words_of(session, [yellow])[yellow]] == [1]


def test_an_appeal_that_is_granted_withdraws_the_red_card_with_the_yellow_one(a_platform: Platform) -> None:
    _, yellow = late(a_platform)
    with a_platform.database.transaction() as session:
        say(session, yellow, CardAct.UPHOLD, "超期", CHIEF, DECIDED)
        appealed = say(session, yellow, CardAct.APPEAL, "停电", CLERK, at("2026-03-12"))
        assert appealed.state is CardState.APPEALED
    a_platform.clerk_runs(at("2026-03-14", "00:00"))
    assert len(a_platform.cards()) == 3, "an appeal does not put off the correction"
    granted = at("2026-03-16")
    with a_platform.database.transaction() as session:
        say(session, yellow, CardAct.GRANT_APPEAL, "属实", OTHER_CHIEF, granted)
    a_platform.clerk_runs(granted)
    assert [card.withdrawn_at for card in a_platform.cards()] == [None, granted, granted]
    assert a_platform.cards()[1].state is CardState.WITHDRAWN


def test_what_is_refused_leaves_no_trace(a_platform: Platform) -> None:
    reminder, yellow = late(a_platform)
    for card, act, by, why in (
        (reminder, CardAct.EXPLAIN, CLERK, Refusal.REMINDER),
        (yellow, CardAct.CLOSE, CHIEF, Refusal.OUT_OF_TURN),
    ):
        with pytest.raises(SayingRefused) as refused, a_platform.database.transaction() as session:
            say(session, card, act, "?", by, DECIDED)
        assert refused.value.why is why
    with a_platform.database.transaction() as session:
        assert session.exec(select(CardWord)).all() == []
        assert {card.state for card in session.exec(select(Card))} == {CardState.RAISED}


def test_a_card_that_the_platform_refutes_can_no_longer_be_answered(sqlite_platform: Platform) -> None:
    _, yellow = late(sqlite_platform)
    sqlite_platform.tells(DECIDED, step("S2", "decide", "2026-03-09T16:00"))
    sqlite_platform.clerk_runs(DECIDED)
    with pytest.raises(SayingRefused) as refused, sqlite_platform.database.transaction() as session:
        say(session, yellow, CardAct.EXPLAIN, "?", CLERK, at("2026-03-12"))
    assert refused.value.why is Refusal.WITHDRAWN
    with sqlite_platform.database.transaction() as session:
        assert words_of(session, [yellow])[yellow] == []
