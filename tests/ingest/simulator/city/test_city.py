"""The simulated city is the same whenever it is made, and its truth is what a calendar on the wall would say."""

import json
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from ingest.approvals.formats import read_rows
from ingest.approvals.row import RowError
from ingest.simulator.city.catalogue import ITEMS, PLACES, Period
from ingest.simulator.city.city import City, make_city
from ingest.simulator.city.courses import Course, Moments, late_cards, plan_course
from ingest.simulator.city.days import at, nth, when_worked
from ingest.simulator.city.faults import DataFault, Fault
from ingest.simulator.city.hours import late_in_hours, plan_in_hours
from ingest.simulator.city.write import ARRIVALS, write_city
from tests.web.test_settings_file import read

SPRING = Period(date(2026, 3, 2), date(2026, 7, 10))
CITY_HALL, FOOD = PLACES[0], ITEMS[0]
[IN_HOURS] = (item for item in ITEMS if item.in_hours)


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(1, 90, SPRING)


def test_the_same_arguments_give_the_same_city_and_another_seed_another_one(city: City) -> None:
    assert make_city(1, 90, SPRING) == city
    assert make_city(2, 60, SPRING).arrivals != city.arrivals


def test_working_days_go_around_the_spring_festival_of_2026_with_its_make_up_days() -> None:
    assert nth(date(2026, 2, 13), 1) == date(2026, 2, 14), "a Saturday that is worked"
    assert nth(date(2026, 2, 14), 1) == date(2026, 2, 24)
    assert nth(date(2026, 2, 24), 4) == date(2026, 2, 28), "and another one"
    assert nth(date(2026, 2, 13), 1, {date(2026, 2, 14)}) == date(2026, 2, 24)


def decided(day: str, item: str = "FS-SJ-01") -> Course:
    """Accepted on Monday the second of March."""
    monday, on = date(2026, 3, 2), date.fromisoformat(day)
    [wanted] = [each for each in ITEMS if each.code == item]
    return Course(wanted, CITY_HALL, monday, monday, on, on, on)


@pytest.mark.parametrize(
    ("course", "cards"),
    [
        (decided("2026-03-12"), []),
        (decided("2026-03-13"), [("past_promised", "2026-03-13")]),
        (decided("2026-03-18"), [("past_promised", "2026-03-13"), ("not_corrected", "2026-03-19")][:1]),
        (decided("2026-03-19"), [("past_promised", "2026-03-13"), ("not_corrected", "2026-03-19")]),
        (decided("2026-03-17", "FS-SJ-02"), [("past_legal", "2026-03-17")]),
        (decided("2026-03-13", "FS-ZJ-05"), [("past_promised", "2026-03-10"), ("past_legal", "2026-03-12")]),
    ],
)
def test_what_is_late_leads_to_these_cards(course: Course, cards: list[tuple[str, str]]) -> None:
    assert [(cause, on.isoformat()) for cause, on in late_cards(course)] == cards


def test_a_course_without_a_fault_is_in_time() -> None:
    chance = random.Random(1)
    for _ in range(200):
        item = chance.choice([item for item in ITEMS if not item.in_hours])
        course = plan_course(chance, chance.choice(PLACES), item, date(2026, 6, 1), None)
        assert course.received <= course.accepted <= course.reviewed <= course.decided <= course.delivered
        assert late_cards(course) == []


