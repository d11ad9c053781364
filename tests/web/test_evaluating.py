"""When the clerk drafts and publishes months."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select, update

from storage.database import Database
from storage.models import Batch, Card, Case, Deadline, EvaluatedUnit, Evaluation, EvaluationState
from tests.correlation.evaluation.city import COUNTED_AT, a_month
from web.errors import Conflict
from web.evaluating import CLERK, Evaluating, LastDone, Task, due, period_of, publish, worked_out
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
    assert list(due(now, day, publish_day, done)) == []
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
        publish(sqlite_database, worked, "何敏", datetime(2026, 5, 31, 15, tzinfo=UTC))
    assert worked_out(sqlite_database, Month(2025, 12), THIRD) is None
    assert Evaluating(sqlite_database, publish_day=3).run_once(THIRD) == 2, "nothing was counted, so it stays a draft"
    with sqlite_database.transaction() as session:
        assert {each.state for each in session.exec(select(Evaluation))} == {DRAFT}
