"""Whether a camera still looks where it looked when its zones were drawn: else they lie on something else.

Its first good pictures after the zones were drawn are kept, small, as its aim. Edges are compared, not brightness: by
day and by night, with people or without, most of what a fixed camera shows stays where it is.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.people import Box, Image

Small = NDArray[np.uint8]
"""A picture of 90 × 160, grey."""

_SIZE = (160, 90)
_REACH = 12
"""Pixels of it within which it is looked for: a fourteenth of the width."""
_LEAST_SHIFT = 4
"""A fortieth of the width. Pictures of a fixed camera are found within one pixel of their place."""
# On the labelled clips a picture in its place is 0.61 and more alike, one of another place 0.34 at most; a shifted one
# is 0.13 and more liker where it is found than in its place, one in its place 0.01 at most. Some part of a picture that
# is shifted further than is looked is a little alike somewhere, so what counts for "not at all" is its own place.
_ALIKE, _LIKER, _UNLIKE = 0.45, 0.10, 0.20
_STRONG = 60
"""Edges of a room are 150 and more there, those of mere noise 30: where nothing stands out, nothing can be told."""
PICTURES = 8
"""So many make an aim: who walks through them is not in it."""
APART = timedelta(seconds=2)


@dataclass(frozen=True, eq=False)
class Aim:
    """What a camera showed when its zones were drawn."""

    picture: Small
    stood: NDArray[np.bool_]
    """Of each pixel whether somebody stood there: what is behind them is not known."""

    @cached_property
    def slopes(self) -> NDArray[np.float32]:
        """Reckoned once: every picture is compared with them."""
        return slopes(self.picture)

    @cached_property
    def edges(self) -> NDArray[np.float32]:
        return _edges(self.slopes)


def small(image: Image) -> Small:
    """Of a picture in colour, or of one that is grey already."""
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def aim_of(pictures: Sequence[Small], people: Iterable[Box] = ()) -> Aim:
    """What most of them show at each place. `people`: everybody who stood in any of them."""
    return Aim(np.asarray(np.median(np.stack(pictures), axis=0), np.uint8), standing(people))


def standing(people: Iterable[Box]) -> NDArray[np.bool_]:
    """The pixels of a small picture before which they stand."""
    width, height = _SIZE
    stood = np.zeros((height, width), np.bool_)
    for box in people:
        x0, y0, x1, y1 = np.clip(box, 0.0, 1.0) * (width, height, width, height)
        stood[int(y0) : ceil(y1), int(x0) : ceil(x1)] = True
    return stood


def has_moved(aim: Aim, now: Small) -> bool:
    """Whether what it showed is found elsewhere in the picture, or not at all. False where that was too little."""
    edges = aim.edges
    if edges.max() < _STRONG:
        return False
    inner = edges[_REACH:-_REACH, _REACH:-_REACH]
    likeness = cv2.matchTemplate(_edges(slopes(now)), inner, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(likeness)
    in_its_place = float(likeness[_REACH, _REACH])
    if in_its_place < _UNLIKE:
        return True
    is_elsewhere = max(abs(x - _REACH), abs(y - _REACH)) >= _LEAST_SHIFT
    return is_elsewhere and best >= _ALIKE and best - in_its_place >= _LIKER


def slopes(picture: Small) -> NDArray[np.float32]:
    """How strong its edges are, at each pixel."""
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1)
    slope = cv2.magnitude(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    return np.asarray(slope, np.float32)


def _edges(slope: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where they are, not how strong: the strongest twentieth counts as one."""
    return np.asarray(np.minimum(slope, np.percentile(slope, 95)), np.float32)


def written(aim: Aim) -> bytes:
    """As PNG; transparent where somebody stood."""
    grey, seen_through = aim.picture, np.where(aim.stood, 0, 255).astype(np.uint8)
    encoded, data = cv2.imencode(".png", cv2.merge((grey, grey, grey, seen_through)))
    assert encoded
    return data.tobytes()


def read(data: bytes) -> Aim | None:
    """None if it is no picture of an aim. Of one without transparency nobody knows where people stood."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if found is None or found.shape[:2] != _SIZE[::-1]:
        return None
    picture = np.asarray(found, np.uint8)
    if picture.ndim == 2:
        return Aim(picture, np.ones(picture.shape, np.bool_))
    return Aim(picture[:, :, 0], picture[:, :, 3] == 0)


def zones_key(zones: Sequence[object]) -> str:
    """Of all zones of a camera; another one when any corner is moved."""
    return hashlib.sha256(json.dumps(zones, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class NewAim:
    """A camera's aim has been seen."""

    camera_id: str
    zones: str
    """Key of those that it goes with."""
    since: datetime
    aim: Aim


class AimSeeker:
    """Finds the aim of a camera that has none for its zones yet."""

    def __init__(self, camera_id: str, zones: str) -> None:
        self._camera_id, self._zones = camera_id, zones
        self._pictures: list[tuple[datetime, Small]] = []
        self._people: list[Box] = []
        self.found: NewAim | None = None

    def take(self, image: Image, people: Iterable[Box], wall: datetime) -> NewAim | None:
        """A good picture, and who is seen in it; returns the aim once, when there are enough."""
        if self.found or (self._pictures and wall - self._pictures[-1][0] < APART):
            return None
        self._pictures.append((wall, small(image)))
        self._people += people
        if len(self._pictures) == PICTURES:
            aim = aim_of([small_picture for _, small_picture in self._pictures], self._people)
            self.found = NewAim(self._camera_id, self._zones, self._pictures[0][0], aim)
        return self.found
