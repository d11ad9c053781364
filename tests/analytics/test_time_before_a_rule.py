"""Time before a rule counts by the rule that held then: nobody is accused by what was not asked of them yet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from analytics.absence import find_absences, find_all, find_events
from analytics.judging import judge_anew
from analytics.recording import due_of
from analytics.rule import MoreThan, Rule, rule_in_force
from analytics.runs import PresenceSpan
from storage.database import Database
from storage.intervals import Span
from storage.models import Absence, AbsenceRule, EventKind
from tests.analytics.morning import Morning
from tests.analytics.scenes import START, at
from tests.analytics.test_change_of_rule import a_rule
from tests.analytics.test_events import ALWAYS, RULE, a_span, history, laid_out, seen
from tests.analytics.test_killed import a_hall_with_one_view
from tests.sample import CAMERA, HALL

EMPTY = history((0, 0, 0))


def after(seconds: float, waiting: float | None = None) -> Rule:
    threshold = timedelta(seconds=seconds)
    return Rule(threshold, threshold if waiting is None else timedelta(seconds=waiting))


def one_after_the_other(*rules: tuple[float, Rule]) -> Rule:
    """Each from so many seconds on; the first has always held."""
    held: Rule | None = None
    for since, rule in rules:
        held = replace(rule, since=at(since), before=held) if held else rule
    assert held is not None
    return held


def due(rule: Rule, presence: Sequence[PresenceSpan] = EMPTY, kind: EventKind = EventKind.ABSENCE) -> list[float]:
    return [seconds(event.due) for event in find_events(kind, presence, ALWAYS, rule, at(5000))]


def seconds(moment: datetime) -> float:
    return (moment - START).total_seconds()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([(0, after(600)), (200, after(60))], 260),
        ([(0, after(230)), (200, after(60))], 230),
        ([(0, after(150)), (200, after(60))], 150),
        ([(0, after(60)), (50, after(600))], 600),
        ([(0, after(600)), (200, after(60)), (210, after(60))], 260),
        ([(0, after(600)), (200, after(300)), (210, after(60))], 270),
        ([(0, after(600)), (200, replace(after(600), required=2))], 600),
        ([(0, replace(after(600), required=2)), (200, after(600))], 600),
    ],
)
def test_it_is_due_when_either_rule_would_have_had_it_so(rules: list[tuple[float, Rule]], expected: float) -> None:
    assert due(one_after_the_other(*rules)) == [expected]


def test_a_customer_who_waited_before_the_rule_waited_by_the_one_of_then() -> None:
    waited = history((0, 0, 0), (100, 0, 1))
    assert due(one_after_the_other((0, after(900, 600)), (200, after(900, 60))), waited) == [260]
    waited_and_went = history((0, 0, 1), (150, 0, 0))
    assert due(one_after_the_other((0, after(900, 600)), (200, after(900, 60))), waited_and_went) == [900]


def test_what_was_enough_by_the_rule_before_counts_from_the_new_one_on() -> None:
    """One of two was there: nothing was amiss until two were asked for."""
    alone = [*history((0, 1, 0))]
    lax, strict = after(300), replace(after(300), required=2)
    assert due(one_after_the_other((0, lax), (1000, strict)), alone) == [1300]


@pytest.mark.parametrize(
    ("kind", "asked", "shown"),
    [
        (EventKind.UNATTENDED, {"unattended": timedelta(seconds=60)}, (0, 0, 1)),
        (EventKind.QUEUE, {"queue": MoreThan(2, timedelta(seconds=60))}, (0, 1, 5)),
        (EventKind.CROWD, {"crowd": MoreThan(2, timedelta(seconds=60))}, (0, 5, 0)),
    ],
)
def test_what_nobody_looked_for_before_counts_from_the_rule_on(
    kind: EventKind, asked: dict[str, timedelta], shown: tuple[float, int, int]
) -> None:
    rule = replace(Rule(), **asked)  # type: ignore[arg-type]
    assert due(rule, history(shown), kind) == [60]
    assert due(one_after_the_other((0, Rule()), (500, rule)), history(shown), kind) == [560]


@settings(max_examples=200, deadline=None)
@given(*[st.integers(1, 400)] * 2, st.integers(1, 600), st.integers(1, 900))
def test_nobody_is_accused_by_time_before_a_rule_and_none_put_off_for_longer_than_it_says(
    before: int, now: int, changed: int, length: int
) -> None:
    presence = [a_span(at(0), at(length), 0, 0), a_span(at(length), None, 1, 0)]
    found = find_absences(presence, ALWAYS, one_after_the_other((0, after(before)), (changed, after(now))), at(5000))
    possible = max(now, min(before, changed + now))
    assert [seconds(absence.due) for absence in found] == ([possible] if possible <= length else [])


@settings(max_examples=100, deadline=None)
@given(seen, st.lists(st.integers(1, 3000), max_size=3))
def test_a_rule_that_was_written_anew_in_the_same_words_puts_nothing_off(
    parts: list[tuple[int, int | None, int | None]], written: list[int]
) -> None:
    presence, clock = laid_out(parts)
    openings = [Span(at(100), at(2000))]
    versions = one_after_the_other((0, RULE), *((moment, RULE) for moment in sorted(set(written))))
    assert find_all(presence, openings, versions, at(clock)) == find_all(presence, openings, RULE, at(clock))


@settings(max_examples=60, deadline=None)
@given(seen, st.integers(0, 3000), st.integers(1, 2000), st.integers(1, 300))
def test_what_was_found_earlier_stays_found_over_a_change(
    parts: list[tuple[int, int | None, int | None]], now: int, changed: int, threshold: int
) -> None:
    presence, clock = laid_out(parts)
    rule = one_after_the_other((0, RULE), (changed, after(threshold)))
    known = [span for span in presence if span.start <= at(now)]
    early = {(event.kind, event.start, event.due) for event in find_all(known, ALWAYS, rule, at(now))}
    assert early <= {(e.kind, e.start, e.due) for e in find_all(presence, ALWAYS, rule, at(clock + now))}


def test_the_rules_of_a_counter_are_known_one_after_the_other() -> None:
    rules = [a_rule(300, -900), a_rule(60, 100, 200, "cc-1"), a_rule(90, 500)]
    known = chain(rule_in_force(rules, HALL, "cc-1", at(600)))
    assert known == [(90, 500), (300, 200), (60, 100), (300, -900), (300, None)]


def test_a_rule_before_that_makes_no_sense_accused_nobody() -> None:
    rules = [a_rule(300, -900), a_rule(0, 510, 520), a_rule(90, 520)]
    assert chain(rule_in_force(rules, HALL, "cc-1", at(600))) == [(90, 520)]


def chain(rule: Rule | None) -> list[tuple[float, float | None]]:
    """Threshold and beginning of it and of those before."""
    if rule is None:
        return []
    return [(rule.threshold.total_seconds(), seconds(rule.since) if rule.since else None), *chain(rule.before)]


def test_live_and_judged_anew_it_is_due_at_the_same_moment(sqlite_database: Database) -> None:
    """An absence after 90 s, from the 40th second on after 20 s."""
    a_hall_with_one_view(sqlite_database)
    with sqlite_database.transaction() as session:
        for rule in session.exec(select(AbsenceRule)):
            session.delete(rule)
        session.add_all([a_rule(90, -900, 40), a_rule(20, 40)])
    morning = Morning(sqlite_database, {CAMERA: (lambda _second: "nobody", 1)})
    morning.until(60)
    assert morning.absences() == []
    morning.until(64)
    assert morning.absences() == [(0, None, "")]
    with sqlite_database.transaction() as session:
        live = told(session)
        for row in session.exec(select(Absence)):
            row.evidence = {**row.evidence, "due": at(0).isoformat()}
        judge_anew(session, "cc-1", Span(at(0), at(64)), at(64))
        assert told(session) == live == [(at(0), at(60))]


def told(session: Session) -> list[tuple[datetime, datetime]]:
    return [(row.start, due_of(row)) for row in session.exec(select(Absence).order_by(col(Absence.start)))]
