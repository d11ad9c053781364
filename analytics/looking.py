"""One look at a picture: who is in which zone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analytics.doubles import distinct
from analytics.people import Box, Person, PersonDetector
from analytics.pictures import Picture
from analytics.zones import Zone, best_score, crop_around, cut, enclosing, in_picture, is_inside
from storage.inside import BUILT_IN, Inside
from storage.mask_pixels import share_covered

SEEN_SCORE = 0.35
"""From this score on somebody counts as seen: missed 0 of 305 and invented 0 of 465 on crops of the labelled clips."""

NO_ZONE = "no_zone"
"""Why a view without a staff zone knows nothing of staff."""

MASKED = "masked"
"""The same of one whose staff zone a privacy mask hides."""

BEHIND_SOMEBODY = "behind_somebody"
"""Why nothing is known of staff where somebody who is not in the staff zone stands before it."""

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
    customer_count: int | None
    confidence: float = 0.0
    """0..1, that staff_count is right about somebody or nobody."""
    reason: str = ""
    """Why nothing is known, e.g. dark."""


def look(
    detector: PersonDetector, picture: Picture, views: Sequence[WatchedView], threshold: float = SEEN_SCORE
) -> list[Observation]:
    """One observation for each view of the picture's camera."""
    crops = [crops_of(view) for view in views]
    wanted = list(dict.fromkeys(crop for of_view in crops for crop in of_view))
    found = detector.detect([cut(picture.image, crop) for crop in wanted])
    people = {crop: place(of_crop, crop) for crop, of_crop in zip(wanted, found, strict=True)}
    return [
        observe(view, picture.wall, [people[crop] for crop in of_view], threshold)
        for view, of_view in zip(views, crops, strict=True)
    ]


def crops_of(view: WatchedView) -> tuple[Box, ...]:
    """The crops to look at: staff first; a single one where that shows both zones about as large."""
    zones = [zone for zone in (view.staff_zone, view.customer_zone) if zone]
    alone = [crop_around([zone]) for zone in zones]
    if len(zones) < 2:
        return tuple(alone)
    both = enclosing(alone)
    return (both,) if both.area <= _SHARED_CROP * min(crop.area for crop in alone) else tuple(alone)


def place(people: Sequence[Person], crop: Box) -> tuple[Person, ...]:
    return tuple(in_picture(person, crop) for person in people)


def observe(
    view: WatchedView, wall: datetime, people: Sequence[Sequence[Person]], threshold: float = SEEN_SCORE
) -> Observation:
    """What the people found in each of `crops_of(view)` say about the counter."""
    if not view.staff_zone and not view.customer_zone:
        return blind(view, wall, view.unseen)
    staff, customers = people[0], people[-1]
    best = best_score(staff, view.staff_zone, view.staff_inside)
    told = Observation(
        view.counter_id,
        view.camera_id,
        wall,
        _count(staff, view.staff_zone, view.staff_inside, threshold),
        _count(customers, view.customer_zone, view.customer_inside, threshold),
        confidence=best if best >= threshold else 1.0 - best,
        reason="" if view.staff_zone else view.unseen,
    )
    seen = [person.box for person in staff if person.score >= threshold]
    is_hidden = told.staff_count == 0 and bool(seen) and _share_behind(seen, view.staff_zone) >= _HIDDEN
    return staff_unseen(told, BEHIND_SOMEBODY) if is_hidden else told


def blind(view: WatchedView, wall: datetime, reason: str) -> Observation:
    """Nothing can be told from the picture."""
    return Observation(view.counter_id, view.camera_id, wall, None, None, reason=reason)


def staff_unseen(told: Observation, reason: str) -> Observation:
    """Nothing can be told of staff; what was told of customers stands."""
    return replace(told, staff_count=None, confidence=0.0, reason=reason)


def _share_behind(boxes: Sequence[Box], zone: Zone) -> float:
    return share_covered(zone, [((x0, y0), (x1, y0), (x1, y1), (x0, y1)) for x0, y0, x1, y1 in boxes])


def _count(people: Sequence[Person], zone: Zone, inside: Inside, threshold: float) -> int | None:
    """People in the zone; None where the camera does not see the zone."""
    if not zone:
        return None
    seen = (person.box for person in people if person.score >= threshold)
    return len(distinct(box for box in seen if is_inside(zone, box, inside)))
