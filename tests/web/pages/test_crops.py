"""Which part of the picture a counter's tile shows."""

from hypothesis import given
from hypothesis import strategies as st

from tests.web.pages.conftest import SignIn
from web.pages.crops import Crop, crop_around

SHARES = st.floats(0, 1)
ZONES = st.lists(st.lists(st.tuples(SHARES, SHARES), min_size=3, max_size=8), min_size=1, max_size=2)


def test_the_crop_holds_all_zones_with_a_margin() -> None:
    staff, customer = [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4]], [[0.2, 0.5], [0.4, 0.5], [0.4, 0.6]]
    assert crop_around(staff, customer) == Crop(0.17, 0.14, 0.26, 0.52)


def test_there_is_no_crop_without_zones_or_without_area() -> None:
    assert crop_around([], []) is None
    assert crop_around([[0.3, 0.3], [0.3, 0.3], [0.3, 0.3]]) is None


@given(ZONES)
def test_a_crop_lies_within_the_picture_and_around_its_zones(zones: list[list[tuple[float, float]]]) -> None:
    crop = crop_around(*zones)
    if crop is None:
        return
    assert 0 <= crop.x <= crop.x + crop.width <= 1.0002
    assert 0 <= crop.y <= crop.y + crop.height <= 1.0002
    for x, y in (corner for zone in zones for corner in zone):
        assert crop.x - 1e-4 <= x <= crop.x + crop.width + 2e-4
        assert crop.y - 1e-4 <= y <= crop.y + crop.height + 2e-4


def test_each_tile_of_a_shared_camera_has_its_own_part_and_the_counters_page_the_whole(sign_in: SignIn) -> None:
    supervisor = sign_in("supervisor")
    board = supervisor.get("/").text
    assert 'camera="cc-cam-1" stream="sub" crop="0.0 0.0 0.575 1.0"' in board
    assert 'camera="cc-cam-1" stream="sub" crop="0.425 0.0 0.575 1.0"' in board
    assert "crop=" not in supervisor.get("/counters/cc-1").text
