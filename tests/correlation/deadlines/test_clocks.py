"""What the law and a promise say of a case, rule by rule; the days are those of the announced calendar."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from correlation.deadlines.clocks import Basis, clock_start, clocks
from correlation.deadlines.facts import CaseFacts, Extension, Limit, Link, Suspension
from correlation.deadlines.rules import Rules, parse_rules
from correlation.deadlines.work_calendar import Closure, WorkCalendar
from storage.models import ClockName, LimitUnit, StepKind, SuspensionReason
from storage.statutory import is_announced
from tests.correlation.deadlines.cases import CALENDAR, RULES, accepted, at, clock, last_day

LAW = RULES.laws[0]


def supplement(start: str, end: str | None = None) -> Suspension:
    return Suspension(SuspensionReason.SUPPLEMENT, at(start), at(end) if end else None)


def test_the_day_of_acceptance_does_not_count() -> None:
    facts = accepted("2026-03-02", legal=Limit(1))  # a Monday
    assert last_day(clock(facts)) == date(2026, 3, 3)


def test_the_last_day_is_in_time_until_midnight_of_the_place() -> None:
    facts = accepted("2026-03-02", legal=Limit(1), decided_at=at("2026-03-03", "23:59"))
    assert not clock(facts).ended_late
    assert clock(accepted("2026-03-02", legal=Limit(1), decided_at=at("2026-03-04", "00:00"))).ended_late


def test_holidays_are_left_out_and_make_up_days_are_counted() -> None:
    # Friday 13 February 2026; Saturday 14 is worked, 15 to 23 are off, Saturday 28 is worked.
    facts = accepted("2026-02-13", legal=Limit(6))
    assert last_day(clock(facts)) == date(2026, 2, 28)


def test_an_item_without_a_legal_limit_has_the_one_of_the_law() -> None:
    assert clock(accepted("2026-03-02", legal=None)).limit == Limit(20)
    assert clock(accepted("2026-03-02", legal=None, is_joint=True)).limit == Limit(45)
    assert clock(accepted("2026-03-02", legal=Limit(7), is_joint=True)).limit == Limit(7)


def test_an_item_that_nobody_knows_has_no_legal_limit() -> None:
    facts = accepted("2026-03-02", legal=None, promised=None, is_item_known=False)
    assert clocks(facts, RULES, CALENDAR).each == ()


@pytest.mark.parametrize(
    ("is_joint", "asked", "days"), [(False, (10,), 30), (False, (10, 10), 30), (True, (30,), 60), (False, (5,), 25)]
)
def test_an_extension_adds_no_more_than_the_law_allows(is_joint: bool, asked: tuple[int, ...], days: int) -> None:
    extensions = tuple(Extension(at("2026-03-10"), more) for more in asked)
    assert clock(accepted("2026-03-02", legal=None, is_joint=is_joint, extensions=extensions)).limit == Limit(days)


def test_an_extension_lengthens_the_promise_too() -> None:
    facts = accepted("2026-03-02", extensions=(Extension(at("2026-03-06"), 10),))
    assert clock(facts, ClockName.PROMISED).limit == Limit(15)


def test_an_extension_approved_after_the_promise_has_passed_does_not_lengthen_the_promise() -> None:
    facts = accepted("2026-03-02", extensions=(Extension(at("2026-03-11"), 10),))
    assert clock(facts, ClockName.PROMISED).limit == Limit(5)
    assert clock(facts, ClockName.LEGAL).limit == Limit(30)


def test_a_case_that_may_not_be_deemed_accepted_by_then_has_no_date_that_accuses() -> None:
    """The five working days for saying so end in a year whose holidays are not announced, the limit does not."""
    year = next(year for year in range(2026, 2100) if not is_announced(year + 1))
    facts = CaseFacts(received_at=at(f"{year}-12-28", "09:30"), promised=Limit(1), legal=Limit(2))
    silent = clock(facts, ClockName.PROMISED)
    assert silent.start.basis is Basis.DEEMED
    assert silent.out.provisional
    assert not clock(replace(facts, accepted_at=at(f"{year}-12-28")), ClockName.PROMISED).out.provisional


def test_an_extension_approved_after_the_limit_extends_nothing() -> None:
    facts = accepted("2026-03-02", legal=Limit(5), extensions=(Extension(at("2026-03-11"), 10),))
    assert last_day(clock(facts)) == date(2026, 3, 9)


def test_a_suspension_for_a_reason_that_the_law_does_not_know_stops_nothing() -> None:
    laws = tuple(replace(law, suspends=frozenset()) for law in RULES.laws)
    hearing = Suspension(SuspensionReason.HEARING, at("2026-03-04"), at("2026-03-20"))
    found = clocks(accepted("2026-03-02", suspensions=(hearing,)), Rules(laws, RULES.cards), CALENDAR)
    assert found.each == clocks(accepted("2026-03-02"), RULES, CALENDAR).each


def test_a_suspension_that_begins_after_the_limit_has_passed_changes_nothing() -> None:
    late = Suspension(SuspensionReason.HEARING, at("2026-03-10"))
    assert last_day(clock(accepted("2026-03-02", suspensions=(late,)), ClockName.PROMISED)) == date(2026, 3, 9)


def test_a_supplement_stops_the_clock_until_everything_is_there() -> None:
    waiting = clock(accepted("2026-03-02", suspensions=(supplement("2026-03-04"),)), ClockName.PROMISED)
    assert (waiting.out.late_from, waiting.out.remaining) == (None, 4)
    again = accepted("2026-03-02", suspensions=(supplement("2026-03-04", "2026-03-18"),))
    assert last_day(clock(again, ClockName.PROMISED)) == date(2026, 3, 24)


def test_a_case_that_nobody_answers_is_accepted_after_five_working_days_on_the_day_it_was_received() -> None:
    start = clock_start(CaseFacts(received_at=at("2026-03-02")), LAW, CALENDAR)
    assert start is not None
    assert (start.basis, start.moment) == (Basis.DEEMED, at("2026-03-02"))
    assert start.since == at("2026-03-10", "00:00")


def test_an_acceptance_within_the_five_days_counts_from_its_own_day_and_a_later_one_does_not() -> None:
    for day, basis in (("2026-03-09", Basis.ACCEPTED), ("2026-03-10", Basis.DEEMED)):
        start = clock_start(CaseFacts(received_at=at("2026-03-02"), accepted_at=at(day)), LAW, CALENDAR)
        assert start is not None
        assert start.basis is basis


def test_who_is_told_in_time_what_is_missing_waits_and_the_days_begin_anew_with_the_supplement() -> None:
    waits = CaseFacts(received_at=at("2026-03-02"), suspensions=(supplement("2026-03-04"),))
    assert clock_start(waits, LAW, CALENDAR) is None
    answered = CaseFacts(received_at=at("2026-03-02"), suspensions=(supplement("2026-03-04", "2026-03-16"),))
    start = clock_start(answered, LAW, CALENDAR)
    assert start is not None
    assert (start.moment, start.since) == (at("2026-03-16"), at("2026-03-24", "00:00"))


def test_who_is_told_too_late_what_is_missing_has_been_accepted_already() -> None:
    told_late = CaseFacts(received_at=at("2026-03-02"), suspensions=(supplement("2026-03-10", "2026-03-16"),))
    start = clock_start(told_late, LAW, CALENDAR)
    assert start is not None
    assert (start.basis, start.moment) == (Basis.DEEMED, at("2026-03-02"))


@pytest.mark.parametrize("accepted_at", [None, at("2026-03-17")])
def test_a_supplement_that_is_asked_for_after_the_five_days_stops_no_limit(accepted_at: datetime | None) -> None:
    """Else whoever has let them pass would only have to ask on the sixth, and nothing would ever be late."""
    late = supplement("2026-03-10")
    received = CaseFacts(received_at=at("2026-03-02"), accepted_at=accepted_at, legal=Limit(20), promised=Limit(10))
    waiting = replace(received, suspensions=(late,))
    for name in (ClockName.LEGAL, ClockName.PROMISED):
        assert clock(waiting, name).out == clock(received, name).out
    both = replace(waiting, suspensions=(late, Suspension(SuspensionReason.HEARING, at("2026-03-11"))))
    assert clock(both).out.late_from is None, "what the law itself does not count stops it as ever"


def test_a_supplement_that_is_asked_for_of_an_accepted_case_stops_its_limits() -> None:
    facts = accepted("2026-03-02", suspensions=(supplement("2026-03-10", "2026-03-16"),))
    assert last_day(clock(facts)) == last_day(clock(accepted("2026-03-02", legal=Limit(25)))), "five days are left out"


def test_an_acceptance_ends_a_supplement_whose_end_nobody_reported() -> None:
    facts = CaseFacts(
        received_at=at("2026-03-02"), accepted_at=at("2026-03-25"), suspensions=(supplement("2026-03-04"),)
    )
    start = clock_start(facts, LAW, CALENDAR)
    assert start is not None
    assert (start.basis, start.moment) == (Basis.ACCEPTED, at("2026-03-25"))


def test_a_case_that_ends_before_it_had_to_be_accepted_has_no_clock() -> None:
    refused = CaseFacts(received_at=at("2026-03-02"), closed_at=at("2026-03-04"))
    assert clocks(refused, RULES, CALENDAR).start is None


def test_a_decision_is_handed_over_within_ten_days() -> None:
    facts = accepted("2026-03-02", decided_at=at("2026-03-06"), delivered_at=at("2026-03-21"))
    delivery = clock(facts, ClockName.DELIVERY)
    assert last_day(delivery) == date(2026, 3, 20)
    assert delivery.ended_late


def test_a_link_counts_from_the_end_of_the_one_before() -> None:
    link = Link(StepKind.REVIEW, Limit(3), at("2026-03-05"), at("2026-03-11"))
    found = clock(accepted("2026-03-02", links=(link,)), ClockName.LINK)
    assert (last_day(found), found.ended_late) == (date(2026, 3, 10), True)


def test_working_hours_leave_out_lunch_nights_and_weekends() -> None:
    facts = accepted("2026-03-06", promised=Limit(4, LimitUnit.HOURS))  # Friday at ten; open 9–12 and 13:30–17
    assert clock(facts, ClockName.PROMISED).out.late_from == at("2026-03-06", "15:30")
    facts = accepted("2026-03-06", promised=Limit(8, LimitUnit.HOURS))
    found = clock(facts, ClockName.PROMISED).out
    assert (found.late_from, found.remind_at) == (at("2026-03-09", "11:30"), at("2026-03-09", "10:30"))


def test_suspensions_are_left_out_of_working_hours_to_the_minute() -> None:
    stop = Suspension(SuspensionReason.TESTING, at("2026-03-06", "10:30"), at("2026-03-06", "11:15"))
    found = clock(accepted("2026-03-06", promised=Limit(4, LimitUnit.HOURS), suspensions=(stop,)), ClockName.PROMISED)
    assert found.out.late_from == at("2026-03-06", "16:15")
    lasting = Suspension(SuspensionReason.TESTING, at("2026-03-06", "14:00"))
    found = clock(
        accepted("2026-03-06", promised=Limit(4, LimitUnit.HOURS), suspensions=(lasting,)), ClockName.PROMISED
    )
    assert (found.out.late_from, found.out.remaining) == (None, timedelta(hours=1.5))


def test_a_day_on_which_the_place_is_closed_does_not_count() -> None:
    typhoon = WorkCalendar(closures=(Closure(date(2026, 3, 4), "typhoon"),))
    assert last_day(clock(accepted("2026-03-02", legal=Limit(2)), ClockName.LEGAL, typhoon)) == date(2026, 3, 5)


def test_a_year_that_is_not_announced_gives_a_date_by_weekdays_that_says_so() -> None:
    found = clock(accepted("2026-12-25", legal=Limit(10)))
    assert (last_day(found), found.out.provisional) == (date(2027, 1, 8), True)
    assert not clock(accepted("2026-12-25", legal=Limit(4))).out.provisional


def test_a_case_is_judged_by_the_law_of_its_day() -> None:
    text = """
