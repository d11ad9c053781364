"""Versions of rules beside cases that are reckoned at the same moment."""

from datetime import timedelta

from correlation.deadlines.keeping import DeadlineKeeper
from correlation.rule_files import read_rules
from correlation.rule_keeping import add_rules, problems_of
from correlation.rulebook import rule_book
from storage.database import Database
from tests.correlation.deadlines.cases import at
from tests.correlation.deadlines.platform import Platform, step

OWN = '[[cards]]\nversion = "own"\neffective = 2026-03-02\nsource = "x"\ncorrection_days = 5\n'


def test_two_versions_of_one_kind_do_not_begin_on_one_day(sqlite_database: Database) -> None:
    now = at("2026-03-01")
    with sqlite_database.transaction() as session:
        add_rules(session, read_rules(OWN, rule_book(session)), "admin", now)
    with sqlite_database.transaction() as session:
        other = OWN.replace("own", "other").replace("= 5", "= 4")
        (problem,) = problems_of(session, read_rules(other, rule_book(session)), now)
        assert problem.startswith("cards[other].effective: own holds from this day")
        (problem,) = problems_of(session, read_rules(OWN.replace("= 5", "= 4"), rule_book(session)), now)
        assert problem.startswith("cards[own].version: there is a version of this name")


def test_a_version_marks_the_cases_of_its_time(sqlite_database: Database) -> None:
    platform, keeper = Platform(sqlite_database), DeadlineKeeper(sqlite_database)
    now = at("2026-03-02")
    keeper.look_around(now)
    with sqlite_database.transaction() as session:
        add_rules(session, read_rules(OWN, rule_book(session)), "admin", now - timedelta(days=1))
    platform.tells(now, step("1", "accept", "2026-03-02T09:30"))
    platform.clerk_runs(now)
    assert platform.deadline().rules == "usual-2026", "a process that had not heard of the version reckoned it"
    assert keeper.look_around(now) == 1
    keeper.run_once(now)
    assert platform.deadline().rules == "own"
    assert keeper.look_around(now) == 0
