"""A picture with zones and people drawn in, to check views by eye."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from analytics.looking import SEEN_SCORE, WatchedView, crops_of, place
from analytics.people import Image, Person, PersonDetector
from analytics.zones import Zone, contains, cut

_STAFF, _CUSTOMER, _OUTSIDE = (80, 200, 80), (60, 160, 255), (160, 160, 160)
"""Blue-green-red."""


def find_people(detector: PersonDetector, image: Image, views: Sequence[WatchedView]) -> list[Person]:
    """People as the watcher finds them, through the crops of each view; one in two crops appears twice."""
    crops = list(dict.fromkeys(crop for view in views for crop in crops_of(view)))
    found = detector.detect([cut(image, crop) for crop in crops])
    return [person for crop, people in zip(crops, found, strict=True) for person in place(people, crop)]


def annotate(
    image: Image, views: Sequence[WatchedView], people: Iterable[Person], threshold: float = SEEN_SCORE
) -> Image:
    """A copy with each zone outlined, and each person seen boxed in the colour of the zone that holds the centre."""
    drawn = image.copy()
    for view in views:
        for zone, colour in ((view.staff_zone, _STAFF), (view.customer_zone, _CUSTOMER)):
            _outline(drawn, zone, colour)
    for person in people:
        if person.score >= threshold:
            _mark(drawn, person, _colour(person, views))
    return drawn


def _outline(image: Image, zone: Zone, colour: tuple[int, int, int]) -> None:
    height, width = image.shape[:2]
    if zone:
        corners = np.array([[round(x * width), round(y * height)] for x, y in zone], np.int32)
        cv2.polylines(image, [corners], True, colour, 2, cv2.LINE_AA)


def _mark(image: Image, person: Person, colour: tuple[int, int, int]) -> None:
    height, width = image.shape[:2]
    left, top = round(person.box.x0 * width), round(person.box.y0 * height)
    right, bottom = round(person.box.x1 * width), round(person.box.y1 * height)
    cv2.rectangle(image, (left, top), (right, bottom), colour, 2)
    cv2.circle(image, ((left + right) // 2, (top + bottom) // 2), 4, colour, -1)
    cv2.putText(image, f"{person.score:.2f}", (left + 3, top + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1)


def _colour(person: Person, views: Iterable[WatchedView]) -> tuple[int, int, int]:
    for view in views:
        if contains(view.staff_zone, person.box.centre):
            return _STAFF
        if contains(view.customer_zone, person.box.centre):
            return _CUSTOMER
    return _OUTSIDE
