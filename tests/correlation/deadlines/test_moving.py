"""Until when a card has to be explained follows the hall's calendar."""

from datetime import date, datetime

from sqlmodel import select

from correlation.deadlines.card_log import say
from correlation.deadlines.escalation import steps_of
from correlation.deadlines.moving import MovingExplanations
from storage.models import Card, CardAct, Closure, Role, User
from tests.correlation.deadlines.cases import RULES, at
from tests.correlation.deadlines.platform import Platform, step
from tests.sample import HALL

CLERK = 1
RAISED = at("2026-03-10")
LAST_DAY_PASSED, PUT_OFF = at("2026-03-18", "00:00"), at("2026-03-19", "00:00")
IN_TIME_AT_LAST = at("2026-03-18", "15:00")


def a_late_case(platform: Platform, day: str = "2026-03-02", clerk_runs: datetime = RAISED) -> MovingExplanations:
    """Past its promised limit; with the clerk who has looked around once."""
    with platform.database.transaction() as session:
        session.add(User(id=CLERK, name="u1", password_hash="", role=Role.DEPARTMENT, created_at=at("2026-01-01")))
    platform.tells(at(day), step("S1", "accept", f"{day}T08:55"))
    platform.clerk_runs(clerk_runs)
    clerk = MovingExplanations(platform.database, RULES)
    assert clerk.run_once(clerk_runs) == 0
    return clerk


def closed_on(platform: Platform, day: date) -> None:
    with platform.database.transaction() as session:
        session.add(Closure(hall_id=HALL, day=day, reason="台风", noted_at=at("2026-03-12")))


def yellow(platform: Platform) -> Card:
    return next(card for card in platform.cards() if card.kind == "yellow")


def test_a_closure_puts_it_off_and_one_that_is_withdrawn_takes_nothing(a_platform: Platform) -> None:
    clerk = a_late_case(a_platform)
    assert yellow(a_platform).explain_by == LAST_DAY_PASSED
    closed_on(a_platform, date(2026, 3, 12))
    assert [clerk.run_once(at("2026-03-12")) for _ in range(2)] == [1, 0]
    assert yellow(a_platform).explain_by == PUT_OFF
    with a_platform.database.transaction() as session:
        session.exec(select(Closure)).one().withdrawn_at = at("2026-03-13")
    assert clerk.run_once(at("2026-03-13")) == 0
    with a_platform.database.transaction() as session:
        say(session, yellow(a_platform).id or 0, CardAct.EXPLAIN, "台风", CLERK, IN_TIME_AT_LAST)


def test_that_of_what_is_answered_stays(a_platform: Platform) -> None:
    clerk = a_late_case(a_platform)
    with a_platform.database.transaction() as session:
        say(session, yellow(a_platform).id or 0, CardAct.EXPLAIN, "系统故障", CLERK, at("2026-03-11"))
    closed_on(a_platform, date(2026, 3, 12))
    assert clerk.run_once(at("2026-03-12")) == 0
    assert yellow(a_platform).explain_by == LAST_DAY_PASSED


def test_a_card_that_was_written_down_by_the_calendar_of_before_is_put_off_too(a_platform: Platform) -> None:
    clerk = a_late_case(a_platform)
    closed_on(a_platform, date(2026, 3, 12))
    clerk.run_once(RAISED)
    with a_platform.database.transaction() as session:
        session.get_one(Card, yellow(a_platform).id).explain_by = LAST_DAY_PASSED
    assert clerk.run_once(RAISED) == 1


def test_in_a_year_that_is_not_announced_nobody_is_too_late(a_platform: Platform) -> None:
    clerk = a_late_case(a_platform, "2026-12-18", at("2026-12-26"))
    assert yellow(a_platform).explain_by is None
    assert clerk.run_once(at("2027-01-20")) == 0
    with a_platform.database.transaction() as session:
        say(session, yellow(a_platform).id or 0, CardAct.EXPLAIN, "系统故障", CLERK, at("2027-01-20"))


def test_once_the_year_is_announced_the_days_count_from_then(a_platform: Platform) -> None:
    a_late_case(a_platform)
    with a_platform.database.transaction() as session:
        session.get_one(Card, yellow(a_platform).id).explain_by = None  # as one that was raised before
    assert MovingExplanations(a_platform.database, RULES).run_once(at("2026-03-20")) == 1
    assert yellow(a_platform).explain_by == at("2026-03-28", "00:00")


def test_who_is_told_next_is_told_later_by_a_closure_and_what_has_taken_place_stays(a_platform: Platform) -> None:
    clerk = a_late_case(a_platform)
    [head] = steps_of(yellow(a_platform))
    assert head.at > RAISED
    with a_platform.database.transaction() as session:
        session.add(Closure(hall_id=HALL, day=date(2026, 3, 10), reason="台风", noted_at=RAISED))
        session.add(Closure(hall_id=HALL, day=date(2026, 3, 11), reason="台风", noted_at=RAISED))
    clerk.run_once(RAISED)
    [later] = steps_of(yellow(a_platform))
    assert (later.to, later.at) > (head.to, head.at)
    assert yellow(a_platform).escalates_until == later.at
    closed_on(a_platform, date(2026, 3, 12))
    clerk.run_once(later.at)
    assert steps_of(yellow(a_platform)) == (later,), "it has taken place"
