"""Polygons in a picture, and the crops through which a detector looks at them."""

from collections.abc import Iterator, Sequence

from analytics.people import Box, Image, Person
from storage.inside import BUILT_IN, Inside, Measure

Point = tuple[float, float]
Zone = tuple[Point, ...]
"""Corners in fractions of the picture, 0..1 from its top left; fewer than three mean: not seen."""

MARGIN = 0.3
"""Of the zone's size, added on every side: a person stands out of the zone, and the detector wants context."""

_ROUNDING = 1e-9

WHOLE_PICTURE = Box(0.0, 0.0, 1.0, 1.0)


def zone_of(polygon: Sequence[Sequence[float]]) -> Zone:
    """A stored polygon as a zone; empty when it has no area to look at."""
    zone = tuple((float(x), float(y)) for x, y in polygon)
    return zone if len(zone) >= 3 and bounds(zone).area > 0 else ()


def contains(zone: Zone, point: Point) -> bool:
    """Even-odd rule; points on the left and top edges belong to the zone."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in zip(zone, zone[1:] + zone[:1], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside


def is_inside(zone: Zone, box: Box, inside: Inside) -> bool:
    """Whether somebody whose visible body is the box counts as being in the zone."""
    if inside.measure is Measure.OVERLAP:
        return box.area > 0 and covered(zone, box) >= inside.share * box.area * (1 - _ROUNDING)
    return contains(zone, box.centre if inside.measure is Measure.CENTRE else ((box.x0 + box.x1) / 2, box.y1))


def covered(zone: Zone, box: Box) -> float:
    """How much of the box lies in the zone, as an area: the zone, cut by each side of the box."""
    corners = list(zone)
    for axis, limit, sign in ((0, box.x0, 1), (0, box.x1, -1), (1, box.y0, 1), (1, box.y1, -1)):
        corners = list(_kept_side(corners, axis, limit, sign))
    twice = sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True))
    return abs(twice) / 2


def _kept_side(corners: Sequence[Point], axis: int, limit: float, sign: int) -> Iterator[Point]:
    """The corners of the part where `sign * (coordinate - limit)` is not negative."""
    for n, here in enumerate(corners):
        before = corners[n - 1]
        was, now = (sign * (point[axis] - limit) for point in (before, here))
        if (was < 0) != (now < 0):
            share = was / (was - now)
            yield before[0] + share * (here[0] - before[0]), before[1] + share * (here[1] - before[1])
        if now >= 0:
            yield here


def bounds(zone: Zone) -> Box:
    xs, ys = [x for x, _ in zone], [y for _, y in zone]
    return Box(max(min(xs), 0.0), max(min(ys), 0.0), min(max(xs), 1.0), min(max(ys), 1.0))


def crop_around(zones: Sequence[Zone], margin: float = MARGIN) -> Box:
    """The smallest upright box around all zones, widened by the margin on every side, inside the picture."""
    x0, y0, x1, y1 = enclosing([bounds(zone) for zone in zones])
    across, down = (x1 - x0) * margin, (y1 - y0) * margin
    return Box(max(x0 - across, 0.0), max(y0 - down, 0.0), min(x1 + across, 1.0), min(y1 + down, 1.0))


def enclosing(boxes: Sequence[Box]) -> Box:
    """The smallest upright box around all boxes."""
    return Box(
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )


def cut(image: Image, crop: Box) -> Image:
    """That part of the picture, at least one pixel."""
    height, width = image.shape[:2]
    left, top = min(int(crop.x0 * width), width - 1), min(int(crop.y0 * height), height - 1)
    right, bottom = max(round(crop.x1 * width), left + 1), max(round(crop.y1 * height), top + 1)
    return image[top:bottom, left:right]


def in_picture(person: Person, crop: Box) -> Person:
    """A person found in a crop, placed in the whole picture."""
    across, down = crop.x1 - crop.x0, crop.y1 - crop.y0
    x0, y0, x1, y1 = person.box
    placed = Box(crop.x0 + x0 * across, crop.y0 + y0 * down, crop.x0 + x1 * across, crop.y0 + y1 * down)
    return Person(placed, person.score)


def best_score(people: Sequence[Person], zone: Zone, inside: Inside = BUILT_IN) -> float:
    """Of the people in the zone; 0.0 when there is none."""
    return max((person.score for person in people if is_inside(zone, person.box, inside)), default=0.0)
