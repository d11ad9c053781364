"""A rule judges what lasts while it holds; what was over before, and what another rule said in its time, stands."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from analytics.absence import FoundAbsence
from analytics.plan import load_plan
from analytics.recording import write_absences
from analytics.rewriting import rejudge
from analytics.rule import Rule, rule_in_force
from storage.database import Database
from storage.intervals import Span
from storage.models import Absence, AbsenceRule, CustomerState, Presence, StaffState
from tests.analytics.scenes import START, at
from tests.sample import HALL, a_hall

STAFFED, UNSTAFFED = StaffState.STAFFED, StaffState.UNSTAFFED
CHANGE = 200
NOW = at(2000)
Row = tuple[float, float | None, str, int]


def a_rule(threshold_s: int, start: float, end: float | None = None, counter_id: str | None = None) -> AbsenceRule:
    return AbsenceRule(
        threshold_s=threshold_s,
        waiting_threshold_s=threshold_s,
        counter_id=counter_id,
        hall_id=HALL if counter_id else None,
        valid_from=at(start),
        valid_to=None if end is None else at(end),
    )


def test_a_rule_holds_from_when_another_stops_to_hold_there() -> None:
    rules = [a_rule(300, -900), a_rule(60, 100, 200, "cc-1"), a_rule(60, 500)]

    def holds(counter_id: str, second: float) -> tuple[float | None, float | None]:
        rule = rule_in_force(rules, HALL, counter_id, at(second))
        return _s(rule.since) if rule.since else None, _s(rule.until) if rule.until else None

    assert [holds("cc-1", second) for second in (0, 150, 200, 600)] == [
        (-900, 100),
        (100, 200),
        (200, 500),
        (500, None),
    ]
    assert holds("cc-2", 300) == (-900, 500)
    assert holds("cc-1", -1000) == (None, -900), "by default"


def found(session: Session) -> list[Row]:
    rows = session.exec(select(Absence).order_by(col(Absence.start)))
    return [(_s(r.start), None if r.end is None else _s(r.end), r.ended_by, r.threshold_s) for r in rows]


def _s(moment: datetime) -> float:
    return (moment - START).total_seconds()


def test_live_it_begins_nothing_that_was_over_before_it_held(sqlite_database: Database) -> None:
    rule = Rule(timedelta(seconds=60), timedelta(seconds=60), since=at(CHANGE))
    before = FoundAbsence(at(0), at(60), at(150), "returned", rule.threshold, False, rule)
    across = replace(before, start=at(160), due=at(220), end=at(300))
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(Absence(counter_id="cc-1", start=at(-90), threshold_s=30))
        known_before = replace(before, start=at(-90), due=at(-30), end=at(-5))
        write_absences(session, HALL, "cc-1", [known_before, before, across], at(301))
        assert found(session) == [(-90, -5, "returned", 30), (160, 300, "returned", 60)]


def empty(session: Session, start: float, end: float, rules: list[AbsenceRule]) -> None:
    """cc-1, staffed else."""
    a_hall(session)
    session.add_all(rules)
    for begin, until, staff in ((-100, start, STAFFED), (start, end, UNSTAFFED), (end, None, STAFFED)):
        ends = None if until is None else at(until)
        session.add(Presence(counter_id="cc-1", start=at(begin), end=ends, staff=staff, customer=CustomerState.NONE))
    session.flush()


def judge(session: Session, *parts: tuple[float, float]) -> None:
    for start, end in parts:
        rejudge(session, load_plan(session, at(start)).counters["cc-1"], Span(at(start), at(end)), NOW)


BOTH = ((0, CHANGE), (CHANGE, 500))
STRICT_THEN_LAX = [(60, -900, CHANGE), (600, CHANGE, None)]
LAX_THEN_STRICT = [(600, -900, CHANGE), (60, CHANGE, None)]


@pytest.mark.parametrize(
    ("rules", "empty_from", "empty_to", "expected"),
    [
        (STRICT_THEN_LAX, 30, 330, [(30, CHANGE, "changed", 60)]),
        (STRICT_THEN_LAX, 30, 150, [(30, 150, "returned", 60)]),
        (STRICT_THEN_LAX, 150, 330, []),
        (STRICT_THEN_LAX, 30, 900, [(30, 900, "returned", 600)]),
        (LAX_THEN_STRICT, 30, 150, []),
        (LAX_THEN_STRICT, 30, 250, []),
        (LAX_THEN_STRICT, 30, 330, [(30, 330, "returned", 60)]),
    ],
)
def test_judged_again_it_is_as_it_would_have_been_seen_live(
    sqlite_database: Database,
    rules: list[tuple[int, float, float | None]],
    empty_from: float,
    empty_to: float,
    expected: list[Row],
) -> None:
    with sqlite_database.transaction() as session:
        empty(session, empty_from, empty_to, [a_rule(*rule) for rule in rules])
        judge(session, *BOTH)
        assert found(session) == expected
        said = [row.judged_at for row in session.exec(select(Absence))]
        judge(session, *BOTH)
        assert found(session) == expected
        assert [row.judged_at for row in session.exec(select(Absence))] == said, "there is nothing new to dispute"


def test_judged_again_under_the_later_rule_alone_what_the_earlier_said_stands(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        empty(session, 30, 330, [a_rule(*rule) for rule in STRICT_THEN_LAX])
        session.add(Absence(counter_id="cc-1", start=at(30), end=at(203), ended_by="changed", threshold_s=60))
        session.add(Absence(counter_id="cc-1", start=at(-50), end=at(-20), ended_by="returned", threshold_s=20))
        judge(session, (CHANGE, 500))
        assert found(session) == [(-50, -20, "returned", 20), (30, 203, "changed", 60)]
        judge(session, (0, CHANGE))
        assert found(session)[1] == (30, 203, "changed", 60)
