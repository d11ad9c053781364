from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from analytics.looking import WatchedView, crops_of, look
from analytics.people import Box, Image, Person
from analytics.pictures import Picture
from analytics.preview import preview
from analytics.zones import cut
from storage.inside import Inside, Measure
from tests.analytics.scenes import START, a_picture

STAFF = ((0.1, 0.3), (0.4, 0.3), (0.4, 1.0), (0.1, 1.0))
BESIDE = ((0.4, 0.3), (0.7, 0.3), (0.7, 1.0), (0.4, 1.0))
FAR = ((0.8, 0.8), (0.95, 0.8), (0.95, 0.95), (0.8, 0.95))


@dataclass
class Finds:
    """Finds these people, each as it would lie in the crop that it is given; the crops are told by their sizes."""

    people: Sequence[Person]
    crops: Sequence[Box]
    name: str = "finds"

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        return [tuple(self._in(crop)) for crop, _ in zip(self.crops, images, strict=True)]

    def _in(self, crop: Box) -> list[Person]:
        across, down = crop.x1 - crop.x0, crop.y1 - crop.y0
        return [
            Person(
                Box(
                    (p.box.x0 - crop.x0) / across,
                    (p.box.y0 - crop.y0) / down,
                    (p.box.x1 - crop.x0) / across,
                    (p.box.y1 - crop.y0) / down,
                ),
                p.score,
            )
            for p in self.people
            if crop.x0 <= p.box.centre[0] <= crop.x1 and crop.y0 <= p.box.centre[1] <= crop.y1
        ]


def around(x: float, y: float, score: float = 0.9) -> Person:
    return Person(Box(x - 0.05, y - 0.15, x + 0.05, y + 0.15), score)


@pytest.mark.parametrize("customer_zone", [BESIDE, FAR], ids=["one crop", "two crops"])
def test_the_preview_counts_as_the_watch_does(customer_zone: tuple[tuple[float, float], ...]) -> None:
    view = WatchedView("cam", "c-1", STAFF, customer_zone)
    detector = Finds([around(0.25, 0.6), around(0.5, 0.6), around(0.87, 0.85, 0.2)], crops_of(view))
    picture = Picture("cam", START, a_picture(0.25))
    seen = preview(detector, picture, view, 0.35)
    assert [seen.observation] == look(detector, picture, [view], 0.35)
    assert seen.looked_at == crops_of(view)
    assert sum(one.staff for one in seen.found) == seen.observation.staff_count == 1
    assert sum(one.customer for one in seen.found) == seen.observation.customer_count


def test_whoever_is_seen_through_both_crops_is_one_and_whoever_is_unsure_counts_for_nothing() -> None:
    tall = ((0.1, 0.05), (0.2, 0.05), (0.2, 0.35), (0.1, 0.35))
    view = WatchedView("cam", "c-1", tall, ((0.16, 0.1), (0.9, 0.1), (0.9, 0.9), (0.16, 0.9)))
    assert len(crops_of(view)) == 2
    detector = Finds([around(0.17, 0.2), around(0.6, 0.6, 0.2)], crops_of(view))
    both, unsure = preview(detector, Picture("cam", START, a_picture(0.2)), view, 0.35).found
    assert (both.staff, both.customer, both.counts) == (True, True, True)
    assert (unsure.staff, unsure.customer, unsure.counts) == (False, False, False)


def test_who_counts_as_inside_is_as_the_view_says() -> None:
    standing_in_front = Person(Box(0.2, 0.1, 0.3, 0.45), 0.9)
    for inside, counts in ((Inside(), False), (Inside(Measure.FOOT), True)):
        view = WatchedView("cam", "c-1", STAFF, staff_inside=inside)
        (one,) = preview(
            Finds([standing_in_front], crops_of(view)), Picture("cam", START, a_picture(0.2)), view, 0.3
        ).found
        assert one.staff is counts


def test_a_picture_that_cannot_be_judged_shows_nobody_and_says_why() -> None:
    view = WatchedView("cam", "c-1", STAFF)
    dark = cut(a_picture(0.2), Box(0, 0, 1, 1)) // 30
    seen = preview(Finds([around(0.25, 0.6)], crops_of(view)), Picture("cam", START, dark), view, 0.35)
    assert (seen.observation.reason, seen.observation.staff_count, seen.found) == ("dark", None, ())


def test_nobody_is_seen_under_a_mask_nor_in_a_zone_that_one_hides() -> None:
    view = WatchedView("cam", "c-1", STAFF, FAR)
    picture = Picture("cam", START, a_picture(0.25))
    given: list[Image] = []

    class Keeps(Finds):
        def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
            given.extend(images)
            return super().detect(images)

    (crop,) = crops_of(WatchedView("cam", "c-1", STAFF))
    seen = preview(Keeps([], [crop]), picture, view, 0.35, masks=[((0.75, 0.7), (1.0, 0.7), (1.0, 1.0), (0.75, 1.0))])
    assert (seen.observation.customer_count, seen.looked_at) == (None, (crop,))
    preview(Keeps([], crops_of(view)), picture, view, 0.35, masks=[((0.0, 0.0), (0.2, 0.0), (0.2, 0.3), (0.0, 0.3))])
    assert (given[0] != given[1]).any()
