"""By when a card has to be explained, and who is told when nobody answers."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.deadlines.escalation import Escalation, answering, taken
from correlation.deadlines.rules import CardRules
from correlation.deadlines.work_calendar import Closure, WorkCalendar
from correlation.deadlines.workflow import Refusal, Subject, Word, is_unexplained, refusal
from storage.models import Audience, CardAct, CardKind
from tests.correlation.deadlines.cases import CALENDAR, RULES, at
from tests.correlation.deadlines.platform import Platform, step

MIDNIGHT = at("2026-03-10", "00:00")
"""Of a Tuesday, when a limit passes."""


def rules() -> CardRules:
    _law, cards = RULES.of(MIDNIGHT.toordinal())
    assert cards is not None
    return cards


def test_an_explanation_may_be_given_until_the_end_of_the_fifth_working_day() -> None:
    found = answering(CardKind.YELLOW, MIDNIGHT, rules(), CALENDAR)
    assert found.explain_by == at("2026-03-18", "00:00")
    closed = WorkCalendar(closures=(Closure(at("2026-03-12").date(), "台风"),))
    assert answering(CardKind.YELLOW, MIDNIGHT, rules(), closed).explain_by == at("2026-03-19", "00:00")


def test_a_reminder_has_nothing_to_be_answered() -> None:
    assert answering(CardKind.REMINDER, MIDNIGHT, rules(), CALENDAR) == (None, ())


def test_a_yellow_card_goes_to_the_head_after_a_working_day_without_an_answer() -> None:
    assert answering(CardKind.YELLOW, MIDNIGHT, rules(), CALENDAR).escalation == (
        Escalation(Audience.HEAD, at("2026-03-11", "10:30")),
    )


def test_a_red_card_goes_to_head_and_supervisor_at_the_first_working_moment_and_then_to_the_district() -> None:
    assert answering(CardKind.RED, MIDNIGHT, rules(), CALENDAR).escalation == (
        Escalation(Audience.HEAD, at("2026-03-10", "09:00")),
        Escalation(Audience.SUPERVISOR, at("2026-03-10", "09:00")),
        Escalation(Audience.DISTRICT, at("2026-03-12", "12:00")),
    )


def test_hours_of_the_night_and_of_holidays_are_no_time_to_answer() -> None:
    before_spring_festival = at("2026-02-14", "16:00")
    assert CALENDAR.is_worked(CALENDAR.day_of(before_spring_festival)), "a make-up Saturday"
    found = answering(CardKind.YELLOW, before_spring_festival, rules(), CALENDAR)
    assert found.escalation[0].at == at("2026-02-25", "09:30")


def test_who_is_too_late_has_not_explained_and_may_not_any_more() -> None:
    explain_by = at("2026-03-18", "00:00")
    card = Subject(CardKind.YELLOW, MIDNIGHT, None, explain_by)
    in_time, late = explain_by - timedelta(seconds=1), explain_by
    assert refusal(card, (), Word(CardAct.EXPLAIN, 1, in_time)) is None
    assert refusal(card, (), Word(CardAct.EXPLAIN, 1, late)) is Refusal.TOO_LATE
    assert refusal(card, (), Word(CardAct.UPHOLD, 2, late)) is None
    assert not is_unexplained(card, (), in_time)
    assert is_unexplained(card, (), late)
    assert not is_unexplained(card, (Word(CardAct.EXPLAIN, 1, in_time),), late)
    assert not is_unexplained(card._replace(withdrawn_at=in_time), (), late)
    assert is_unexplained(card, (Word(CardAct.UPHOLD, 2, late),), late + timedelta(days=9))


MOMENTS = st.integers(0, 500).map(lambda hours: MIDNIGHT + timedelta(hours=hours))


@given(
    st.sampled_from([CardKind.YELLOW, CardKind.RED]),
    st.none() | MOMENTS,
    st.none() | MOMENTS,
    MOMENTS,
    MOMENTS,
)
@settings(max_examples=60)
def test_what_had_taken_place_on_a_past_date_stays_so_whatever_comes_later(
    kind: CardKind, answered: datetime | None, withdrawn: datetime | None, one: datetime, other: datetime
) -> None:
    first, second = sorted((one, other))
    steps = answering(kind, MIDNIGHT, rules(), CALENDAR).escalation
    words = (Word(CardAct.EXPLAIN, 1, answered),) if answered else ()

    def known(moment: datetime) -> tuple[Escalation, ...]:
        """By nothing but what had been said and withdrawn by then."""
        card = Subject(kind, MIDNIGHT, withdrawn if withdrawn and withdrawn <= moment else None)
        return taken(steps, card, [word for word in words if word.at <= moment], moment)

    assert [step for step in known(second) if step.at <= first] == list(known(first))
    assert all(answered is None or step.at < answered for step in known(second))


def test_a_clerk_who_was_away_takes_no_time_from_whoever_has_to_answer(sqlite_platform: Platform) -> None:
    sqlite_platform.tells(at("2026-03-02", "09:00"), step("S1", "accept", "2026-03-02T08:55"))
    back = at("2026-03-13", "09:00")
    sqlite_platform.clerk_runs(back)
    yellow = sqlite_platform.cards()[1]
    assert (yellow.raised_at, yellow.announced_at) == (MIDNIGHT, back)
    assert yellow.explain_by == at("2026-03-21", "00:00")
    assert yellow.escalation == [{"to": "head", "at": at("2026-03-16", "10:30").isoformat()}]
