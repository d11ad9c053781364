import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.people import Box, Person
from analytics.zones import Zone, best_score, bounds, contains, crop_around, cut, in_picture, zone_of

TRIANGLE: Zone = ((0.2, 0.2), (0.8, 0.2), (0.2, 0.8))
fractions = st.floats(0.0, 1.0)


def test_a_point_is_in_a_zone_or_beside_it() -> None:
    assert contains(TRIANGLE, (0.3, 0.3))
    assert not contains(TRIANGLE, (0.7, 0.7))
    assert not contains(TRIANGLE, (0.1, 0.3))


def test_the_notch_of_a_concave_zone_is_outside() -> None:
    notched: Zone = ((0, 0), (1, 0), (1, 1), (0.5, 0.4), (0, 1))
    assert contains(notched, (0.5, 0.2))
    assert not contains(notched, (0.5, 0.8))


@given(x0=fractions, y0=fractions, x1=fractions, y1=fractions, x=fractions, y=fractions)
def test_a_rectangle_contains_what_lies_between_its_corners(
    x0: float, y0: float, x1: float, y1: float, x: float, y: float
) -> None:
    rectangle: Zone = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    between = min(x0, x1) < x < max(x0, x1) and min(y0, y1) < y < max(y0, y1)
    on_edge = x in (x0, x1) or y in (y0, y1)
    assert on_edge or contains(rectangle, (x, y)) == between


@pytest.mark.parametrize("polygon", [[], [[0.1, 0.1], [0.5, 0.5]], [[0.1, 0.1], [0.2, 0.1], [0.9, 0.1]]])
def test_a_polygon_without_area_is_no_zone(polygon: list[list[float]]) -> None:
    assert zone_of(polygon) == ()


def test_a_crop_has_a_margin_but_stays_in_the_picture() -> None:
    assert crop_around([((0.4, 0.4), (0.6, 0.4), (0.6, 0.6))]) == pytest.approx((0.34, 0.34, 0.66, 0.66))
    assert crop_around([TRIANGLE, ((0.9, 0.9), (1.0, 0.9), (1.0, 1.0))]) == Box(0.0, 0.0, 1.0, 1.0)


def test_a_person_in_a_crop_is_placed_in_the_picture() -> None:
    placed = in_picture(Person(Box(0.0, 0.5, 1.0, 1.0), 0.7), Box(0.2, 0.2, 0.4, 0.6))
    assert placed.box == pytest.approx((0.2, 0.4, 0.4, 0.6))
    assert placed.score == 0.7


@given(x=fractions, y=fractions)
def test_a_crop_is_never_empty(x: float, y: float) -> None:
    image = np.zeros((90, 160, 3), np.uint8)
    assert cut(image, Box(x, y, x, y)).size > 0


def test_only_the_centre_of_a_person_counts() -> None:
    leaning_in = Person(Box(0.0, 0.0, 0.3, 0.3), 0.9)
    assert best_score([leaning_in], TRIANGLE) == 0.0
    assert best_score([leaning_in, Person(Box(0.2, 0.2, 0.5, 0.5), 0.4)], TRIANGLE) == 0.4


def test_zones_that_leave_the_picture_are_bounded_by_it() -> None:
    assert bounds(((-0.5, 0.2), (1.5, 0.2), (0.5, 0.9))) == Box(0.0, 0.2, 1.0, 0.9)
