"""Heads of people who are no staff, blurred in a picture. Nobody is recognised: only where people are is looked for."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from analytics.doubles import is_part_of
from analytics.looking import SEEN_SCORE, WatchedView, crops_of, place
from analytics.people import Box, Image, Person, PersonDetector
from analytics.zones import bounds, cut, is_inside

ENOUGH = 0.15
"""From this score on a head is blurred: what may be a person is treated as one."""
_THIRD = 1 / 3
_OF_WIDTH = 0.8
"""Of a body of which a desk hides the rest, the head is more than a third: about as high as the body is wide."""
_CELLS = 5
"""Across a blurred head: too few for a face."""


def without_faces(image: Image, views: Sequence[WatchedView], detector: PersonDetector | None) -> Image:
    """With the heads of everybody blurred whom a view of the camera shows and who is in no staff zone of any of them.

    Without a detector the upper half of each customer zone is blurred.
    """
    shape = image.shape[1] / image.shape[0]
    seen = [view for view in views if view.customer_zone]
    if detector is None:
        return blurred(image, [_upper_half(bounds(view.customer_zone)) for view in seen])
    people = [person for view in seen for person in _people(image, view, detector)]
    return blurred(image, list(heads(people, views, shape)))


def heads(people: Sequence[Person], views: Sequence[WatchedView], shape: float) -> Iterator[Box]:
    """`shape`: width of the picture, of its height."""
    seen = [person.box for person in people if person.score >= SEEN_SCORE]
    clerks = [box for box in seen if _is_staff(box, views)]
    for person in people:
        box = person.box
        # The crop around one counter shows the clerk of the next, too.
        if person.score < ENOUGH or _is_staff(box, views) or _is_more_of(clerks, box, views):
            continue
        height = max((box.y1 - box.y0) * _THIRD, (box.x1 - box.x0) * shape * _OF_WIDTH)
        margin = 0.1 * (box.x1 - box.x0)
        top = box.y0 - margin * shape
        yield Box(box.x0 - margin, top, box.x1 + margin, min(box.y0 + height, box.y1))


def _is_staff(box: Box, views: Sequence[WatchedView]) -> bool:
    return any(view.staff_zone and is_inside(view.staff_zone, box, view.staff_inside) for view in views)


def _is_more_of(clerks: Sequence[Box], box: Box, views: Sequence[WatchedView]) -> bool:
    """Whether it is a clerk once more, with the desk that hides the rest; who may be a customer never is."""
    if any(view.customer_zone and is_inside(view.customer_zone, box, view.customer_inside) for view in views):
        return False
    return any(is_part_of(clerk, box) for clerk in clerks)


def blurred(image: Image, boxes: Sequence[Box]) -> Image:
    """Itself where there are none."""
    if not boxes:
        return image
    made = image.copy()
    height, width = made.shape[:2]
    for box in boxes:
        left, top = max(int(box.x0 * width), 0), max(int(box.y0 * height), 0)
        right, bottom = min(int(np.ceil(box.x1 * width)), width), min(int(np.ceil(box.y1 * height)), height)
        if left < right and top < bottom:
            made[top:bottom, left:right] = _in_cells(image[top:bottom, left:right])
    return made


def _in_cells(part: Image) -> Image:
    height, width = part.shape[:2]
    cells = (min(_CELLS, width), max(min(round(_CELLS * height / width), height), 1))
    coarse = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _upper_half(box: Box) -> Box:
    return Box(box.x0, box.y0, box.x1, (box.y0 + box.y1) / 2)


def _people(image: Image, view: WatchedView, detector: PersonDetector) -> tuple[Person, ...]:
    crops = crops_of(view)
    found = detector.detect([cut(image, crop) for crop in crops])
    return tuple(person for people, crop in zip(found, crops, strict=True) for person in place(people, crop))
