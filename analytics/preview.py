"""What a detector sees in one picture, for whoever draws zones over it: who was found, and who would count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.bodies import shared
from analytics.health import PictureHealth
from analytics.looking import Observation, WatchedView, blind, crops_of, observe, seen_through_crops
from analytics.people import Box, Person, PersonDetector
from analytics.pictures import Picture
from analytics.plan import seen_zone
from analytics.zones import Zone, is_inside
from storage.mask_pixels import filled
from storage.models import FaultKind

_SAME = 0.5
"""Boxes of two crops that share so much of the area that they cover together are of one person."""


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody in the picture."""

    box: Box
    score: float
    counts: bool
    """The score suffices; whoever is found with less is shown and counts for nothing."""
    staff: bool
    """Counts as inside the staff zone; so is the next."""
    customer: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What one look would have said. Nobody is found in a picture that cannot be judged, as when it is watched."""

    observation: Observation
    found: tuple[Found, ...]
    looked_at: tuple[Box, ...]
    """The crops."""


def preview(
    detector: PersonDetector, picture: Picture, view: WatchedView, threshold: float, masks: Sequence[Zone] = ()
) -> Preview:
    """By the code that watches, on this one picture; nobody is seen under its privacy masks."""
    fault: FaultKind | None = PictureHealth().judge(picture.image)
    if fault is not None:
        return Preview(blind(view, picture.wall, fault.value), (), ())
    view = replace(
        view, staff_zone=seen_zone(view.staff_zone, masks), customer_zone=seen_zone(view.customer_zone, masks)
    )
    crops = crops_of(view)
    covered = replace(picture, image=filled(picture.image, masks))
    shown = seen_through_crops(detector.detect, covered, [view], threshold)
    people = [shown[crop] for crop in crops]
    return Preview(observe(view, picture.wall, people, threshold), _found(view, people, threshold), crops)


def _found(view: WatchedView, people: Sequence[Sequence[Person]], threshold: float) -> tuple[Found, ...]:
    """The best first. Staff is who is found in the first crop, customers in the last: it may be the same."""
    if not people:
        return ()
    alone = len(people) == 1
    found = [_judged(view, person, threshold, for_staff=True, for_customers=alone) for person in people[0]]
    for person in () if alone else people[-1]:
        found = _joined(found, _judged(view, person, threshold, for_staff=False, for_customers=True))
    return tuple(sorted(found, key=lambda one: -one.score))


def _judged(view: WatchedView, person: Person, threshold: float, *, for_staff: bool, for_customers: bool) -> Found:
    counts = person.score >= threshold
    staff = for_staff and bool(view.staff_zone) and is_inside(view.staff_zone, person.box, view.staff_inside)
    customer = (
        for_customers and bool(view.customer_zone) and is_inside(view.customer_zone, person.box, view.customer_inside)
    )
    return Found(person.box, person.score, counts, counts and staff, counts and customer)


def _joined(found: Sequence[Found], one: Found) -> list[Found]:
    """With somebody who was seen through the other crop: perhaps again."""
    for number, other in enumerate(found):
        if shared(other.box, one.box) >= _SAME:
            both = replace(
                other if other.score >= one.score else one,
                counts=other.counts or one.counts,
                staff=other.staff or one.staff,
                customer=other.customer or one.customer,
            )
            return [*found[:number], both, *found[number + 1 :]]
    return [*found, one]
