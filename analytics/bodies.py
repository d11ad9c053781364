"""People as a crop shows them, and as whole as the picture does where the crop's edge cut them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from analytics.people import Box, Image, Person
from analytics.zones import WHOLE_PICTURE, Zone, cut, in_picture, is_inside
from storage.inside import Inside

Detect = Callable[[Sequence[Image]], list[tuple[Person, ...]]]
"""As `PersonDetector.detect`."""

_EDGE = 0.04
"""Of the crop's size: how near to its edge a box ends that was cut there."""

_SAME = 0.5
"""Of the area that both cover together within the crop, from which on two looks show the same person."""


class Counted(NamedTuple):
    """Who counts for one zone."""

    zone: Zone
    inside: Inside


@dataclass(frozen=True, slots=True)
class Look:
    """At a picture, through a crop of it."""

    image: Image
    """The whole picture."""
    crop: Box
    counted: Sequence[Counted]
    """For which zones people are looked for."""


def find(detect: Detect, looks: Sequence[Look], threshold: float) -> list[tuple[Person, ...]]:
    """The people of each look, as boxes of the whole picture.

    Whoever was cut by the crop and counts for a zone by what it left of them is looked at once more through a wider
    one. If they are found there, they are as large as that shows them, and `cut` says what they were.
    """
    found = [place(people, look.crop) for look, people in zip(looks, _detect(detect, looks), strict=True)]
    wider = {n: wide for n, look in enumerate(looks) if (wide := _wider(look, found[n], threshold)) != look.crop}
    again = _detect(detect, [replace(looks[n], crop=crop) for n, crop in wider.items()])
    for (n, crop), people in zip(wider.items(), again, strict=True):
        shown = [person.box for person in place(people, crop) if person.score >= threshold]
        found[n] = tuple(
            _whole(person, looks[n].crop, shown) if _is_doubtful(looks[n], person, threshold) else person
            for person in found[n]
        )
    return found


def place(people: Sequence[Person], crop: Box) -> tuple[Person, ...]:
    """Those found in a crop, placed in the whole picture."""
    return tuple(in_picture(person, crop) for person in people)


def shared(one: Box, other: Box) -> float:
    """Of the area that both cover together."""
    both = _within(one, other).area
    return both / (one.area + other.area - both) if both else 0.0


def _detect(detect: Detect, looks: Sequence[Look]) -> list[tuple[Person, ...]]:
    return detect([cut(look.image, look.crop) for look in looks]) if looks else []


def _wider(look: Look, people: Sequence[Person], threshold: float) -> Box:
    """The crop, or as much again on each side where it cut somebody who counts by what is left of them."""
    x0, y0, x1, y1 = look.crop
    sides = [_cut_sides(person.box, look.crop) for person in people if _is_doubtful(look, person, threshold)]
    left, top, right, bottom = (any(side) for side in zip(*sides, strict=True)) if sides else (False,) * 4
    across, down = x1 - x0, y1 - y0
    return Box(
        max(x0 - across * left, 0.0),
        max(y0 - down * top, 0.0),
        min(x1 + across * right, 1.0),
        min(y1 + down * bottom, 1.0),
    )


def _is_doubtful(look: Look, person: Person, threshold: float) -> bool:
    return (
        person.score >= threshold
        and any(_cut_sides(person.box, look.crop))
        and any(is_inside(zone, person.box, inside) for zone, inside in look.counted)
    )


def _cut_sides(box: Box, crop: Box) -> tuple[bool, bool, bool, bool]:
    """Left, top, right, bottom: where the box ends with the crop and the picture goes on."""
    across, down = _EDGE * (crop.x1 - crop.x0), _EDGE * (crop.y1 - crop.y0)
    return (
        crop.x0 > WHOLE_PICTURE.x0 and box.x0 <= crop.x0 + across,
        crop.y0 > WHOLE_PICTURE.y0 and box.y0 <= crop.y0 + down,
        crop.x1 < WHOLE_PICTURE.x1 and box.x1 >= crop.x1 - across,
        crop.y1 < WHOLE_PICTURE.y1 and box.y1 >= crop.y1 - down,
    )


def _whole(person: Person, crop: Box, shown: Sequence[Box]) -> Person:
    """With what the wider look shows beyond the sides that were cut; the rest was seen better before."""
    same = max(shown, key=lambda box: (shared(_within(box, crop), person.box), box.area), default=None)
    if same is None or shared(_within(same, crop), person.box) < _SAME:
        return person
    box, (left, top, right, bottom) = person.box, _cut_sides(person.box, crop)
    whole = Box(
        min(box.x0, same.x0) if left else box.x0,
        min(box.y0, same.y0) if top else box.y0,
        max(box.x1, same.x1) if right else box.x1,
        max(box.y1, same.y1) if bottom else box.y1,
    )
    return replace(person, box=whole, cut=box)


def _within(box: Box, crop: Box) -> Box:
    return Box(max(box.x0, crop.x0), max(box.y0, crop.y0), min(box.x1, crop.x1), min(box.y1, crop.y1))
