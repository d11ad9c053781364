"""Bad ratings open calls back that are due within 15 working days; corrections lift them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from correlation.deadlines.counting import counted
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.supervision.call_backs import HISTORY, CallBacks, dues_of
from correlation.supervision.moving import Moving
from correlation.supervision.order_log import say
from correlation.supervision.rules import CallBackRules, parse_call_back_rules, shipped_call_back_rules
from correlation.supervision.workflow import Due
from storage.database import Database
from storage.models import (
    CallBack,
    CallBackState,
    Case,
    Closure,
    Department,
    OrderAct,
    OrderState,
    Rating,
    Role,
    Source,
    SupervisionOrder,
    User,
)
from tests.correlation.deadlines.cases import at
from tests.sample import a_hall

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CALENDAR = WorkCalendar()
RULES = shipped_call_back_rules()


@given(st.integers(0, 365 * 24))
def test_it_is_due_when_the_fifteenth_working_day_ends(hours: int) -> None:
    rated = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(hours=hours)
    due = dues_of(CALENDAR, rated, rated, RULES).due.by
    last = CALENDAR.day_of(due) - 1
    assert CALENDAR.midnight(last + 1) == due
    assert counted(CALENDAR, CALENDAR.day_of(rated), last, ()) == RULES[0].days
    assert counted(CALENDAR, CALENDAR.day_of(rated), last - 1, ()) == RULES[0].days - 1


@pytest.fixture
def rated(database: Database) -> Database:
    """Of the case 2026-1: good, bad, bad at our own tablet; and a bad one of long ago."""
    with database.transaction() as session:
        a_hall(session)
        session.add(Department(id="tax", name="税务局"))
        session.add_all([Source(id="platform", hall_id="cc"), Source(id="hallwatch-ratings")])
        session.flush()
        session.add(
            Case(id=7, source_id="platform", number="2026-1", department_id="tax", hall_id="cc", opened_at=NOON)
        )
        session.flush()
        own: dict[str, Any] = {"source_id": "hallwatch-ratings", "case_source_id": "platform", "counter_id": "cc-1"}
        session.add_all(
            [
                rating(1, 5),
                rating(2, 2),
                rating(3, 1, **own),
                rating(4, 1, case_number="", rated=NOON - HISTORY - timedelta(days=1)),
            ]
        )
    return database


def rating(number: int, level: int, **more: Any) -> Rating:
    said: dict[str, Any] = {
        "id": number,
        "source_id": "platform",
        "reference": f"r{number}",
        "case_number": "2026-1",
        "level": level,
        "rated": NOON - timedelta(hours=1),
        "first_received_at": NOON,
        "received_at": NOON,
    }
    return Rating(**{**said, **more})


def open_ones(database: Database) -> dict[int, CallBack]:
    with database.transaction() as session:
        found = session.exec(select(CallBack).where(col(CallBack.state) == CallBackState.OPEN))
        return {each.rating_id: each for each in found}


def test_each_fresh_bad_rating_opens_one_however_often_the_clerk_looks(rated: Database) -> None:
    assert [CallBacks(rated, RULES).run_once(NOON) for _ in range(2)] == [2, 0]
    found = open_ones(rated)
    assert set(found) == {2, 3}
    assert {(each.case_id, each.department_id, each.hall_id) for each in found.values()} == {(7, "tax", "cc")}
    assert found[3].counter_id == "cc-1"
    assert found[2].due_by == datetime(2026, 3, 23, 16, 0, tzinfo=UTC)


def test_the_days_count_from_when_the_rating_could_be_known_and_the_rules_date_is_kept(rated: Database) -> None:
    clerk, moving = CallBacks(rated, RULES), Moving(rated, RULES)
    heard = at("2026-04-13")
    assert clerk.run_once(heard) == 2
    found = open_ones(rated)[2]
    by_rule, by_knowing = at("2026-03-24", "00:00"), dues_of(CALENDAR, heard, heard, RULES).due.by
    assert (found.known_at, found.rated_due_by, found.due_by) == (heard, by_rule, by_knowing)
    assert counted(CALENDAR, CALENDAR.day_of(heard), CALENDAR.day_of(found.due_by) - 1, ()) == RULES[0].days
    assert moving.run_once(heard) == 0
    close(rated, date(2026, 4, 14))
    assert moving.run_once(heard) == 2
    assert open_ones(rated)[2].due_by > by_knowing
    assert open_ones(rated)[2].rated_due_by == by_rule


def test_one_whose_rating_is_bad_again_after_a_month_is_not_overdue_at_once(rated: Database) -> None:
    clerk = CallBacks(rated, RULES)
    clerk.run_once(NOON)
    for level, moment in ((5, NOON), (1, at("2026-05-11"))):
        with rated.transaction() as session:
            session.get_one(Rating, 2).level = level
        assert clerk.run_once(moment) == 1
    found = open_ones(rated)[2]
    assert (found.opened_at, found.known_at, found.ended_at) == (NOON, at("2026-05-11"), None)
    assert counted(CALENDAR, CALENDAR.day_of(found.known_at), CALENDAR.day_of(found.due_by) - 1, ()) == RULES[0].days
    assert found.rated_due_by == at("2026-03-24", "00:00")


def test_a_day_on_which_the_hall_is_closed_does_not_count(rated: Database) -> None:
    with rated.transaction() as session:
        noted = NOON - timedelta(days=1)
        session.add(Closure(hall_id="cc", day=datetime(2026, 3, 10).date(), reason="停电", noted_at=noted))  # noqa: DTZ001
    CallBacks(rated, RULES).run_once(NOON)
    assert open_ones(rated)[2].due_by == datetime(2026, 3, 24, 16, 0, tzinfo=UTC)


def test_a_correction_to_a_good_rating_lifts_it_and_one_back_opens_it_again(rated: Database) -> None:
    clerk = CallBacks(rated, RULES)
    clerk.run_once(NOON)
    for level, left in ((4, {3}), (1, {2, 3})):
        with rated.transaction() as session:
            session.get_one(Rating, 2).level = level
        assert clerk.run_once(NOON) == 1
        assert set(open_ones(rated)) == left


def test_what_is_done_stays_done(rated: Database) -> None:
    clerk = CallBacks(rated, RULES)
    clerk.run_once(NOON)
    with rated.transaction() as session:
        done = session.exec(select(CallBack).where(CallBack.rating_id == 2)).one()
        done.state = CallBackState.DONE
        session.get_one(Rating, 2).level = 5
    assert clerk.run_once(NOON) == 0
    assert set(open_ones(rated)) == {3}


def test_a_rating_is_judged_by_the_version_of_its_day() -> None:
    later = CallBackRules("later", date(2026, 7, 1), 10, "")
    for day, rules in (("2020-01-06", RULES[0]), ("2026-06-30", RULES[0]), ("2026-07-01", later)):
        due, _, found = dues_of(CALENDAR, at(day), at(day), (*RULES, later))
        assert found is rules
        assert counted(CALENDAR, CALENDAR.day_of(at(day)), CALENDAR.day_of(due.by) - 1, ()) == rules.days
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        parse_call_back_rules('[[call_backs]]\nversion = "x"\neffective = 2026-01-01\ndays = 0\nsource = ""')


def test_one_that_is_due_in_a_year_that_is_not_announced_says_so(rated: Database) -> None:
    with rated.transaction() as session:
        session.get_one(Rating, 2).rated = at("2026-12-25")
    CallBacks(rated, RULES).run_once(at("2026-12-26"))
    found = open_ones(rated)
    assert (found[2].provisional, found[2].rules) == (True, "usual-2026")


def close(database: Database, day: date) -> None:
    with database.transaction() as session:
        session.add(Closure(hall_id="cc", day=day, reason="台风", noted_at=NOON))


def test_a_closure_that_is_noted_later_puts_off_what_is_still_to_be_done(rated: Database) -> None:
    clerk, moving = CallBacks(rated, RULES), Moving(rated, RULES)
    clerk.run_once(NOON)
    assert moving.run_once(NOON) == 0, "nothing has changed"
    with rated.transaction() as session:
        session.exec(select(CallBack).where(CallBack.rating_id == 3)).one().state = CallBackState.DONE
    close(rated, date(2026, 3, 10))
    assert [moving.run_once(NOON) for _ in range(2)] == [1, 0]
    assert open_ones(rated)[2].due_by == datetime(2026, 3, 24, 16, 0, tzinfo=UTC)
    with rated.transaction() as session:
        session.exec(select(Closure)).one().withdrawn_at = NOON
    assert moving.run_once(NOON) == 0, "what was told is taken from nobody"


def test_an_order_and_its_new_deadline_are_put_off_by_a_closure(rated: Database) -> None:
    with rated.transaction() as session:
        session.add_all([User(id=n, name=f"u{n}", password_hash="", role=role, created_at=NOON) for n, role in PEOPLE])
        session.flush()
        session.add(an_order(NOON, Due(at("2026-03-06", "00:00")), id=1))
        session.add(an_order(NOON, Due(at("2026-03-06", "00:00")), id=2, state=OrderState.CLOSED))
    close(rated, date(2026, 3, 4))
    assert Moving(rated, RULES).run_once(NOON) == 1, "not that which is over"
    with rated.transaction() as session:
        assert session.get_one(SupervisionOrder, 1).due_by == at("2026-03-07", "00:00")
        say(session, 1, OrderAct.ANSWER, "已办", 2, NOON + timedelta(hours=1))
        returned = say(session, 1, OrderAct.RETURN, "补充", 1, NOON + timedelta(hours=2), days=2)
        assert returned.due_by == at("2026-03-06", "00:00")
    close(rated, date(2026, 3, 5))
    assert [Moving(rated, RULES).run_once(NOON) for _ in range(2)] == [1, 0]
    with rated.transaction() as session:
        order = session.get_one(SupervisionOrder, 1)
        assert (order.first_due_by, order.due_by) == (at("2026-03-10", "00:00"), at("2026-03-07", "00:00"))


def test_a_provisional_deadline_moves_either_way_when_its_year_is_announced(rated: Database) -> None:
    guessed = Due(at("2026-03-09", "00:00"), provisional=True)
    with rated.transaction() as session:
        session.add_all([User(id=n, name=f"u{n}", password_hash="", role=role, created_at=NOON) for n, role in PEOPLE])
        session.flush()
        session.add(an_order(NOON, guessed, id=1))
    assert Moving(rated, RULES).run_once(NOON) == 1
    with rated.transaction() as session:
        order = session.get_one(SupervisionOrder, 1)
        assert (order.due_by, order.provisional) == (at("2026-03-06", "00:00"), False)


PEOPLE = ((1, Role.SUPERVISOR), (2, Role.DEPARTMENT))


def an_order(issued: datetime, due: Due, **more: Any) -> SupervisionOrder:
    said = {"case_id": 7, "department_id": "tax", "text": "催办", "issued_by": 1, "issued_at": issued, "first_days": 3}
    first = {"first_due_by": due.by, "first_provisional": due.provisional}
    return SupervisionOrder(**{**said, **first, "due_by": due.by, "provisional": due.provisional, **more})
