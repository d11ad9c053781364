"""One look at a picture: who is in which zone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from analytics.bodies import Counted, Detect, Look, find
from analytics.doubles import distinct
from analytics.people import Box, Person, PersonDetector
from analytics.pictures import Picture
from analytics.seen_score import SEEN_SCORE
from analytics.zones import Zone, best_score, crop_around, enclosing, is_inside
from storage.inside import BUILT_IN, Inside
from storage.mask_pixels import share_covered

NO_ZONE = "no_zone"
"""Why a view without a staff zone knows nothing of staff."""

MASKED = "masked"
"""The same of one whose staff zone a privacy mask hides."""

BEHIND_SOMEBODY = "behind_somebody"
"""Why nothing is known of staff where somebody stands before the staff zone, who is not in it as far as is known."""

PERHAPS_SOMEBODY = "perhaps_somebody"
"""The same where somebody may be in it, whom the detector found with too low a score to count."""

DETECTOR_FAILING = "detector_failing"
"""Why nothing is known where the detector failed on the picture."""

_PERHAPS = 0.5
"""Of the score from which somebody counts: from there on nobody may say that nobody is there."""

_HIDDEN = 0.5
"""Of the zone, from which on a clerk may sit there unseen: who is served stands right before the clerk."""

_SHARED_CROP = 3.0
"""One crop shows staff and customer together while it is at most this many times as large as the smaller of their own:
on the labelled clips a crop of three times the area missed nobody more, and it halves the looks."""


@dataclass(frozen=True, slots=True)
class WatchedView:
    """What one camera shows of one counter."""

    camera_id: str
    counter_id: str
    staff_zone: Zone
    customer_zone: Zone = ()
    staff_inside: Inside = BUILT_IN
    """Who counts as inside the staff zone."""
    customer_inside: Inside = BUILT_IN
    unseen: str = NO_ZONE
    """Why it has no staff zone, where it has none."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one picture tells about one counter; None where it tells nothing."""

    counter_id: str
    camera_id: str
    wall: datetime
    staff_count: int | None
    """So many at least are in the staff zone."""
    customer_count: int | None
    confidence: float = 0.0
    """0..1, that staff_count is right about somebody or nobody."""
    reason: str = ""
    """Why nothing is known, e.g. dark."""
    staff_besides: int | None = 0
    """So many more at most may be in it: whom the detector is unsure of, and who is in it or stands before it; None:
    any number, because those who stand before it hide it."""
    staff_perhaps: bool = False
    """Nobody counts for the staff zone, and somebody may be in it: no other camera may say that nobody is."""
    people: tuple[Box, ...] = field(default=(), compare=False)
    """Everybody who may be seen where staff is looked for, however unsure."""


def look(
    detector: PersonDetector, picture: Picture, views: Sequence[WatchedView], threshold: float = SEEN_SCORE
) -> list[Observation]:
    """One observation for each view of the picture's camera."""
    people = seen_through_crops(detector.detect, picture, views, threshold)
    return [observe(view, picture.wall, [people[crop] for crop in crops_of(view)], threshold) for view in views]


def seen_through_crops(
    detect: Detect, picture: Picture, views: Sequence[WatchedView], threshold: float
) -> dict[Box, tuple[Person, ...]]:
    """Who is seen through each crop of the views."""
    looks = looks_at(picture, views)
    return dict(zip([look.crop for look in looks], find(detect, looks, threshold), strict=True))


def looks_at(picture: Picture, views: Sequence[WatchedView]) -> list[Look]:
    """One through each crop of the views."""
    counted: dict[Box, list[Counted]] = {}
    for view in views:
        for crop in (crops := crops_of(view)):
            zones = counted.setdefault(crop, [])
            if view.staff_zone and crop == crops[0]:
                zones.append(Counted(view.staff_zone, view.staff_inside))
            if view.customer_zone and crop == crops[-1]:
                zones.append(Counted(view.customer_zone, view.customer_inside))
    return [Look(picture.image, crop, zones) for crop, zones in counted.items()]


