"""The engine against a naive walk from day to day."""

from datetime import date, timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from correlation.deadlines.counting import nth_day
from correlation.deadlines.facts import CaseFacts, Limit, Suspension
from correlation.deadlines.work_calendar import Closure, WorkCalendar
from storage.models import ClockName, SuspensionReason
from tests.correlation.deadlines.cases import CALENDAR, clock, last_day, noon
from tests.correlation.deadlines.oracle import FIRST_YEAR, LAST_YEAR, is_working_day, span, walk

LIMITS = 60
DAYS = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))


def test_every_start_date_of_23_years_and_every_limit_up_to_60_days() -> None:
    day, end = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    working = [d.toordinal() for d in sorted(span(day, end + timedelta(days=200))) if is_working_day(d)]
    at = 0
    while day <= end:
        at += working[at] <= day.toordinal()
        due = [nth_day(CALENDAR, day.toordinal(), limit, ()) for limit in range(1, LIMITS + 1)]
        assert due == working[at : at + LIMITS], day
        day += timedelta(days=1)


def test_plain_weekdays_would_be_wrong_for_170_start_dates_of_2026() -> None:
    wrong = 0
    for number in range(365):
        start = date(2026, 1, 1) + timedelta(days=number)
        end = next(islice(walk(start), 19, None))
        weekdays = (start + timedelta(days=n) for n in range(1, 60))
        plain = next(islice((d for d in weekdays if d.weekday() < 5), 19, None))
        wrong += end.year == 2026 and plain != end
    assert wrong == 170


@st.composite
def suspensions(draw: st.DrawFn, start: date) -> list[tuple[date, date]]:
    found = draw(st.lists(st.tuples(st.integers(-10, 120), st.integers(0, 40)), max_size=5))
    return [(start + timedelta(days=after), start + timedelta(days=after + long)) for after, long in found]


@given(st.data(), DAYS, st.integers(1, LIMITS))
def test_suspensions_that_overlap_are_left_out_once(data: st.DataObject, start: date, limit: int) -> None:
    spans = data.draw(suspensions(start))
    closed = data.draw(st.sets(st.integers(1, 60).map(lambda n: start + timedelta(days=n)), max_size=4))
    facts = CaseFacts(
        accepted_at=noon(start),
        legal=Limit(limit),
        suspensions=tuple(Suspension(SuspensionReason.HEARING, noon(first), noon(last)) for first, last in spans),
    )
    calendar = WorkCalendar(closures=tuple(Closure(day, "typhoon") for day in sorted(closed)))
    not_counted = {day for first, last in spans for day in span(first, last)}
    expected = next(islice(walk(start, not_counted, closed), limit - 1, None))
    assert last_day(clock(facts, ClockName.LEGAL, calendar)) == expected


@given(st.data(), DAYS, st.integers(1, LIMITS))
def test_while_a_suspension_lasts_the_days_that_are_left_stand_still(
    data: st.DataObject, start: date, limit: int
) -> None:
    spans, opened = data.draw(suspensions(start)), start + timedelta(days=data.draw(st.integers(0, 90)))
    suspended = [Suspension(SuspensionReason.TESTING, noon(first), noon(last)) for first, last in spans]
    facts = CaseFacts(
        accepted_at=noon(start),
        legal=Limit(limit),
        suspensions=(*suspended, Suspension(SuspensionReason.HEARING, noon(opened))),
    )
    not_counted = {day for first, last in spans for day in span(first, last)}
    days = list(islice(walk(start, not_counted), limit))
    before = sum(day < opened for day in days)
    found = clock(facts)
    if before == limit:
        assert last_day(found) == days[-1]
    else:
        assert (found.out.late_from, found.out.remaining) == (None, limit - before)
