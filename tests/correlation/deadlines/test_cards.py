"""Reminder, yellow, red; and what comes to be known later."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from correlation.deadlines.cards import RaisedCard, Watched, watch
from correlation.deadlines.facts import CaseFacts, Limit, Link, Suspension
from correlation.deadlines.known import Known, Ruling, with_rulings
from correlation.deadlines.standing import standing
from correlation.deadlines.work_calendar import Closure, WorkCalendar
from storage.models import CardCause, CardKind, Standing, StepKind, SuspensionReason
from storage.statutory import is_announced
from tests.correlation.deadlines.cases import CALENDAR, RULES, accepted, at

ACCEPTED = at("2026-03-02")
"""A Monday; promised within 5 days, until Monday the 9th; by law within 20, until Monday the 30th."""
CASE = accepted("2026-03-02")
LATE = at("2026-12-30")


def known(facts: CaseFacts, since: datetime = ACCEPTED, calendar: WorkCalendar = CALENDAR) -> Known:
    return Known(since, facts, calendar)


def ended(facts: CaseFacts, moment: datetime, **more: Any) -> CaseFacts:
    return replace(facts, decided_at=moment, closed_at=moment, **more)


def watched(history: list[Known], moment: datetime) -> Watched:
    found = watch(history, RULES, moment)
    assert found is not None
    return found


def seen(cards: tuple[RaisedCard, ...]) -> list[tuple[CardCause, datetime]]:
    return [(card.cause, card.raised_at) for card in cards]


def test_one_is_reminded_a_working_day_before_the_promised_limit() -> None:
    assert watched([known(CASE)], at("2026-03-06", "08:59")).cards == ()
    cards = watched([known(CASE)], at("2026-03-06", "09:00")).cards
    assert seen(cards) == [(CardCause.DUE_SOON, at("2026-03-06", "09:00"))]


def test_past_the_promise_comes_a_yellow_card_with_a_deadline_and_past_that_a_red_one() -> None:
    _, yellow, red = watched([known(CASE)], LATE).cards
    assert (yellow.kind, yellow.raised_at) == (CardKind.YELLOW, at("2026-03-10", "00:00"))
    assert yellow.correct_by == at("2026-03-14", "00:00")
    assert (red.cause, red.raised_at, red.correct_by) == (CardCause.NOT_CORRECTED, yellow.correct_by, None)


def test_a_day_on_which_the_place_was_closed_is_not_taken_from_the_time_to_correct() -> None:
    typhoon = at("2026-03-12", "06:00")
    closed = known(CASE, typhoon, WorkCalendar(closures=(Closure(typhoon.date(), "typhoon"),)))
    _, before = watched([known(CASE), closed], typhoon - timedelta(seconds=1)).cards
    assert before.correct_by == at("2026-03-14", "00:00"), "as it was told until then"
    _, yellow, red = watched([known(CASE), closed], LATE).cards
    assert yellow.key == before.key
    assert (red.cause, red.raised_at) == (CardCause.NOT_CORRECTED, at("2026-03-17", "00:00"))
    assert yellow.correct_by == red.raised_at, "the card says the day after which the red one comes"


def test_a_closure_that_was_a_mistake_takes_back_no_day_that_was_told() -> None:
    typhoon, mistake = at("2026-03-12", "06:00"), at("2026-03-13", "09:00")
    closed = known(CASE, typhoon, WorkCalendar(closures=(Closure(typhoon.date(), "typhoon"),)))
    _, yellow, red = watched([known(CASE), closed, known(CASE, mistake)], LATE).cards
    assert yellow.correct_by == red.raised_at == at("2026-03-17", "00:00")


def test_what_is_finished_by_the_correction_deadline_gets_no_red_card() -> None:
    done = at("2026-03-13", "16:00")
    cards = watched([known(CASE), known(ended(CASE, done), done)], LATE).cards
    assert [card.kind for card in cards] == [CardKind.REMINDER, CardKind.YELLOW]


def test_past_the_legal_limit_comes_a_red_card_alone_where_nothing_shorter_was_promised() -> None:
    cards = watched([known(accepted("2026-03-02", legal=Limit(5), promised=Limit(5)))], LATE).cards
    assert seen(cards) == [
        (CardCause.DUE_SOON, at("2026-03-06", "09:00")),
        (CardCause.PAST_LEGAL, at("2026-03-10", "00:00")),
    ]


def test_what_is_done_in_time_gets_no_card() -> None:
    done = at("2026-03-05")
    assert watched([known(CASE), known(ended(CASE, done), done)], LATE).cards == ()


def test_a_suspension_moves_the_reminder_and_one_is_reminded_again() -> None:
    opened, over = at("2026-03-09", "09:00"), at("2026-03-11", "15:00")
    history = [
        known(CASE),
        known(replace(CASE, suspensions=(Suspension(SuspensionReason.HEARING, opened),)), opened),
        known(replace(CASE, suspensions=(Suspension(SuspensionReason.HEARING, opened, over),)), over),
    ]
    assert seen(watched(history, at("2026-03-12", "12:00")).cards) == [
        (CardCause.DUE_SOON, at("2026-03-06", "09:00")),
        (CardCause.PAUSED_AT_LIMIT, opened),
        (CardCause.DUE_SOON, at("2026-03-11", "15:00")),  # as soon as there is a limit again
    ]
    assert watched(history[:2], at("2026-03-10")).next_at is None  # stopped: nothing happens by itself


def test_an_end_that_is_reported_late_withdraws_the_cards_that_it_contradicts() -> None:
    told = at("2026-03-16", "11:00")
    history = [known(CASE), known(ended(CASE, at("2026-03-09", "17:00")), told)]
    before = watched(history, told - timedelta(seconds=1)).cards
    assert [card.withdrawn_at for card in before] == [None, None, None]
    after = watched(history, told).cards
    assert [card.withdrawn_at for card in after] == [None, told, told]
    assert [card.raised_at for card in after] == [card.raised_at for card in before]


def test_a_late_end_that_is_all_that_was_ever_told_gets_its_card_when_it_is_told() -> None:
    told = at("2026-04-20")
    cards = watched([known(ended(CASE, at("2026-03-11")), told)], told).cards
    assert seen(cards) == [(CardCause.PAST_PROMISED, told)]
    assert (cards[0].late_from, cards[0].correct_by) == (at("2026-03-10", "00:00"), None)


def test_a_link_that_was_late_gets_its_card_though_the_whole_is_in_time() -> None:
    done = at("2026-03-06")
    link = Link(StepKind.REVIEW, Limit(1), at("2026-03-03"), done)
    cards = watched([known(CASE), known(replace(CASE, links=(link,)), done)], at("2026-03-06", "11:00")).cards
    assert seen(cards) == [(CardCause.DUE_SOON, at("2026-03-06", "09:00")), (CardCause.LINK_LATE, done)]


def test_only_a_card_that_a_red_one_may_follow_says_until_when_to_correct_it() -> None:
    link = Link(StepKind.REVIEW, Limit(1), at("2026-03-03"))
    case = accepted("2026-03-02", legal=Limit(60), promised=Limit(10), links=(link,))
    cards = watched([known(case)], at("2026-06-01")).cards
    until = {card.cause: card.correct_by for card in cards}
    assert {cause for cause, moment in until.items() if moment} == {CardCause.PAST_PROMISED}
    assert until[CardCause.LINK_LATE] is None
    red = next(card for card in cards if card.cause is CardCause.NOT_CORRECTED)
    assert red.raised_at == until[CardCause.PAST_PROMISED]


def test_only_a_delivery_that_is_reported_late_gets_a_card() -> None:
    decided = ended(CASE, at("2026-03-05"))
    assert watched([known(decided)], LATE).cards == ()
    cards = watched([known(replace(decided, delivered_at=at("2026-03-20")), at("2026-03-20"))], LATE).cards
    assert seen(cards) == [(CardCause.HANDED_OVER_LATE, at("2026-03-20"))]


def test_a_date_that_may_still_move_reminds_but_accuses_nobody() -> None:
    case = accepted("2026-12-29", legal=Limit(4), promised=None)
    cards = watched([known(case, at("2026-12-29"))], at("2027-03-01")).cards
    assert [card.kind for card in cards] == [CardKind.REMINDER]


def test_days_to_correct_that_reach_into_a_year_not_announced_accuse_nobody_either() -> None:
    year = next(year for year in range(2026, 2100) if not is_announced(year + 1))
    began = at(f"{year}-12-21")
    facts = CaseFacts(received_at=began, accepted_at=began, legal=Limit(30), promised=Limit(6))
    cards = watched([known(facts, began)], at(f"{year + 1}-01-25")).cards
    assert [card.cause for card in cards] == [CardCause.DUE_SOON, CardCause.PAST_PROMISED]


def test_cases_from_before_the_first_rules_get_no_cards() -> None:
    assert watched([known(accepted("2025-03-03"), at("2025-03-03"))], LATE).cards == ()


def test_a_case_that_was_never_accepted_is_late_only_once_it_counts_as_accepted() -> None:
    waiting = CaseFacts(received_at=ACCEPTED, legal=Limit(20), promised=Limit(1))
    found = watched([known(waiting)], at("2026-03-05"))
    assert (found.cards, found.next_at) == ((), at("2026-03-10", "00:00"))
    cards = watched([known(waiting)], at("2026-03-10", "00:00")).cards
    assert seen(cards) == [(CardCause.PAST_PROMISED, at("2026-03-10", "00:00"))]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (at("2026-03-02", "12:00"), Standing.OPEN),
        (at("2026-03-06", "09:00"), Standing.DUE_SOON),
        (at("2026-03-10", "00:00"), Standing.YELLOW),
        (at("2026-03-14", "00:00"), Standing.RED),
    ],
)
def test_a_case_that_nobody_works_on_goes_from_open_to_red(moment: datetime, expected: Standing) -> None:
    assert standing(watched([known(CASE)], moment), moment) is expected


def test_a_case_waits_stops_and_ends() -> None:
    def now(facts: CaseFacts, moment: datetime) -> Standing:
        return standing(watched([known(facts)], moment), moment)

    assert now(CaseFacts(received_at=ACCEPTED), at("2026-03-04")) is Standing.WAITING
    assert now(CaseFacts(received_at=ACCEPTED), at("2026-03-12")) is Standing.OPEN
    stopped = replace(CASE, suspensions=(Suspension(SuspensionReason.TESTING, at("2026-03-03")),))
    assert now(stopped, at("2026-05-01")) is Standing.STOPPED
    assert now(ended(CASE, at("2026-03-09")), at("2026-03-09")) is Standing.DONE
    assert now(ended(CASE, at("2026-03-10")), at("2026-03-10")) is Standing.DONE_LATE


def test_a_case_that_ended_after_a_date_that_may_still_move_is_not_late() -> None:
    done = ended(accepted("2026-12-28"), at("2027-01-20"))
    assert standing(watched([known(done)], at("2027-01-20")), at("2027-01-20")) is Standing.DONE


def ruled(card: RaisedCard, moment: datetime) -> Ruling:
    return Ruling(moment, card.key)


def test_a_yellow_card_that_a_supervisor_withdrew_does_not_turn_red_and_is_not_raised_again() -> None:
    _, yellow, _ = watched([known(CASE)], LATE).cards
    decided = at("2026-03-11")
    history = list(with_rulings([known(CASE)], [ruled(yellow, decided)]))
    before = watched(history, decided - timedelta(seconds=1))
    assert [card.withdrawn_at for card in before.cards] == [None, None]
    _, lifted, *red = watched(history, at("2026-03-30")).cards
    assert (lifted.withdrawn_at, red) == (decided, [])


def test_the_legal_limit_passes_whatever_was_excused_of_the_promised_one() -> None:
    _, yellow, _ = watched([known(CASE)], LATE).cards
    history = list(with_rulings([known(CASE)], [ruled(yellow, at("2026-03-11"))]))
    *_, red = watched(history, LATE).cards
    assert (red.cause, red.raised_at) == (CardCause.PAST_LEGAL, at("2026-03-31", "00:00"))
    lifted = list(with_rulings(history, [ruled(red, at("2026-04-01"))]))
    assert [card.withdrawn_at for card in watched(lifted, LATE).cards] == [None, at("2026-03-11"), at("2026-04-01")]


def test_a_red_card_goes_with_the_yellow_one_that_an_appeal_lifts() -> None:
    _, yellow, red = watched([known(CASE)], LATE).cards
    granted = red.raised_at + timedelta(days=2)
    history = list(with_rulings([known(CASE)], [ruled(yellow, granted)]))
    assert [card.withdrawn_at for card in watched(history, at("2026-03-30")).cards] == [None, granted, granted]


def test_a_limit_that_moves_after_its_card_was_withdrawn_can_be_missed_anew() -> None:
    _, yellow, _ = watched([known(CASE)], LATE).cards
    extended = known(replace(CASE, promised=Limit(8)), at("2026-03-12"))
    history = list(with_rulings([known(CASE), extended], [ruled(yellow, at("2026-03-11"))]))
    *_, again = watched(history, at("2026-03-13")).cards
    assert (again.kind, again.raised_at) == (CardKind.YELLOW, at("2026-03-13", "00:00"))
    assert again.late_from != yellow.late_from


def test_a_decision_on_a_card_that_the_replay_does_not_give_changes_nothing() -> None:
    _, yellow, _ = watched([known(CASE)], LATE).cards
    other = Ruling(at("2026-03-11"), yellow.key._replace(raised_at=at("2026-03-01")))
    before_all = Ruling(ACCEPTED - timedelta(days=1), yellow.key)
    history = list(with_rulings([known(CASE)], [other, before_all]))
    assert seen(watched(history, LATE).cards) == seen(watched([known(CASE)], LATE).cards)
