"""Days of a place, and the dates that its calendar keeps."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from correlation.deadlines.counting import MOST_KNOWN, Ahead, Pause, days_run_out
from correlation.deadlines.work_calendar import FIRST, WorkCalendar

ZONES = st.sampled_from(
    [
        "Asia/Shanghai",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "America/Havana",
        "Pacific/Kiritimati",
        "Pacific/Apia",
        "UTC",
    ]
).map(ZoneInfo)
_FIRST, _LAST = datetime(1990, 1, 1), datetime(2100, 12, 31)  # noqa: DTZ001  (Hypothesis adds the zone)
MOMENTS = st.datetimes(_FIRST, _LAST, timezones=ZONES)


@given(MOMENTS, ZONES)
def test_a_moment_lies_on_the_day_that_the_clocks_of_the_place_show(moment: datetime, zone: ZoneInfo) -> None:
    # By way of UTC: a time that a zone left out is no day of it.
    assert WorkCalendar(zone).day_of(moment) == moment.astimezone(UTC).astimezone(zone).toordinal()


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Sao_Paulo", "Pacific/Apia"])
def test_a_day_begins_at_its_midnight(zone: str) -> None:
    calendar, first = WorkCalendar(ZoneInfo(zone)), date(2011, 1, 1).toordinal()
    for day in range(first, first + 363):
        midnight = calendar.midnight(day)
        if midnight != calendar.midnight(day + 1):  # Samoa left out a whole day
            assert calendar.day_of(midnight) == day
            assert calendar.day_of(midnight - timedelta(microseconds=1)) < day


def test_a_moment_without_a_zone_lies_on_no_day() -> None:
    with pytest.raises(TypeError):
        WorkCalendar().day_of(datetime(2026, 3, 2))  # noqa: DTZ001


def test_dates_are_the_same_whether_they_were_counted_before_or_not() -> None:
    calendar, start = WorkCalendar(), date(2026, 3, 2).toordinal()
    for pauses in ((), (Pause(start + 2, start + 5),)):
        first = days_run_out(calendar, start, 5, Ahead(), pauses)
        assert days_run_out(calendar, start, 5, Ahead(), pauses) is first
        assert days_run_out(WorkCalendar(), start, 5, Ahead(), pauses) == first
    assert days_run_out(calendar, start, 5, Ahead(), ()) != first


def test_a_calendar_keeps_no_more_dates_than_it_may() -> None:
    calendar = WorkCalendar()
    for number in range(MOST_KNOWN + 10):
        days_run_out(calendar, FIRST + 1_000 + number, 3, Ahead(), ())
    assert len(calendar.known) <= MOST_KNOWN
