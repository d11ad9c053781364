"""People who are larger than the crop that a zone is looked at through."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from analytics.bodies import Counted, Look, find
from analytics.counting import MANY, HowMany
from analytics.looker import Looker
from analytics.looking import BEHIND_SOMEBODY, Observation, WatchedView, look
from analytics.onlookers import Onlookers, Shows
from analytics.people import Box, Image, Person
from analytics.pictures import Picture
from analytics.preview import preview
from analytics.zones import Zone, contains
from storage.inside import BUILT_IN, Inside, Measure
from tests.analytics.scenes import a_picture, at, ssd

SIZE = 200


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Zone:
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


STAFF = rectangle(0.4, 0.2, 0.6, 0.4)
CROP = Box(0.34, 0.14, 0.66, 0.46)
CUSTOMERS = rectangle(0.1, 0.5, 0.3, 0.7)
"""Far enough away, and as small, that each has a crop of its own."""

IN_FRONT = Box(0.45, 0.16, 0.55, 0.75)
"""From above the staff zone down to well below it."""
CLERK = Box(0.42, 0.22, 0.5, 0.4)


def picture(tint: int = 0) -> Image:
    """In which each pixel says where it is."""
    along = np.arange(SIZE, dtype=np.uint8)
    image = np.full((SIZE, SIZE, 3), tint, np.uint8)
    image[:, :, 0], image[:, :, 1] = along[None, :], along[:, None]
    return image


@dataclass
class Sees:
    """Finds of everybody what a crop shows of them, if that is large enough in it."""

    people: Sequence[Box]
    smallest: float = 0.0
    """Height, of the crop's."""
    score: float = 0.9
    name: str = "sees"
    batches: list[int] = field(default_factory=list)

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        self.batches.append(len(images))
        return [tuple(Person(box, self.score) for box in self._shown(image)) for image in images]

    def _shown(self, image: Image) -> list[Box]:
        left, top = (float(image[0, 0, axis]) / SIZE for axis in (0, 1))
        across, down = image.shape[1] / SIZE, image.shape[0] / SIZE
        placed = [
            Box((box.x0 - left) / across, (box.y0 - top) / down, (box.x1 - left) / across, (box.y1 - top) / down)
            for box in self.people
        ]
        shown = [Box(*(min(max(side, 0.0), 1.0) for side in box)) for box in placed]
        return [box for box in shown if box.area > 0 and box.y1 - box.y0 >= self.smallest]


def found(detector: Sees, staff: Zone = STAFF, crop: Box = CROP, inside: Inside = BUILT_IN) -> tuple[Person, ...]:
    return find(detector.detect, [Look(picture(), crop, [Counted(staff, inside)])], 0.35)[0]


def seen(detector: Sees, customers: Zone = (), inside: Inside = BUILT_IN) -> Observation:
    view = WatchedView("cam", "c-1", STAFF, customers, staff_inside=inside)
    return look(detector, Picture("cam", at(0), picture()), [view])[0]


def test_whoever_is_cut_by_the_crop_is_as_tall_as_a_wider_look_shows() -> None:
    detector = Sees([IN_FRONT])
    (person,) = found(detector)
    assert person.box == pytest.approx(IN_FRONT, abs=0.01)
    assert person.cut == pytest.approx((0.45, 0.16, 0.55, 0.46), abs=0.01)
    assert detector.batches == [1, 1]


@pytest.mark.parametrize(
    "body", [Box(0.3, 0.16, 0.9, 0.4), Box(0.1, 0.16, 0.7, 0.4), Box(0.45, 0.0, 0.55, 0.44)], ids=["x1", "x0", "y0"]
)
def test_every_side_of_a_crop_cuts(body: Box) -> None:
    (person,) = found(Sees([body]), rectangle(0.3, 0.1, 0.7, 0.5))
    assert person.cut is not None
    assert person.box.area > person.cut.area


def test_where_the_picture_ends_nobody_is_cut() -> None:
    detector = Sees([Box(0.45, 0.7, 0.55, 1.0)])
    (person,) = found(detector, rectangle(0.4, 0.75, 0.6, 1.0), Box(0.34, 0.675, 0.66, 1.0))
    assert (person.cut, detector.batches) == (None, [1])


def test_only_who_is_cut_and_counts_is_looked_at_again() -> None:
    for nobody_doubts in (
        Sees([CLERK]),
        Sees([Box(0.62, 0.16, 0.7, 0.75)]),
        Sees([IN_FRONT], score=0.2),
        Sees([]),
    ):
        found(nobody_doubts)
        assert nobody_doubts.batches == [1]


def test_all_who_are_looked_at_again_are_one_batch() -> None:
    detector = Sees([IN_FRONT])
    view = WatchedView("cam", "c-1", STAFF)
    looker = Looker(detector)
    looker.look([(Picture(camera, at(0), picture()), [view]) for camera in ("a", "b", "c")])
    assert (detector.batches, looker.looks) == ([3, 3], 6)


