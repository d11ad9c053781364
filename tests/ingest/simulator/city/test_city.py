"""The simulated city is the same whenever it is made, and its truth is what a calendar on the wall would say."""

import json
import random
from datetime import date
from pathlib import Path

import pytest

from ingest.approvals.formats import read_rows
from ingest.approvals.row import RowError
from ingest.simulator.city.catalogue import ITEMS, PLACES, Period
from ingest.simulator.city.city import City, make_city
from ingest.simulator.city.courses import Course, late_cards, plan_course
from ingest.simulator.city.days import nth
from ingest.simulator.city.faults import DataFault, Fault
from ingest.simulator.city.write import ARRIVALS, write_city
from tests.web.test_settings_file import read

SPRING = Period(date(2026, 3, 2), date(2026, 7, 10))
CITY_HALL, FOOD = PLACES[0], ITEMS[0]


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(1, 60, SPRING)


def test_the_same_arguments_give_the_same_city_and_another_seed_another_one(city: City) -> None:
    assert make_city(1, 60, SPRING) == city
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
        course = plan_course(chance, chance.choice(PLACES), chance.choice(ITEMS), date(2026, 6, 1), None)
        assert course.received <= course.accepted <= course.reviewed <= course.decided <= course.delivered
        assert late_cards(course) == []


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
        is_repeated = any(mistake.fault is DataFault.BATCH_REPEATED for mistake in arrival.mistakes)
        if arrival.sequence is None or is_repeated:  # its rows were refused the first time
            continue
        push = json.loads(text)
        refused = {number for number, row in read_rows(push["rows"]) if isinstance(row, RowError)}
        assert refused == {m.line for m in arrival.mistakes if m.fault is DataFault.ROW_REFUSED}
    settings = read(tmp_path, (tmp_path / "city" / "site.toml").read_text("utf-8"), {})
    assert [hall.id for hall in settings.hall] == [place.id for place in PLACES]
