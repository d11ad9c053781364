"""Facts from what was told, and when."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from correlation.deadlines.clocks import clocks
from correlation.deadlines.facts import Extension, Limit, Suspension
from correlation.deadlines.tellings import Said, Told, ToldDelivery, ToldResult, ToldStep
from correlation.deadlines.told import ItemLimits, facts_at, history
from correlation.deadlines.work_calendar import Closure, WorkCalendar
from ingest.approvals.formats import read_csv
from ingest.approvals.mapping import Mapping
from ingest.approvals.plain import exact
from ingest.approvals.records import StepRow
from ingest.approvals.row import RowError
from storage.models import ClockName, StepKind, SuspensionReason
from tests.correlation.deadlines.cases import CALENDAR, CALENDARS, RULES, Declared, at

ROOT = Path(__file__).parents[3]
RECEIPT = ROOT.parent / "shared" / "data" / "eventlogs" / "receipt.csv"
MAPPING = ROOT / "ingest" / "approvals" / "mappings" / "receipt.toml"
LATER = at("2026-12-30")


declared = Declared(ItemLimits(Limit(20), Limit(5), ((StepKind.ACCEPT, Limit(1)), (StepKind.REVIEW, Limit(3)))))


nobody = Declared(None)


def told(said: Said, told_at: datetime, record: int = 1) -> Told:
    return Told((type(said).__name__, record), told_at, said)


def step(kind: StepKind, start: datetime, minutes: float = 10) -> ToldStep:
    return ToldStep(kind, start, start + timedelta(minutes=minutes))


RECEIVED = told(step(StepKind.RECEIVE, at("2026-03-02", "09:00")), at("2026-03-02", "09:30"), 1)
ACCEPTED = told(step(StepKind.ACCEPT, at("2026-03-02", "10:00")), at("2026-03-02", "10:05"), 2)


def test_a_fact_counts_once_it_has_happened_and_been_told() -> None:
    known = history([RECEIVED, ACCEPTED], declared, CALENDARS)
    assert [one.since for one in known] == [at("2026-03-02", "09:30"), at("2026-03-02", "10:10")]
    assert [one.facts.accepted_at for one in known] == [None, at("2026-03-02", "10:10")]


def test_a_correction_changes_what_is_known_from_its_telling_on() -> None:
    corrected = told(step(StepKind.ACCEPT, at("2026-03-03", "10:00")), at("2026-03-05"), 2)
    known = history([RECEIVED, ACCEPTED, corrected], declared, CALENDARS)
    assert [one.facts.accepted_at for one in known][1:] == [at("2026-03-02", "10:10"), at("2026-03-03", "10:10")]
    assert known[-1].since == at("2026-03-05")


def test_without_a_receipt_the_first_step_shows_that_the_case_was_there() -> None:
    facts = facts_at(LATER, [ACCEPTED], declared)
    assert facts is not None
    assert facts.received_at == at("2026-03-02", "10:00")


def test_the_end_of_a_suspension_is_not_known_before_it_has_come() -> None:
    planned = told(Suspension(SuspensionReason.HEARING, at("2026-03-04"), at("2026-03-11")), at("2026-03-04"))
    known = history([RECEIVED, ACCEPTED, planned], declared, CALENDARS)
    ends = [one.facts.suspensions[0].end for one in known if one.facts.suspensions]
    assert ends == [None, at("2026-03-11")]


def test_a_closure_counts_from_the_moment_at_which_it_was_noted() -> None:
    noted = at("2026-03-04")
    stormy = WorkCalendar(closures=(Closure(date(2026, 3, 5), "台风"),))
    known = history([RECEIVED, ACCEPTED], declared, [*CALENDARS, (noted, stormy)])
    assert [one.calendar for one in known] == [CALENDAR, CALENDAR, stormy]
    assert known[-1].since == noted


def test_results_deliveries_and_extensions_count_beside_steps() -> None:
    said: list[Said] = [
        ToldResult(at("2026-03-09")),
        ToldDelivery(at("2026-03-12")),
        Extension(at("2026-03-06"), 10),
    ]
    facts = facts_at(LATER, [RECEIVED, ACCEPTED, *(told(one, at("2026-03-13")) for one in said)], declared)
    assert facts is not None
    assert (facts.decided_at, facts.delivered_at) == (at("2026-03-09"), at("2026-03-12"))
    assert facts.extensions == (Extension(at("2026-03-06"), 10),)


def test_what_is_decided_once_more_after_the_case_was_closed_or_handed_over_is_another_decision() -> None:
    first, last, anew = (
        told(ToldResult(at(f"2026-{day}")), at(f"2026-{day}"), n) for n, day in enumerate(("03-05", "03-09", "05-20"))
    )
    closed = told(step(StepKind.CLOSE, at("2026-03-09", "11:00")), at("2026-03-09", "12:00"), 3)
    handed_over = told(ToldDelivery(at("2026-03-10")), at("2026-03-10"))

    def decided(*words: Told) -> datetime | None:
        facts = facts_at(LATER, [RECEIVED, ACCEPTED, *words], declared)
        return facts.decided_at if facts else None

    assert decided(first, last) == at("2026-03-09")  # of several departments
    assert decided(first, last, closed, anew) == decided(first, last, handed_over, anew) == at("2026-03-09")
    assert decided(closed, anew) == at("2026-05-20")
    steps = (
        told(step(StepKind.DECIDE, at(f"2026-{day}")), LATER, number) for number, day in ((4, "03-09"), (5, "05-20"))
    )
    assert decided(closed, *steps) == at("2026-03-09", "10:10")


def test_a_link_begins_when_the_one_before_is_done_and_after_one_that_nobody_tells_of_none_is_judged() -> None:
    facts = facts_at(LATER, [RECEIVED, ACCEPTED], declared)
    assert facts is not None
    accept, review = facts.links
    assert (accept.began_at, accept.ended_at) == (at("2026-03-02", "09:00"), at("2026-03-02", "10:10"))
    assert (review.began_at, review.ended_at) == (accept.ended_at, None)
    reviewed = told(step(StepKind.REVIEW, at("2026-03-05")), at("2026-03-05", "11:00"), 3)
    facts = facts_at(LATER, [RECEIVED, reviewed], declared)
    assert facts is not None
    assert facts.links == ()


ACCEPT, REVIEW, DECIDE = StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE


def links_of(item: Sequence[tuple[StepKind, Limit | None]], *steps: ToldStep) -> list[tuple[StepKind, str, str]]:
    """Those that are judged, each with the days on which it began and ended."""
    words = [told(each, each.end, number) for number, each in enumerate(steps)]
    facts = facts_at(LATER, words, Declared(ItemLimits(Limit(20), Limit(15), tuple(item))))
    assert facts is not None
    return [
        (link.kind, f"{link.began_at:%m-%d}", f"{link.ended_at:%m-%d}" if link.ended_at else "") for link in facts.links
    ]


def on(kind: StepKind, day: int) -> ToldStep:
    return step(kind, at(f"2026-03-{day:02}"))


def test_a_link_takes_none_of_the_time_of_one_before_it_that_has_no_limit() -> None:
    item = ((StepKind.RECEIVE, None), (ACCEPT, None), (REVIEW, Limit(3)), (DECIDE, Limit(2)))
    steps = on(StepKind.RECEIVE, 2), on(ACCEPT, 6), on(REVIEW, 10), on(DECIDE, 11)
    assert links_of(item, *steps) == [(REVIEW, "03-06", "03-10"), (DECIDE, "03-10", "03-11")]
    assert links_of(item, *steps[:2]) == [(REVIEW, "03-06", "")]
    assert links_of(item, *steps[:1]) == []
    assert links_of(item, *steps[1:2]) == [(REVIEW, "03-06", "")]


def test_links_of_one_kind_are_not_judged_nor_what_follows_them_before_it_is_done() -> None:
    item = ((ACCEPT, Limit(1)), (REVIEW, Limit(2)), (REVIEW, Limit(5)), (StepKind.OTHER, Limit(1)), (DECIDE, Limit(3)))
    before = on(ACCEPT, 2), on(REVIEW, 3)
    assert links_of(item, *before) == [(ACCEPT, "03-02", "03-02")]
    after = on(REVIEW, 9), on(StepKind.OTHER, 10), on(DECIDE, 11)
    assert links_of(item, *before, *after) == [(ACCEPT, "03-02", "03-02"), (DECIDE, "03-10", "03-11")]


def test_what_is_done_once_more_after_a_later_link_makes_no_link_late() -> None:
    item = ((ACCEPT, Limit(1)), (REVIEW, Limit(3)), (DECIDE, Limit(3)))
    steps = on(ACCEPT, 2), on(REVIEW, 3), on(REVIEW, 4), on(DECIDE, 5)
    expected = [(ACCEPT, "03-02", "03-02"), (REVIEW, "03-02", "03-04"), (DECIDE, "03-04", "03-05")]
    assert links_of(item, *steps) == links_of(item, *steps, on(REVIEW, 20)) == expected


def test_an_item_that_nobody_declared_has_only_the_limit_that_its_platform_reckons() -> None:
    due = ToldStep(StepKind.RECEIVE, at("2026-03-02"), at("2026-03-02"), due=at("2026-03-16"))
    facts = facts_at(LATER, [told(due, at("2026-03-02"))], nobody)
    assert facts is not None
    assert [clock.name for clock in clocks(facts, RULES, CALENDAR).each] == [ClockName.PROMISED]


@pytest.mark.skipif(not RECEIPT.exists(), reason="the real log is not in ../shared/data/eventlogs")
def test_the_real_log_has_1329_closed_cases_and_377_of_them_late_by_their_own_deadline() -> None:
    """A Dutch log: its deadlines come from Dutch law, so only what each case says of itself can be compared.

    Working days of another country are nothing that our calendar could be checked by; the oracle does that.
    """
    cases: dict[str, list[Told]] = defaultdict(list)
    with RECEIPT.open("rb") as file:
        for number, row in read_csv(file, Mapping.load(MAPPING)):
            assert not isinstance(row, RowError)
            step = exact(row)
            assert isinstance(step, StepRow)
            said = ToldStep(step.kind, step.start, step.end or step.start, step.item, step.due, step.closed)
            cases[step.case].append(Told(("step", number), step.start, said))
    facts = [facts_at(LATER, sorted(told, key=lambda one: one.told_at), nobody) for told in cases.values()]
    promised = [clocks(one, RULES, CALENDAR).named(ClockName.PROMISED) for one in facts if one is not None]
    ended = [clock for clock in promised if clock is not None and clock.ended_at is not None]
    assert (len(cases), len(ended), sum(clock.ended_late for clock in ended)) == (1_434, 1_329, 377)
