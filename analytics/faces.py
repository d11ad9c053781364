"""Heads of people who are no staff, blurred in a picture. Nobody is recognised: only where people are is looked for."""

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from analytics.bodies import place
from analytics.doubles import is_part_of
from analytics.looking import WatchedView, crops_of
from analytics.people import Box, Image, Person, PersonDetector
from analytics.seen_score import SEEN_SCORE
from analytics.zones import Zone, cut, is_inside

ENOUGH = 0.15
"""From this score on a head is blurred: what may be a person is treated as one."""
_THIRD = 1 / 3
_OF_WIDTH = 0.8
"""Of a body of which a desk hides the rest, the head is more than a third: about as high as the body is wide."""
_CELLS = 5
"""Across a blurred head: too few for a face."""
_STEP = 0.8
"""From one square to the next, of its side."""
LINES = 270
"""Of a picture outside staff zones. Who stands there with up to three quarters of its height has fewer than the 125
pixels a metre that EN 62676-4 takes for recognising somebody known; who is larger is found most surely."""
_LINES_UNSEEN = 90
"""Where no detector runs: who fills the picture from top to bottom has fewer than the 62 with which the same standard
observes."""


def without_faces(image: Image, views: Sequence[WatchedView], detector: PersonDetector | None) -> Image:
    """With the heads of everybody blurred who is in no staff zone of the camera's views.

    Outside these zones it has fewer details, so that whom the detector misses is too small to be recognised. Without
    one they are fewer still.
    """
    staff = [view.staff_zone for view in views if view.staff_zone]
    if detector is None:
        return _coarse_but(image, staff, _LINES_UNSEEN)
    shape = image.shape[1] / image.shape[0]
    return blurred(_coarse_but(image, staff, LINES), list(heads(_people(image, views, detector), views, shape)))


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


def squares(shape: float) -> tuple[Box, ...]:
    """The whole picture, in parts that detectors need not squeeze; a fifth of each, or more, is in the next, too."""
    long, is_wide = max(shape, 1 / shape), shape >= 1
    side, parts = 1 / long, math.ceil((long - 1) / _STEP) + 1
    starts = [number * (1 - side) / max(parts - 1, 1) for number in range(parts)]
    return tuple(Box(s, 0.0, s + side, 1.0) if is_wide else Box(0.0, s, 1.0, s + side) for s in starts)


def _coarse_but(image: Image, zones: Sequence[Zone], lines: int) -> Image:
    """With so many lines of details, but in these zones; itself where it has no more."""
    height, width = image.shape[:2]
    if height <= lines:
        return image
    coarse = cv2.resize(image, (max(round(width * lines / height), 1), lines), interpolation=cv2.INTER_AREA)
    made = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    sharp = np.zeros((height, width), np.uint8)
    for zone in zones:
        cv2.fillPoly(sharp, [np.multiply(zone, (width, height)).astype(np.int32)], 1)
    made[sharp == 1] = image[sharp == 1]
    return made


def _people(image: Image, views: Sequence[WatchedView], detector: PersonDetector) -> list[Person]:
    """In the whole picture, and in the crops, which show whoever is small there."""
    tiles = squares(image.shape[1] / image.shape[0])
    crops = list(dict.fromkeys([*tiles, *(crop for view in views for crop in crops_of(view))]))
    found = detector.detect([cut(image, crop) for crop in crops])
    return [person for people, crop in zip(found, crops, strict=True) for person in place(people, crop)]
