"""When the clerk drafts and publishes months."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlmodel import delete, select, update

from correlation.deadlines.card_log import say
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.evaluation.working_out import WorkedOut
from correlation.evaluation.writing import Pace, clear
from storage.database import Database
from storage.models import (
    Batch,
    Card,
    CardAct,
    CardKind,
    Case,
    Deadline,
    EvaluatedUnit,
    Evaluation,
    EvaluationState,
    MarkKind,
    Role,
    User,
)
from tests.correlation.evaluation.city import COUNTED_AT, a_month, appeal, step, tell
from tests.locks import until_it_waits
from web.errors import Conflict
from web.evaluating import (
    CLERK,
    LONGEST_WAIT,
    Evaluating,
    LastDone,
    Task,
    due,
    period_of,
    publish,
    waiting_cases,
    worked_out,
)
from web.months import Month

APRIL, MAY, JUNE = Month(2026, 4), Month(2026, 5), Month(2026, 6)
THIRD, FIFTH = datetime(2026, 6, 3, 1, tzinfo=UTC), datetime(2026, 6, 5, 1, tzinfo=UTC)
DRAFT, PUBLISHED = EvaluationState.DRAFT, EvaluationState.PUBLISHED


def test_the_month_before_is_drafted_until_its_day_comes() -> None:
    day = date(2026, 6, 3)
    assert list(due(THIRD, day, 5, {})) == [Task(MAY, publish=False), Task(JUNE, publish=False)]
    fresh = {"2026-05": LastDone(DRAFT, THIRD - timedelta(hours=23)), "2026-06": LastDone(DRAFT, THIRD)}
    assert list(due(THIRD, day, 5, fresh)) == []
    old = {**fresh, "2026-05": LastDone(DRAFT, THIRD - timedelta(hours=24))}
    assert list(due(THIRD, day, 5, old)) == [Task(MAY, publish=False)]
    assert list(due(FIFTH, date(2026, 6, 5), 5, {"2026-06": LastDone(DRAFT, FIFTH)})) == [Task(MAY, publish=True)]


def test_who_has_just_begun_is_not_shown_an_empty_draft_for_a_day() -> None:
    first, seen = THIRD + timedelta(minutes=1), []
    last = {"2026-05": LastDone(DRAFT, THIRD), "2026-06": LastDone(DRAFT, THIRD)}
    for minutes in range(1, 60 * 24 * 5):
        now = THIRD + timedelta(minutes=minutes)
        for task in due(now, date(2026, 6, 3), 0, last, first):
            last[str(task.month)] = LastDone(DRAFT, now)
            seen += [minutes] if task.month == JUNE else []
    assert seen[:6] == [1, 2, 3, 5, 9, 17]
    assert [b - a for a, b in pairwise(seen[-3:])] == [24 * 60, 24 * 60], "then daily"


@settings(max_examples=40)
@given(st.dates(date(2026, 1, 1), date(2028, 1, 1)), st.integers(0, 28))
def test_nothing_that_is_published_and_no_month_that_goes_on_is_published(day: date, publish_day: int) -> None:
    now = datetime(day.year, day.month, day.day, tzinfo=UTC)
    this = Month(day.year, day.month)
    assert all(task.month != this for task in due(now, day, publish_day, {}) if task.publish)
    done = {str(month): LastDone(PUBLISHED, now - timedelta(days=9)) for month in (this, this.plus(-1))}
    assert not [task for task in due(now, day, publish_day, done) if task.publish]
    assert not [task for task in due(now, day, 0, {}) if task.publish], "without a day people publish"


def test_a_month_is_the_days_of_the_site() -> None:
    period = period_of(APRIL, "Asia/Shanghai")
    assert (period.first, period.last, period.month) == (date(2026, 4, 1), date(2026, 4, 30), "2026-04")
    assert period.span.start == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert period.span.end == datetime(2026, 4, 30, 16, tzinfo=UTC)


def test_the_clerk_drafts_then_publishes_once(sqlite_database: Database) -> None:
    a_month(sqlite_database)
    clerk = Evaluating(sqlite_database, publish_day=5)
    assert [clerk.run_once(at) for at in (THIRD, THIRD, FIFTH, FIFTH)] == [2, 0, 2, 0]
    with sqlite_database.transaction() as session:
        kept = session.exec(select(Evaluation).order_by(Evaluation.month)).all()
    assert [(each.month, each.state, each.published_by) for each in kept] == [
        ("2026-05", PUBLISHED, CLERK),
        ("2026-06", DRAFT, ""),
    ]


def test_what_was_told_and_not_reckoned_yet_is_reckoned_first(sqlite_database: Database) -> None:
    a_month(sqlite_database)
    before = worked_out(sqlite_database, MAY, COUNTED_AT)
    with sqlite_database.transaction() as session:
        for table in (Card, Deadline):
            session.execute(delete(table))
        session.execute(update(Case).values(limits_reckoned=False))
    after = worked_out(sqlite_database, MAY, COUNTED_AT)
    assert before is not None
    assert after is not None
    assert [unit.counted for unit in after.units] == [unit.counted for unit in before.units]
    assert sum(unit.counted.red for unit in after.units) > 0


def test_who_publishes_a_month_that_another_counts_meanwhile_is_told_so(sqlite_database: Database) -> None:
    a_month(sqlite_database)
    worked = worked_out(sqlite_database, MAY, FIFTH)
    assert worked is not None
    another = Pace(go_on=lambda: clear(sqlite_database, str(MAY), Pace()))
    with pytest.raises(Conflict, match="Another counted this month"):
        publish(sqlite_database, worked, None, FIFTH, pace=another)


def test_a_month_waits_until_the_clerk_has_reckoned_all_cases_anew_but_not_for_ever(sqlite_database: Database) -> None:
    a_month(sqlite_database)
    clerk, keeper = Evaluating(sqlite_database, publish_day=5, backlog=3), DeadlineKeeper(sqlite_database)
    assert clerk.run_once(FIFTH) == 2
    sixth = FIFTH + timedelta(days=1)
    _let_all_cases_wait(sqlite_database)
    assert clerk.run_once(sixth) == 0
    while keeper.run_once(sixth):
        pass
    assert clerk.run_once(sixth) == 2
    for passed, counted in ((LONGEST_WAIT - timedelta(hours=1), 0), (LONGEST_WAIT, 2)):
        _let_all_cases_wait(sqlite_database)
        assert clerk.run_once(sixth + passed) == counted


def _let_all_cases_wait(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(Deadline).values(next_at=FIFTH))


def test_the_first_cases_of_a_site_are_counted_at_once(sqlite_database: Database) -> None:
    clerk, minute = Evaluating(sqlite_database, publish_day=0), timedelta(minutes=1)
    assert [clerk.run_once(at) for at in (THIRD, THIRD + minute)] == [2, 0]
    a_month(sqlite_database)
    with sqlite_database.transaction() as session:
        session.execute(update(Batch).values(received_at=THIRD + minute))
    assert [clerk.run_once(THIRD + n * minute) for n in (2, 2, 3)] == [2, 0, 2]
    with sqlite_database.transaction() as session:
        [may, june] = session.exec(select(Evaluation).order_by(Evaluation.month)).all()
        assert session.exec(select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == may.id)).all()
        assert june.counted_at == THIRD + 3 * minute


def test_a_month_that_goes_on_or_is_before_every_formula_is_not_published(sqlite_database: Database) -> None:
    worked = worked_out(sqlite_database, MAY, THIRD)
    assert worked is not None
    with pytest.raises(Conflict, match="2026-05 is not over"):
        publish(sqlite_database, worked, None, datetime(2026, 5, 31, 15, tzinfo=UTC))
    assert worked_out(sqlite_database, Month(2025, 12), THIRD) is None
    assert Evaluating(sqlite_database, publish_day=3).run_once(THIRD) == 2, "nothing was counted, so it stays a draft"
    with sqlite_database.transaction() as session:
        assert {each.state for each in session.exec(select(Evaluation))} == {DRAFT}


NOTHING_IS_OPEN = datetime(2026, 6, 15, 1, tzinfo=UTC)
"""No absence of May can be disputed any more."""
JULY_5 = datetime(2026, 7, 5, 1, tzinfo=UTC)


def published_may(database: Database, at: datetime = COUNTED_AT) -> None:
    worked = worked_out(database, MAY, at)
    assert worked is not None
    publish(database, worked, None, at)


def drafts_of_may(database: Database) -> list[tuple[int, bool | None]]:
    with database.transaction() as session:
        of_may = select(Evaluation).where(Evaluation.month == str(MAY), Evaluation.state == DRAFT)
        return [(each.number, each.differs) for each in session.exec(of_may)]


def decide(database: Database, act: CardAct, at: datetime) -> None:
    """On the appeal against the card of case C."""
    with database.transaction() as session:
        of_case = select(Card.id).join(Case).where(Case.number == "C", Card.kind == CardKind.YELLOW)
        session.add(User(id=3, name="t", password_hash="", role=Role.SUPERVISOR, created_at=COUNTED_AT))
        session.flush()
        say(session, session.exec(of_case).one() or 0, act, "理由不成立", 3, at)


@pytest.mark.parametrize("act", [CardAct.REJECT_APPEAL, CardAct.GRANT_APPEAL])
@pytest.mark.parametrize("looked_at", [COUNTED_AT + timedelta(hours=3), JULY_5])
def test_a_decision_after_a_month_was_published_drafts_an_erratum(
    sqlite_database: Database, act: CardAct, looked_at: datetime
) -> None:
    a_month(sqlite_database)
    appeal(sqlite_database, "C", COUNTED_AT - timedelta(hours=1))
    published_may(sqlite_database)
    clerk = Evaluating(sqlite_database, publish_day=0)
    clerk.run_once(COUNTED_AT + timedelta(hours=1))
    assert drafts_of_may(sqlite_database) == []
    decide(sqlite_database, act, COUNTED_AT + timedelta(hours=2))
    clerk.run_once(looked_at)
    assert drafts_of_may(sqlite_database) == [(2, True)]


def test_a_month_that_comes_out_the_same_drafts_nothing_to_correct(sqlite_database: Database) -> None:
    a_month(sqlite_database)
    published_may(sqlite_database, NOTHING_IS_OPEN)
    clerk = Evaluating(sqlite_database, publish_day=0)
    clerk.run_once(NOTHING_IS_OPEN + timedelta(days=1))
    assert drafts_of_may(sqlite_database) == [(2, False)]
    with sqlite_database.transaction() as session:
        units = select(EvaluatedUnit).join(Evaluation).where(Evaluation.month == str(MAY))
        assert {unit.evaluation_id for unit in session.exec(units)} == {1}, "nothing is kept twice"
    late = step("A", 2, "decide", "2026-05-14T10:00")
    tell(sqlite_database, [late], NOTHING_IS_OPEN + timedelta(days=2))
    clerk.run_once(NOTHING_IS_OPEN + timedelta(days=2, hours=1))
    assert drafts_of_may(sqlite_database) == [(2, True)], "a case that was told otherwise"


def test_older_months_are_counted_again_in_turn_and_at_once_where_somebody_decided() -> None:
    day, now = date(2026, 6, 3), THIRD
    last = {str(month): LastDone(PUBLISHED, now - timedelta(days=age)) for month, age in ((MAY, 0), (APRIL, 2))}
    last |= {"2026-03": LastDone(PUBLISHED, now - timedelta(days=3)), "2026-06": LastDone(DRAFT, now)}
    assert list(due(now, day, 5, last)) == [Task(Month(2026, 3), publish=False)], "that of the oldest look"
    last["2026-03"] = LastDone(PUBLISHED, now - timedelta(hours=2))
    assert list(due(now, day, 5, last)) == [], "one a day"
    decided = {"2026-03", "2026-04"}
    assert list(due(now, day, 5, last, decided=decided)) == [
        Task(Month(2026, 3), publish=False),
        Task(APRIL, publish=False),
    ]
    last["2026-03"] = LastDone(PUBLISHED, now - timedelta(minutes=2))
    assert list(due(now, day, 5, last, decided=decided)) == [Task(APRIL, publish=False)]


def test_who_is_told_to_stop_gives_a_month_up_and_keeps_nothing_of_it(sqlite_database: Database) -> None:
    a_month(sqlite_database)
    asked = iter([False, True])
    clerk = Evaluating(sqlite_database, publish_day=3, is_stopping=lambda: next(asked))
    assert clerk.run_once(THIRD) == 0
    with sqlite_database.transaction() as session:
        assert session.exec(select(Evaluation)).all() == []
    assert next(asked, None) is None, "it asked until it was told to"
    assert Evaluating(sqlite_database, publish_day=3).run_once(THIRD) == 2, "and is done by the next"


def test_a_case_that_the_clerk_has_in_hand_is_waited_for(postgres_database: Database) -> None:
    """It locks what it reckons; a month that left those cases out would say that there is nothing to correct."""
    before, clerk = one_case_in_hand(postgres_database)
    with ThreadPoolExecutor(1) as pool:
        try:
            counting = pool.submit(worked_out, postgres_database, MAY, COUNTED_AT)
            until_it_waits(postgres_database, counting)
            was_done = counting.done()
        finally:
            clerk.close()
        after = counting.result()
    assert not was_done
    assert after is not None
    assert _late(after) == _late(before) + 1


def test_a_case_that_stays_in_hand_is_left_out_and_told(postgres_database: Database) -> None:
    """An import may hold its cases for longer than anybody waits for a month."""
    before, importing = one_case_in_hand(postgres_database)
    told: list[int] = []
    with closing(importing):
        after = worked_out(postgres_database, MAY, COUNTED_AT, in_hand_s=0.1, left_out=told.append)
        assert (told, waiting_cases(postgres_database, COUNTED_AT)) == ([1], 1)
    assert after is not None
    assert _late(after) == _late(before) + 1, "its steps count; its cards wait"
    worked_out(postgres_database, MAY, COUNTED_AT, left_out=told.append)
    assert (told, waiting_cases(postgres_database, COUNTED_AT)) == ([1], 0)


def test_the_clerk_publishes_no_month_while_its_cases_are_being_written(postgres_database: Database) -> None:
    _before, importing = one_case_in_hand(postgres_database)
    clerk = Evaluating(postgres_database, publish_day=3, in_hand_s=0.1)
    with closing(importing):
        assert clerk.run_once(THIRD) == 0
    assert clerk.run_once(THIRD) == 2
    with postgres_database.transaction() as session:
        published = select(Evaluation.month).where(Evaluation.state == EvaluationState.PUBLISHED)
        assert session.exec(published).all() == [str(MAY)]


def one_case_in_hand(database: Database) -> tuple[WorkedOut, Connection]:
    """May without it, and the connection that holds it until it is closed."""
    a_month(database)
    before = worked_out(database, MAY, COUNTED_AT)
    assert before is not None
    tell(database, [step("N", 1, "accept", "2026-05-06T10:00"), step("N", 2, "decide", "2026-05-29T10:00")],
         COUNTED_AT)  # fmt: skip
    holder = database.engine.connect()
    holder.execute(select(Case).where(Case.number == "N").with_for_update(key_share=True))
    return before, holder


def _late(worked: WorkedOut) -> int:
    return sum(mark.kind is MarkKind.LATE_CASE for mark in worked.marks)