def test_somebody_else_in_the_wider_look_is_not_taken_for_them() -> None:
    """Who is cut is too small to be found there; who overlaps with them is not."""
    beside = Box(0.47, 0.16, 0.8, 0.9)
    in_front, other = found(Sees([IN_FRONT, beside], smallest=0.93))
    assert in_front.cut is None
    assert other.cut is not None


def test_whoever_stands_before_a_staff_zone_with_a_crop_of_its_own_is_no_staff_and_makes_no_absence() -> None:
    for customers in ((), CUSTOMERS):
        told = seen(Sees([IN_FRONT]), customers)
        assert (told.staff_count, told.reason, told.confidence) == (None, BEHIND_SOMEBODY, 0.0)


def test_what_hides_little_of_the_zone_makes_no_absence_either() -> None:
    """A clerk of whom more is seen than their zone was drawn for looks the same."""
    assert seen(Sees([Box(0.48, 0.22, 0.52, 0.7)])).staff_count is None


def test_a_clerk_who_is_cut_and_in_the_zone_all_the_same_is_staff() -> None:
    leaning_out = Box(0.42, 0.16, 0.52, 0.5)
    assert contains(STAFF, leaning_out.centre)
    detector = Sees([leaning_out])
    told = seen(detector)
    assert (told.staff_count, told.staff_besides, detector.batches) == (1, 0, [1, 1])


def test_where_the_wider_look_shows_nobody_the_first_stands() -> None:
    assert seen(Sees([IN_FRONT], smallest=0.93)).staff_count == 1


def test_a_clerk_beside_whoever_stands_before_the_zone_is_there_but_how_many_are_is_not_known() -> None:
    told = seen(Sees([IN_FRONT, CLERK]))
    assert (told.staff_count, told.staff_besides) == (1, None)
    onlookers = Onlookers({"cam": Shows.WHOLE})
    onlookers.looked(told, at(5) - at(0))
    assert onlookers.count([told]) == HowMany(1, MANY)
    assert onlookers.judge([told], at(0)) == "staffed"


def test_customers_of_whom_the_crop_shows_the_upper_part_only_are_unknown() -> None:
    reaching_in, inside = Box(0.12, 0.45, 0.18, 0.95), Box(0.2, 0.52, 0.28, 0.68)
    assert seen(Sees([reaching_in]), CUSTOMERS).customer_count is None
    assert seen(Sees([reaching_in, inside]), CUSTOMERS).customer_count == 1
    assert seen(Sees([]), CUSTOMERS).customer_count == 0


def test_a_share_of_the_body_is_one_of_the_whole_body() -> None:
    half = Inside(Measure.OVERLAP, 0.5)
    assert found(Sees([IN_FRONT]), inside=half)[0].cut is not None
    assert seen(Sees([IN_FRONT]), inside=half).staff_count is None


def test_the_preview_says_so_too() -> None:
    view = WatchedView("cam", "c-1", rectangle(0.4, 0.42, 0.6, 0.62))
    shown = preview(ssd(), Picture("cam", at(0), a_picture(0.5)), view, 0.35)
    assert [one.staff for one in shown.found if one.counts] == [False]
    assert shown.observation.reason == BEHIND_SOMEBODY


@pytest.mark.parametrize("zone", [(0.42, 0.6), (0.42, 0.62), (0.4, 0.65), (0.45, 0.7)])
def test_a_detector_tells_who_stands_before_the_zone_from_who_sits_behind_a_desk(zone: tuple[float, float]) -> None:
    view = WatchedView("cam", "c-1", rectangle(0.4, zone[0], 0.6, zone[1]))
    before, behind = a_picture(0.5), a_picture(0.5)
    cv2.rectangle(behind, (0, 245), (640, 360), (60, 90, 120), -1)
    told = [look(ssd(), Picture("cam", at(0), image), [view])[0].staff_count for image in (before, behind)]
    assert told == [None, 1]


def test_what_is_remembered_of_a_crop_is_the_whole_body() -> None:
    looker, view = Looker(Sees([IN_FRONT])), WatchedView("cam", "c-1", STAFF)
    told = [looker.look([(Picture("cam", at(second), picture()), [view])])[0] for second in range(5)]
    assert {observation.reason for observation in told} == {BEHIND_SOMEBODY}
    assert looker.looks < 2 * 5
    assert looker.people("cam", [view])[0] == pytest.approx(IN_FRONT, abs=0.01)


def test_looking_back_looks_wider_too() -> None:
    looker = Looker(Sees([IN_FRONT]))
    assert looker.look_back(Picture("cam", at(0), picture()), WatchedView("cam", "c-1", STAFF)).staff_count is None
    assert looker.looks == 2