def crops_of(view: WatchedView) -> tuple[Box, ...]:
    """The crops to look at: staff first; a single one where that shows both zones about as large."""
    zones = [zone for zone in (view.staff_zone, view.customer_zone) if zone]
    alone = [crop_around([zone]) for zone in zones]
    if len(zones) < 2:
        return tuple(alone)
    both = enclosing(alone)
    return (both,) if both.area <= _SHARED_CROP * min(crop.area for crop in alone) else tuple(alone)


def observe(
    view: WatchedView, wall: datetime, people: Sequence[Sequence[Person]], threshold: float = SEEN_SCORE
) -> Observation:
    """What the people found in each of `crops_of(view)` say about the counter."""
    if not view.staff_zone and not view.customer_zone:
        return blind(view, wall, view.unseen)
    staff, customers = people[0], people[-1]
    best = best_score(staff, view.staff_zone, view.staff_inside)
    waiting = _count(customers, view.customer_zone, view.customer_inside, threshold)
    told = Observation(
        view.counter_id,
        view.camera_id,
        wall,
        _count(staff, view.staff_zone, view.staff_inside, threshold),
        waiting if waiting or not _reached(customers, view.customer_zone, view.customer_inside, threshold) else None,
        confidence=best if best >= threshold else 1.0 - best,
        reason="" if view.staff_zone else view.unseen,
        people=tuple(person.box for person in staff),
    )
    if told.staff_count is None:
        return told
    besides, hidden = _besides(view, told.staff_count, staff, threshold), _is_hidden(view, staff, threshold)
    if told.staff_count:
        return replace(told, staff_besides=None if hidden else besides)
    told = replace(told, staff_perhaps=best >= _PERHAPS * threshold, staff_besides=besides)
    if hidden or _reached(staff, view.staff_zone, view.staff_inside, threshold):
        return staff_unseen(told, BEHIND_SOMEBODY)
    return staff_unseen(told, PERHAPS_SOMEBODY) if told.staff_perhaps else told


def blind(view: WatchedView, wall: datetime, reason: str) -> Observation:
    """Nothing can be told from the picture."""
    return Observation(view.counter_id, view.camera_id, wall, None, None, reason=reason)


def staff_unseen(told: Observation, reason: str) -> Observation:
    """Nothing can be told of staff; what was told of customers stands, and who perhaps is there."""
    return replace(told, staff_count=None, confidence=0.0, reason=reason)


def _besides(view: WatchedView, counted: int, people: Sequence[Person], threshold: float) -> int:
    """How many more may be in the staff zone than count for it."""
    zone, inside = view.staff_zone, view.staff_inside
    perhaps = [person for person in people if person.score >= _PERHAPS * threshold]
    reaching = [p.box for p in perhaps if any(is_inside(zone, box, inside) for box in (p.box, p.cut) if box)]
    return max(len(distinct(reaching)) - counted, 0)


def _is_hidden(view: WatchedView, people: Sequence[Person], threshold: float) -> bool:
    """Whether those before the staff zone may hide somebody in it."""
    seen = [person.box for person in people if person.score >= threshold]
    before = [box for box in seen if not is_inside(view.staff_zone, box, view.staff_inside)]
    outlines = [((x0, y0), (x1, y0), (x1, y1), (x0, y1)) for x0, y0, x1, y1 in before]
    return bool(outlines) and share_covered(view.staff_zone, outlines) >= _HIDDEN


def _reached(people: Sequence[Person], zone: Zone, inside: Inside, threshold: float) -> bool:
    """Whether somebody counts as inside by what the crop showed of them, and not by their whole body."""
    return any(
        person.cut is not None and is_inside(zone, person.cut, inside) and not is_inside(zone, person.box, inside)
        for person in people
        if person.score >= threshold
    )


def _count(people: Sequence[Person], zone: Zone, inside: Inside, threshold: float) -> int | None:
    """People in the zone; None where the camera does not see the zone."""
    if not zone:
        return None
    seen = (person.box for person in people if person.score >= threshold)
    return len(distinct(box for box in seen if is_inside(zone, box, inside)))
