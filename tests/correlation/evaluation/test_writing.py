"""A month is written in portions: others write in between, and nobody sees half of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select

from correlation.evaluation.keeping import is_seen, keep_draft, of_month, publish
from correlation.evaluation.working_out import WorkedOut
from correlation.evaluation.writing import Overtaken, Pace, clear
from storage.database import Database, lock_for_adding
from storage.models import EvaluatedUnit, Evaluation, EvaluationMark, EvaluationState
from tests.correlation.evaluation.city import COUNTED_AT, a_month, appeal, worked

MAY = "2026-05"
HOUR = timedelta(hours=1)


@pytest.fixture
def counted(sqlite_database: Database) -> tuple[Database, WorkedOut]:
    a_month(sqlite_database)
    return sqlite_database, worked(sqlite_database)


def one_by_one(beside: Callable[[], Any]) -> Pace:
    return Pace(portion=1, pause=lambda _: None, go_on=beside)


def seen(database: Database) -> list[tuple[str, int, int, int]]:
    """State, number, units and marks of each that is not hidden, the newest first."""
    with database.transaction() as session:

        def rows(table: type[EvaluatedUnit] | type[EvaluationMark], of: int | None) -> int:
            return session.exec(select(func.count(col(table.id))).where(table.evaluation_id == of)).one()

        shown = session.exec(select(Evaluation).where(is_seen())).all()
        assert [each.id for each in of_month(session, MAY)] == [each.id for each in shown][::-1]
        return [
            (each.state.value, each.number, rows(EvaluatedUnit, each.id), rows(EvaluationMark, each.id))
            for each in shown
        ]


def test_while_a_draft_is_written_the_one_before_is_whole_and_others_can_write(
    counted: tuple[Database, WorkedOut],
) -> None:
    database, found = counted
    keep_draft(database, found)
    whole = [("draft", 1, len(found.units), len(found.marks))]
    during = []

    def beside() -> None:
        with database.transaction() as session:  # a writer that is let in
            lock_for_adding(session, Evaluation)
        during.append(seen(database))

    keep_draft(database, found, one_by_one(beside))
    assert seen(database) == whole
    assert len(during) > len(found.units) + len(found.marks)
    assert all(each == whole for each in during)
    with database.transaction() as session:
        assert len(session.exec(select(Evaluation)).all()) == 1, "the one before is gone"
        assert len(session.exec(select(EvaluationMark)).all()) == len(found.marks)


def test_what_is_published_appears_whole_and_at_once(counted: tuple[Database, WorkedOut]) -> None:
    database, found = counted
    during: list[Any] = []
    publish(database, found, "何敏", COUNTED_AT, pace=one_by_one(lambda: during.append(seen(database))))
    whole = ("published", 1, len(found.units), len(found.marks))
    assert seen(database) == [whole]
    assert [each for each in during if each not in ([], [whole])] == []


def address(database: Database) -> int | None:
    """Of the newest that is seen."""
    with database.transaction() as session:
        assert {each.address is None for each in session.exec(select(Evaluation))} == {False}
        return of_month(session, MAY)[0].address


def test_a_draft_hands_its_address_on_until_it_is_published_and_an_erratum_has_another(
    counted: tuple[Database, WorkedOut],
) -> None:
    database, found = counted
    of_june = replace(found, period=replace(found.period, month="2026-06"))
    addresses, others = [], []
    for _ in range(3):
        keep_draft(database, found, Pace(pause=lambda _: None))
        addresses.append(address(database))
        others.append(keep_draft(database, of_june, Pace(pause=lambda _: None)).address)
    publish(database, found, "何敏", COUNTED_AT)
    assert {*addresses, address(database)} == {addresses[0]}
    assert len(set(others)) == 1
    assert others[0] != addresses[0]
    appeal(database, "C", COUNTED_AT + HOUR)
    errata = []
    for hours in (2, 3):
        keep_draft(database, worked(database, COUNTED_AT + hours * HOUR))
        errata.append(address(database))
    assert len(set(errata)) == 1
    assert errata[0] not in (*addresses, *others)


def test_a_writer_that_dies_leaves_nothing_that_is_seen_and_the_next_takes_it_away(
    counted: tuple[Database, WorkedOut],
) -> None:
    database, found = counted
    portions = iter(range(len(found.units) + 3))

    def dies() -> None:
        next(portions)

    with pytest.raises(StopIteration):
        publish(database, found, "何敏", COUNTED_AT, pace=one_by_one(dies))
    assert seen(database) == []
    with database.transaction() as session:
        assert session.exec(select(EvaluationMark)).all()
    publish(database, found, "何敏", COUNTED_AT)
    with database.transaction() as session:
        assert len(session.exec(select(Evaluation)).all()) == 1
        assert len(session.exec(select(EvaluationMark)).all()) == len(found.marks)


def test_of_two_who_write_the_same_month_one_is_kept(counted: tuple[Database, WorkedOut]) -> None:
    """The second takes the number and, on SQLite, the id of the first."""
    database, found = counted
    later = worked(database, COUNTED_AT + HOUR)
    asked = iter(range(1000))

    def another() -> None:
        if next(asked) == len(found.units) + 2:
            clear(database, MAY, Pace())
            keep_draft(database, later)

    with pytest.raises(Overtaken):
        publish(database, found, "何敏", COUNTED_AT, pace=one_by_one(another))
    assert seen(database) == [("draft", 1, len(later.units), len(later.marks))]


def test_what_was_compared_with_another_than_is_published_now_is_not_kept(counted: tuple[Database, WorkedOut]) -> None:
    database, found = counted
    appeal(database, "C", COUNTED_AT + HOUR)
    later = worked(database, COUNTED_AT + 2 * HOUR)

    def another() -> None:
        with database.transaction() as session:
            if session.exec(select(Evaluation).where(Evaluation.state == EvaluationState.PUBLISHED)).first():
                return
            row = found.period
            session.add(
                Evaluation(
                    month=MAY,
                    number=1,
                    state=EvaluationState.PUBLISHED,
                    zone=row.zone,
                    start=row.span.start,
                    end=row.span.end,
                    counted_at=COUNTED_AT,
                    formula={},
                )
            )

    with pytest.raises(Overtaken):
        publish(database, later, "何敏", COUNTED_AT, pace=one_by_one(another))
    assert [(state, number) for state, number, *_ in seen(database)] == [("published", 1)]
