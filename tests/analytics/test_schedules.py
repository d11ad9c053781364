"""Absences over schedules with lunch, statutory holidays and make-up days: where somebody should be, nowhere else."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from chinese_calendar import is_workday
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.absence import find_absences
from analytics.rule import Rule
from analytics.runs import PresenceSpan
from storage.hours import opening
from storage.models import CustomerState, OpeningHours, StaffState

FOSHAN = ZoneInfo("Asia/Shanghai")
RULE = Rule()
Day = tuple[int, int, int, int]
"""Minutes of the day at which it opens, lunch begins, lunch ends, and it closes."""

days = st.tuples(*(st.integers(low, high) for low, high in ((480, 570), (660, 750), (780, 870), (960, 1110))))
weeks = st.lists(days, min_size=5, max_size=5)
firsts = st.sampled_from(
    [date(2026, 2, 13), date(2026, 2, 26), date(2026, 4, 30), date(2026, 9, 19), date(2026, 10, 7)]
)
"""Each some days before a holiday or a make-up weekend."""
parts = st.lists(st.tuples(st.integers(1, 2000), st.sampled_from(StaffState)), min_size=1, max_size=12)


def rows(week: Sequence[Day]) -> list[OpeningHours]:
    return [
        OpeningHours(hall_id="h", weekday=weekday, opens=written(opens), closes=written(closes))
        for weekday, (morning, lunch, after, evening) in enumerate(week)
        for opens, closes in ((morning, lunch), (after, evening))
    ]


def written(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def seen(first: date, states: Sequence[tuple[int, StaffState]]) -> list[PresenceSpan]:
    start = datetime.combine(first, time(), FOSHAN)
    moments = [start + timedelta(minutes=m) for m in accumulate([length for length, _ in states], initial=0)]
    spans = zip(pairwise(moments), states, strict=True)
    return [PresenceSpan(begin, end, staff, CustomerState.NONE) for (begin, end), (_, staff) in spans]


def should_be_open(week: Sequence[Day], moment: datetime) -> bool:
    """By the calendar alone: a make-up Saturday has a Friday's hours, a make-up Sunday a Monday's."""
    local = moment.astimezone(FOSHAN)
    if not is_workday(local.date()):
        return False
    morning, lunch, after, evening = week[{5: 4, 6: 0}.get(local.weekday(), local.weekday())]
    minute = local.hour * 60 + local.minute
    return morning <= minute < lunch or after <= minute < evening


@settings(max_examples=50, deadline=None)
@given(firsts, weeks, parts)
def test_nobody_is_absent_at_night_at_lunch_or_on_a_holiday_and_somebody_is_on_a_make_up_day(
    first: date, week: list[Day], states: list[tuple[int, StaffState]]
) -> None:
    presence = seen(first, states)
    start, end = presence[0].start, presence[-1].end
    assert end is not None
    openings = opening(rows(week), FOSHAN, start, end + timedelta(days=1))
    minute = timedelta(minutes=1)
    empty = {
        moment
        for span in presence
        if span.staff is StaffState.UNSTAFFED and span.end
        for moment in (span.start + n * minute for n in range((span.end - span.start) // minute))
        if should_be_open(week, moment)
    }
    found = find_absences(presence, openings, RULE, end)
    absent = {
        moment
        for one in found
        for moment in (one.start + n * minute for n in range(((one.end or end) - one.start) // minute))
    }
    assert absent <= empty, "only while the hall was open by the calendar, and seen unstaffed"
    least = RULE.threshold // minute
    long = {moment for moment in empty if all(moment + n * minute in empty for n in range(least))}
    assert long <= absent, "each unstaffed open time that reaches the threshold is one"
