from datetime import UTC, datetime, timedelta

from correlation.floors import IdFloor

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_a_row_that_becomes_visible_after_a_higher_one_is_still_looked_at() -> None:
    floor = IdFloor(0, patience=timedelta(seconds=20))
    assert floor.unhandled([1, 3]) == {1, 3}
    floor.saw(3, NINE)
    floor.saw(3, NINE + timedelta(seconds=10))
    assert floor.floor == 0
    assert floor.unhandled([1, 2, 3]) == {2}


def test_the_floor_rises_when_patience_is_over() -> None:
    floor = IdFloor(0, patience=timedelta(seconds=20))
    floor.saw(3, NINE)
    floor.saw(9, NINE + timedelta(seconds=10))
    floor.saw(9, NINE + timedelta(seconds=20))
    assert floor.floor == 3
    floor.saw(9, NINE + timedelta(seconds=30))
    assert floor.floor == 9