[[law]]
version = "{}"
effective = {}
decide_days = {}
extension_days = 10
joint_days = 45
joint_extension_days = 15
tell_days = 5
deliver_days = 10
suspends = []
[law.sources]
"""
    rules = parse_rules("cards = []" + text.format("old", "2004-07-01", 20) + text.format("new", "2026-03-03", 15))
    for day, version, days in (("2026-03-02", "old", 20), ("2026-03-03", "new", 15), ("1999-01-04", "old", 20)):
        found = clocks(accepted(day, legal=None), rules, CALENDAR)
        assert (found.law.version, found.each[0].limit) == (version, Limit(days))


def test_what_the_platform_reckons_is_measured_by_its_own_end_of_the_case() -> None:
    facts = CaseFacts(received_at=at("2026-03-02"), reported_due=at("2026-03-16", "18:00"), is_item_known=False)
    found = clock(facts, ClockName.PROMISED)
    assert (found.limit, found.start.basis, found.out.remind_at) == (None, Basis.REPORTED, at("2026-03-13", "09:00"))


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_closure_on_a_day_that_nobody_reckons_with_stops_no_limit(day: date) -> None:
    facts = accepted("2026-03-02", legal=Limit(1))
    calendar = WorkCalendar(closures=(Closure(day, "a mistake"),))
    assert last_day(clock(facts, calendar=calendar)) == date(2026, 3, 3)
