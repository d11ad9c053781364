from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.hours import HallHours, opening
from storage.intervals import Span, total
from storage.models import OpeningHours
from storage.statutory import may_be_holiday, worked_as

FOSHAN = ZoneInfo("Asia/Shanghai")


def weekdays(*spans: tuple[str, str], days: range = range(5)) -> list[OpeningHours]:
    return [OpeningHours(hall_id="cc", weekday=day, opens=o, closes=c) for day in days for o, c in spans]


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=FOSHAN).astimezone(UTC)


def day_of(day: date, rows: list[OpeningHours]) -> tuple[Span, ...]:
    start = local(day.year, day.month, day.day)
    return opening(rows, FOSHAN, start, start + timedelta(days=1))


def test_a_hall_without_hours_is_always_open() -> None:
    start, end = local(2026, 1, 3), local(2026, 1, 4)
    assert opening([], FOSHAN, start, end) == (Span(start, end),)


def test_a_lunch_break_is_closed() -> None:
    rows = weekdays(("09:00", "12:00"), ("13:30", "17:00"))
    morning, afternoon = day_of(date(2026, 1, 5), rows)
    assert (morning.start, morning.end) == (local(2026, 1, 5, 9), local(2026, 1, 5, 12))
    assert (afternoon.start, afternoon.end) == (local(2026, 1, 5, 13, 30), local(2026, 1, 5, 17))


def test_weekends_are_closed_and_statutory_holidays_too() -> None:
    rows = weekdays(("09:00", "17:00"))
    assert day_of(date(2026, 1, 10), rows) == ()
    assert day_of(date(2026, 1, 1), rows) == ()  # New Year's Day, a Thursday


def test_a_make_up_working_day_is_open() -> None:
    rows = weekdays(("09:00", "17:00"))
    assert worked_as(date(2026, 1, 4)) == 0  # a Sunday, worked for the New Year holiday
    assert len(day_of(date(2026, 1, 4), rows)) == 1


def test_a_saturday_with_hours_of_its_own_is_open_unless_it_is_a_holiday() -> None:
    rows = weekdays(("09:00", "12:00"), days=range(5, 6))
    assert len(day_of(date(2026, 1, 10), rows)) == 1
    assert day_of(date(2026, 1, 3), rows) == ()


def test_a_year_that_is_not_announced_gives_plain_weekdays() -> None:
    start = local(2035, 1, 1)  # a Monday
    assert len(opening(weekdays(("09:00", "17:00")), FOSHAN, start, start + timedelta(days=7))) == 5


@pytest.mark.parametrize("rows", [weekdays(("09:00", "17:00")), []])
def test_a_hall_is_not_open_on_a_day_on_which_it_is_closed_by_itself(rows: list[OpeningHours]) -> None:
    hours = HallHours(FOSHAN, tuple(rows), frozenset({date(2026, 3, 3)}))
    assert [hours.is_open(local(2026, 3, day, 9)) for day in (2, 3, 4)] == [True, False, True]
    found = hours.judged(local(2026, 3, 2, 12), local(2026, 3, 4, 12))
    assert (found[0].start, found[-1].end) == (local(2026, 3, 2, 12), local(2026, 3, 4, 12))
    assert all(span.end <= local(2026, 3, 3) or local(2026, 3, 4) <= span.start for span in found)


def test_nobody_is_judged_on_a_day_that_may_turn_out_to_be_a_holiday() -> None:
    hours = HallHours(FOSHAN, tuple(weekdays(("09:00", "17:00"))))
    new_year, spring_festival, plain = date(2035, 1, 1), date(2035, 2, 8), date(2035, 3, 14)
    assert [may_be_holiday(day) for day in (new_year, spring_festival, plain)] == [True, True, False]
    for day in (new_year, spring_festival):
        morning = local(day.year, day.month, day.day, 9)
        assert hours.judged(morning, morning + timedelta(hours=8)) == ()
        assert hours.is_open(morning), "who looks is told what is seen"
    assert hours.judged(local(2035, 3, 14), local(2035, 3, 15)) == (
        Span(local(2035, 3, 14, 9), local(2035, 3, 14, 17)),
    )


def test_in_an_announced_year_no_day_is_in_doubt() -> None:
    assert not any(may_be_holiday(date(2026, 1, 1) + timedelta(days=n)) for n in range(365))


def test_a_hall_that_has_no_hours_knows_no_holidays() -> None:
    asked = Span(local(2034, 12, 31), local(2035, 1, 3))
    assert HallHours(FOSHAN).judged(asked.start, asked.end) == (asked,)


def test_hours_that_end_at_midnight_join_those_of_the_next_day() -> None:
    found = opening(weekdays(("00:00", "24:00"), days=range(7)), FOSHAN, local(2026, 3, 2), local(2026, 3, 4))
    assert len(found) == 1


def test_hours_that_change_at_noon_hold_from_noon_on() -> None:
    noon = local(2026, 3, 2, 12)
    before, after = (weekdays((opens, closes)) for opens, closes in [("09:00", "11:00"), ("08:00", "17:00")])
    for row in before:
        row.valid_to = noon
    for row in after:
        row.valid_from = noon
    found = day_of(date(2026, 3, 2), [*before, *after])
    assert found == (Span(local(2026, 3, 2, 9), local(2026, 3, 2, 11)), Span(noon, local(2026, 3, 2, 17)))


def test_before_a_hall_had_hours_it_was_always_open_and_after_they_were_taken_away_it_is_again() -> None:
    noon, evening = local(2026, 3, 2, 12), local(2026, 3, 2, 20)
    rows = weekdays(("09:00", "17:00"))
    for row in rows:
        row.valid_from, row.valid_to = noon, evening
    found = day_of(date(2026, 3, 2), rows)
    assert found == (Span(local(2026, 3, 2), local(2026, 3, 2, 17)), Span(evening, local(2026, 3, 3)))


@given(st.integers(0, 5 * 24 * 60), st.integers(0, 5 * 24 * 60))
def test_what_is_open_in_two_parts_is_what_is_open_in_the_whole(first: int, second: int) -> None:
    rows = weekdays(("09:00", "12:00"), ("13:30", "17:00"))
    start = local(2026, 2, 27)
    cut, end = (start + timedelta(minutes=m) for m in sorted((first, second)))
    parts = [*opening(rows, FOSHAN, start, cut), *opening(rows, FOSHAN, cut, end)]
    assert total(parts) == total(opening(rows, FOSHAN, start, end))