@pytest.mark.parametrize(
    ("accepted", "stop", "hours", "until"),
    [
        ("2026-03-02T10:40", None, 1, "2026-03-02T11:40"),
        ("2026-03-02T10:40", None, 2, "2026-03-02T14:10"),  # with the noon break
        ("2026-03-02T10:40", None, 13, "2026-03-04T10:40"),  # six and a half a day
        ("2026-02-13T16:30", None, 1, "2026-02-14T09:30"),  # a Saturday that is worked
        ("2026-02-14T16:30", None, 1, "2026-02-24T09:30"),  # over the Spring Festival
        ("2026-03-02T10:40", ("2026-03-02T11:00", "2026-03-03T16:00"), 1, "2026-03-03T16:40"),
    ],
)
def test_hours_are_counted_by_the_minute(accepted: str, stop: tuple[str, str] | None, hours: int, until: str) -> None:
    stopped = (moment(stop[0]), moment(stop[1])) if stop else (moment(accepted),) * 2
    assert when_worked(moment(accepted), hours, (), stopped) == moment(until)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def test_a_case_of_hours_without_a_fault_is_in_time_and_one_with_it_is_late_by_no_minute_or_more() -> None:
    chance, late = random.Random(2), set()
    for _ in range(40):
        well = plan_in_hours(chance, chance.choice(PLACES), IN_HOURS, date(2026, 6, 1), None)
        assert late_in_hours(well) == []
        course = plan_in_hours(chance, CITY_HALL, IN_HOURS, date(2026, 6, 1), Fault.HOURS_OVERDUE)
        assert course.moments
        late.add(course.moments.decided - course.moments.promised)
        causes = (
            ["past_promised", "past_legal"] if course.moments.decided >= course.moments.legal else ["past_promised"]
        )
        assert [cause for cause, _ in late_in_hours(course)] == causes
    assert {timedelta(0), timedelta(minutes=1)} <= late


def test_a_case_of_hours_that_is_not_corrected_is_told_before_its_legal_limit() -> None:
    monday, day = date(2026, 3, 2), date(2026, 3, 12)
    moments = Moments(at(monday, 10.5), at(day, 15), at(date(2026, 3, 6), 10.5), at(date(2026, 3, 30), 10.5))
    course = Course(IN_HOURS, CITY_HALL, monday, monday, monday, day, day, moments=moments)
    assert late_in_hours(course) == [("past_promised", date(2026, 3, 6)), ("not_corrected", day)]


def test_each_kind_of_fault_is_in_it(city: City) -> None:
    assert {case.fault for case in city.cases} == {"", *(fault.value for fault in Fault)}
    mistakes = {mistake.fault for arrival in city.arrivals for mistake in arrival.mistakes}
    assert mistakes | {DataFault.BATCH_LOST, DataFault.ROW_LATE, DataFault.ROWS_DROPPED} == set(DataFault)
    assert city.lost


def test_it_has_what_looks_wrong_and_is_not(city: City) -> None:
    well = [case for case in city.cases if not case.fault]
    assert any(sum(event.row["record"] == "result" for event in case.events) > 1 for case in well)
    assert any(case.course.item.joint for case in well)
    assert any(case.course.item.link("review") is None and case.course.item.has_link_limits for case in well)


def test_what_is_written_is_the_exchange_standard_and_only_what_was_garbled_is_refused(
    city: City, tmp_path: Path
) -> None:
    write_city(city, tmp_path / "city")
    arrivals = [json.loads(line) for line in (tmp_path / "city" / ARRIVALS).read_text("utf-8").splitlines()]
    assert [arrival["at"] for arrival in arrivals] == sorted(arrival["at"] for arrival in arrivals)
    for listed, arrival in zip(arrivals, city.arrivals, strict=True):
        text = (tmp_path / "city" / listed["file"]).read_text("utf-8")
        unread = (DataFault.BATCH_REPEATED, DataFault.NUMBER_REUSED)
        is_unread = any(mistake.fault in unread for mistake in arrival.mistakes)
        if arrival.sequence is None or is_unread:  # its rows are refused with the batch that has the number
            continue
        push = json.loads(text)
        refused = {number for number, row in read_rows(push["rows"]) if isinstance(row, RowError)}
        assert refused == {m.line for m in arrival.mistakes if m.fault is DataFault.ROW_REFUSED}
    settings = read(tmp_path, (tmp_path / "city" / "site.toml").read_text("utf-8"), {})
    assert [hall.id for hall in settings.hall] == [place.id for place in PLACES]
