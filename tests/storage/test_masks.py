"""What privacy masks hide, when, and to the pixel."""

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from storage.database import Database
from storage.mask_pixels import GREY, covered, filled, share_covered
from storage.masks import masks_between
from storage.models import PrivacyMask
from tests.sample import CAMERA, LEFT_HALF, a_hall
from tests.storage.test_footage import NOON

share = st.floats(0, 1, width=32)
triangles = st.lists(st.tuples(share, share), min_size=3, max_size=3)
sizes = st.tuples(st.integers(3, 120), st.integers(3, 90))


@given(triangles, sizes, st.tuples(share, share, share))
def test_every_pixel_that_a_mask_touches_is_covered(
    triangle: list[tuple[float, float]], size: tuple[int, int], weights: tuple[float, float, float]
) -> None:
    width, height = size
    total = sum(weights) or 1.0
    parts = [weight / total for weight in weights] if sum(weights) else [1.0, 0.0, 0.0]
    x, y = (sum(part * corner[axis] for part, corner in zip(parts, triangle, strict=True)) for axis in (0, 1))
    column, row = min(int(x * width), width - 1), min(int(y * height), height - 1)
    assert covered([triangle], width, height)[row, column]


@given(triangles, sizes)
def test_colours_of_two_by_two_pixels_are_covered_together(
    triangle: list[tuple[float, float]], size: tuple[int, int]
) -> None:
    width, height = (side - side % 2 for side in size)
    cover = covered([triangle], max(width, 2), max(height, 2))
    for row, column in ((0, 1), (1, 0), (1, 1)):
        assert (cover[row::2, column::2] == cover[::2, ::2]).all()


@settings(max_examples=20)
@given(triangles, st.integers(0, 2**32 - 1))
def test_a_filled_picture_tells_nothing_of_what_was_under_the_mask(
    triangle: list[tuple[float, float]], seed: int
) -> None:
    chance = np.random.default_rng(seed)
    one, other = (chance.integers(0, 256, (40, 60, 3), np.uint8) for _ in range(2))
    other[~covered([triangle], 60, 40)] = one[~covered([triangle], 60, 40)]
    made = filled(one, [triangle])
    assert (made == filled(other, [triangle])).all()
    assert (made[covered([triangle], 60, 40)] == GREY).all()


def test_a_picture_without_masks_is_left_as_it_is() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    assert filled(picture, []) is picture


def test_how_much_of_a_zone_is_hidden_is_told() -> None:
    quarter = [[0.0, 0.0], [0.25, 0.0], [0.25, 1.0], [0.0, 1.0]]
    assert share_covered(LEFT_HALF, []) == 0
    assert abs(share_covered(LEFT_HALF, [quarter]) - 0.5) < 0.02
    assert share_covered(quarter, [LEFT_HALF]) == 1


def test_a_mask_holds_from_its_beginning_up_to_its_end(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        _holds(session)


def _holds(session: Session) -> None:
    later, end = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    always = PrivacyMask(camera_id=CAMERA, polygon=LEFT_HALF, reason="door")
    an_hour = PrivacyMask(camera_id=CAMERA, polygon=LEFT_HALF, reason="works", valid_from=later, valid_to=end)
    session.add_all([always, an_hour])
    session.flush()
    second = timedelta(seconds=1)
    for moment, found in ((NOON, 1), (later - second, 1), (later, 2), (end - second, 2), (end, 1)):
        assert len(masks_between(session, CAMERA, moment, moment)) == found
    assert len(masks_between(session, CAMERA, NOON, later)) == 2
    assert masks_between(session, "another", NOON, end) == ()
