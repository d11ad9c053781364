"""Which cases are reckoned first where many wait; one portion at a time."""

from collections.abc import Sequence
from datetime import date, datetime

import pytest
from sqlmodel import Session, col, select, update

from correlation.deadlines import keeping
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.loading import CaseTold, load_told
from correlation.deadlines.rules import Rules
from storage.database import Database, lock_for_adding
from storage.models import Case, Closure, Deadline, Standing
from tests.correlation.deadlines.cases import RULES, at
from tests.correlation.deadlines.platform import Platform, step
from tests.sample import HALL

NINE = at("2026-03-02", "09:00")
NOON = at("2026-03-02", "12:00")


@pytest.fixture
def ten_cases(a_platform: Platform) -> Platform:
    """All reckoned."""
    a_platform.tells(NINE, *(accepted(number) for number in range(10)))
    a_platform.look_around_and_run(NINE)
    return a_platform


def accepted(number: int, at_minute: int = 30) -> dict[str, object]:
    return step(f"S{number}", "accept", f"2026-03-02T08:{at_minute:02}") | {"case": f"{number}"}


def one_by_one(database: Database) -> DeadlineKeeper:
    return DeadlineKeeper(database, RULES, portion=1, due=1, portions=1)


def reckoned_at(database: Database, moment: datetime) -> list[str]:
    numbers = select(Case.number).join(Deadline, col(Deadline.case_id) == Case.id)
    with database.transaction() as session:
        return list(session.exec(numbers.where(Deadline.reckoned_at == moment).order_by(col(Case.id))))


def test_a_case_of_which_something_is_told_does_not_wait_for_all_cases_of_a_hall_that_is_closed(
    ten_cases: Platform,
) -> None:
    keeper = one_by_one(ten_cases.database)
    with ten_cases.database.transaction() as session:
        session.add(Closure(hall_id=HALL, day=date(2026, 3, 4), reason="台风", noted_at=NOON))
    assert keeper.look_around(NOON) == 1
    ten_cases.tells(NOON, accepted(6, at_minute=40))
    assert keeper.run_once(NOON) == 2, "the one that was told, and one of those that wait"
    assert "6" in reckoned_at(ten_cases.database, NOON)
    while keeper.run_once(NOON):
        pass
    assert len(reckoned_at(ten_cases.database, NOON)) == 10
    with ten_cases.database.transaction() as session:
        assert set(session.exec(select(Deadline.promised_late_from))) == {at("2026-03-11", "00:00")}


def test_a_case_whose_moment_has_come_does_not_wait_for_all_that_were_due_before(ten_cases: Platform) -> None:
    eleven = at("2026-03-02", "11:00")
    with ten_cases.database.transaction() as session:
        session.exec(update(Deadline).values(next_at=eleven))
        sixth = select(Case.id).where(Case.number == "6").scalar_subquery()
        session.exec(update(Deadline).where(col(Deadline.case_id) == sixth).values(next_at=NOON))
    assert DeadlineKeeper(ten_cases.database, RULES, portion=1, due=1, portions=2).run_once(NOON) == 2
    assert "6" in reckoned_at(ten_cases.database, NOON)


def test_neither_a_new_case_nor_a_change_of_an_old_one_waits_until_an_import_is_reckoned(ten_cases: Platform) -> None:
    ten_cases.tells(NOON, *(accepted(number) for number in range(100, 110)))
    ten_cases.tells(NOON, accepted(200), accepted(0, at_minute=40))
    assert DeadlineKeeper(ten_cases.database, RULES, portion=1, due=1, portions=2).run_once(NOON) == 2
    assert reckoned_at(ten_cases.database, NOON) == ["0", "200"]


def test_on_sqlite_others_can_write_between_two_portions(sqlite_platform: Platform) -> None:
    """Who waits there is not told when the other is done: without a pause it never asks at the right moment."""
    sqlite_platform.tells(NINE, *(accepted(number) for number in range(3)))
    chances = []

    def others_write(_: float) -> None:
        with sqlite_platform.database.transaction() as session:
            lock_for_adding(session, Deadline)
            chances.append(len(session.exec(select(Deadline)).all()))

    DeadlineKeeper(sqlite_platform.database, RULES, portion=1, due=1, portions=3, pause=others_write).run_once(NOON)
    assert chances == [1, 2, 3], "after each portion of those that are told anew"


def test_on_sqlite_others_can_write_while_a_portion_is_reckoned_and_what_they_say_counts(
    sqlite_platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If they had to wait, this would wait for itself."""
    sqlite_platform.tells(NINE, *(accepted(number) for number in range(3)))
    load, told = load_told, list[int]()

    def meanwhile(session: Session, cases: Sequence[int], *rules: Rules) -> list[CaseTold]:
        found = load(session, cases, *rules)
        told.append(len(found))
        if len(told) == 1:
            sqlite_platform.tells(NOON, accepted(1) | {"step": "S-close", "kind": "close"})
        return found

    monkeypatch.setattr(keeping, "load_told", meanwhile)
    assert DeadlineKeeper(sqlite_platform.database, RULES).run_once(NOON) == 3
    assert told == [3, 3], "once more, as what was read is no longer so"
    with sqlite_platform.database.transaction() as session:
        closed = select(Case.number).join(Deadline).where(Deadline.standing == Standing.DONE)
        assert session.exec(closed).all() == ["1"]
        assert session.exec(select(Case.limits_reckoned)).all() == [True] * 3


def test_on_sqlite_others_can_write_while_all_cases_are_marked(sqlite_platform: Platform) -> None:
    database, marked = sqlite_platform.database, []
    sqlite_platform.tells(NINE, *(accepted(number) for number in range(7)))
    sqlite_platform.look_around_and_run(NINE)

    def others_write(_: float) -> None:
        with database.transaction() as session:
            lock_for_adding(session, Deadline)
            marked.append(len(session.exec(select(Deadline).where(Deadline.next_at == NOON)).all()))

    with database.transaction() as session:
        session.add(Closure(hall_id=HALL, day=date(2026, 3, 4), reason="台风", noted_at=NOON))
    keeper = DeadlineKeeper(database, RULES, pause=others_write, marked=3)
    assert [keeper.look_around(NOON), keeper.look_around(NOON)] == [1, 0]
    assert marked == [3, 6]
    assert keeper.run_once(NOON) == 7


def test_marking_that_was_cut_off_begins_anew(sqlite_platform: Platform) -> None:
    database = sqlite_platform.database
    sqlite_platform.tells(NINE, *(accepted(number) for number in range(7)))
    sqlite_platform.look_around_and_run(NINE)
    with database.transaction() as session:
        session.add(Closure(hall_id=HALL, day=date(2026, 3, 4), reason="台风", noted_at=NOON))

    def killed(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        DeadlineKeeper(database, RULES, pause=killed, marked=3).look_around(NOON)
    assert DeadlineKeeper(database, RULES).look_around(NOON) == 1
    assert DeadlineKeeper(database, RULES).run_once(NOON) == 7
