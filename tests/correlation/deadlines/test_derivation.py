import json
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from correlation.deadlines.clocks import clocks
from correlation.deadlines.derivation import Derivation, Skipped, derive
from correlation.deadlines.facts import CaseFacts, Limit, Suspension
from correlation.deadlines.work_calendar import Closure, DayState, WorkCalendar
from storage.models import ClockName, LimitUnit, SuspensionReason
from tests.correlation.deadlines.cases import CALENDAR, RULES, accepted, at, last_day, noon


def derived(facts: CaseFacts, name: ClockName = ClockName.LEGAL, calendar: WorkCalendar = CALENDAR) -> Derivation:
    found = clocks(facts, RULES, calendar)
    clock = found.named(name)
    assert clock is not None
    return derive(clock, found, facts, calendar, at("2026-12-31"))


def test_every_day_says_whether_it_counts_and_why_not() -> None:
    hearing = Suspension(SuspensionReason.HEARING, at("2026-02-26"), at("2026-02-27"))
    calendar = WorkCalendar(closures=(Closure(date(2026, 3, 2), "台风"),))
    days = derived(accepted("2026-02-24", legal=Limit(3), suspensions=(hearing,)), calendar=calendar).days
    assert [(d.day.day, d.counted, d.skipped, d.why) for d in days] == [
        (24, None, Skipped.FIRST_DAY, ""),
        (25, 1, None, ""),
        (26, None, Skipped.SUSPENDED, "hearing"),
        (27, None, Skipped.SUSPENDED, "hearing"),
        (28, 2, None, ""),  # a Saturday that is worked
        (1, None, Skipped.WEEKEND, ""),
        (2, None, Skipped.CLOSED, "台风"),
        (3, 3, None, ""),
    ]
    assert days[4].state is DayState.MAKE_UP


def test_working_hours_are_told_day_by_day() -> None:
    days = derived(accepted("2026-03-06", promised=Limit(8, LimitUnit.HOURS)), ClockName.PROMISED).days
    hours = [
        (d.day.day, d.counted and d.counted / timedelta(hours=1)) for d in days if isinstance(d.counted, timedelta)
    ]
    assert hours == [(6, 5.5), (9, 2.5)]


def test_a_derivation_names_rules_sources_calendar_and_data_and_can_be_kept_as_json() -> None:
    told = json.loads(json.dumps(derived(accepted("2026-12-25")).as_json()))
    assert told["law"] == "行政许可法-2004"
    assert told["sources"]["decide_days"] == "行政许可法 第四十二条第一款"
    assert told["calendar"].startswith("chinesecalendar ")
    assert told["data"]["accepted_at"] == "2026-12-25T02:00:00+00:00"
    assert told["provisional"] is True
    assert next(day["day"] for day in told["days"] if not day["is_announced"]) == "2027-01-01"


@given(st.dates(date(2003, 6, 1), date(2027, 6, 30)), st.integers(1, 40), st.data())
def test_the_days_that_are_told_add_up_to_the_limit(start: date, limit: int, data: st.DataObject) -> None:
    spans = data.draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=3))
    stops = tuple(
        Suspension(SuspensionReason.APPRAISAL, noon(start + timedelta(days=a)), noon(start + timedelta(days=a + b)))
        for a, b in spans
    )
    found = derived(CaseFacts(accepted_at=noon(start), legal=Limit(limit), suspensions=stops))
    counted = [day for day in found.days if day.counted is not None]
    assert [day.counted for day in counted] == list(range(1, limit + 1))
    assert counted[-1].day == found.days[-1].day == last_day(found.clock)
    assert found.clock.out.provisional is any(not day.is_announced for day in found.days)
