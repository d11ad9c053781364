import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.people import Box, Person
from analytics.zones import (
    Zone,
    best_score,
    bounds,
    contains,
    covered,
    crop_around,
    cut,
    in_picture,
    is_inside,
    zone_of,
)
from storage.inside import BUILT_IN, Inside, Measure

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


FOOT, HALF = Inside(Measure.FOOT), Inside(Measure.OVERLAP, 0.5)
SQUARE: Zone = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))


def test_who_is_inside_depends_on_what_is_measured() -> None:
    standing = Box(0.3, 0.0, 0.5, 0.5)
    assert [is_inside(SQUARE, standing, how) for how in (BUILT_IN, FOOT, HALF)] == [True, True, True]
    beside = Box(0.3, 0.3, 0.5, 0.9)
    assert [is_inside(SQUARE, beside, how) for how in (BUILT_IN, FOOT, HALF)] == [False, False, True]
    assert not is_inside(SQUARE, beside, Inside(Measure.OVERLAP, 0.51))
    assert not is_inside(SQUARE, Box(0.3, 0.3, 0.3, 0.5), Inside(Measure.OVERLAP, 0.001))
    feet_only = Box(0.3, -0.5, 0.5, 0.25)
    assert [is_inside(SQUARE, feet_only, how) for how in (BUILT_IN, FOOT, HALF)] == [False, True, False]


def test_overlap_counts_what_a_notch_takes_away() -> None:
    notched: Zone = ((0, 0), (1, 0), (1, 1), (0.75, 1), (0.75, 0.5), (0.25, 0.5), (0.25, 1), (0, 1))
    assert covered(notched, Box(0, 0, 1, 1)) == pytest.approx(0.75)
    assert covered(notched, Box(0.25, 0.5, 0.75, 1)) == pytest.approx(0)


boxes = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height), fractions, fractions, fractions, fractions
)


@given(boxes, boxes, st.floats(0.001, 1), st.floats(0.001, 1))
def test_overlap_with_an_upright_zone_is_that_of_rectangles_and_more_share_is_harder(
    zone: Box, person: Box, share: float, other: float
) -> None:
    corners: Zone = ((zone.x0, zone.y0), (zone.x1, zone.y0), (zone.x1, zone.y1), (zone.x0, zone.y1))
    both = Box(max(zone.x0, person.x0), max(zone.y0, person.y0), min(zone.x1, person.x1), min(zone.y1, person.y1))
    assert covered(corners, person) == pytest.approx(both.area, abs=1e-9)
    less, more = sorted([share, other])
    if is_inside(corners, person, Inside(Measure.OVERLAP, more)):
        assert is_inside(corners, person, Inside(Measure.OVERLAP, less))


@given(st.lists(st.tuples(fractions, fractions), min_size=3, max_size=7), boxes)
def test_no_more_of_a_body_is_inside_than_there_is_of_it_or_of_the_zone(
    corners: list[tuple[float, float]], person: Box
) -> None:
    hull = tuple((float(x), float(y)) for x, y in cv2.convexHull(np.array(corners, np.float32))[:, 0])
    area = cv2.contourArea(np.array(hull, np.float32))
    assert -1e-6 <= covered(hull, person) <= min(person.area, area) + 1e-5


def test_zones_that_leave_the_picture_are_bounded_by_it() -> None:
    assert bounds(((-0.5, 0.2), (1.5, 0.2), (0.5, 0.9))) == Box(0.0, 0.2, 1.0, 0.9)
