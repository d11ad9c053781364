"""Whether a camera still looks where it looked when its zones were drawn: else they lie on something else.

Its first good pictures after the zones were drawn are kept, small, as its aim. Edges are compared, not brightness: by
day and by night, with people or without, most of what a fixed camera shows stays where it is.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.people import Image

Aim = NDArray[np.uint8]
"""90 × 160, grey."""

_SIZE = (160, 90)
_REACH = 12
"""Pixels of it within which it is looked for: a fourteenth of the width."""
_LEAST_SHIFT = 4
"""A fortieth of the width. Pictures of a fixed camera are found within one pixel of their place."""
# On the labelled clips a picture in its place is 0.61 and more alike, one of another place 0.34 at most; a shifted one
# is 0.13 and more liker where it is found than in its place, one in its place 0.01 at most.
_ALIKE, _LIKER, _UNLIKE = 0.45, 0.10, 0.20
_STRONG = 60
"""Edges of a room are 150 and more there, those of mere noise 30: where nothing stands out, nothing can be told."""
PICTURES = 8
"""So many make an aim: who walks through them is not in it."""
APART = timedelta(seconds=2)


def small(image: Image) -> Aim:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def aim_of(pictures: Sequence[Aim]) -> Aim:
    """What most of them show at each place."""
    return np.asarray(np.median(np.stack(pictures), axis=0), np.uint8)


def has_moved(aim: Aim, now: Aim) -> bool:
    """Whether what it showed is found elsewhere in the picture, or not at all. False where that was too little."""
    edges = _edges(aim)
    if edges.max() < _STRONG:
        return False
    inner = edges[_REACH:-_REACH, _REACH:-_REACH]
    likeness = cv2.matchTemplate(_edges(now), inner, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(likeness)
    if best < _UNLIKE:
        return True
    is_elsewhere = max(abs(x - _REACH), abs(y - _REACH)) >= _LEAST_SHIFT
    return is_elsewhere and best >= _ALIKE and best - float(likeness[_REACH, _REACH]) >= _LIKER


def _edges(picture: Aim) -> NDArray[np.float32]:
    """Where they are, not how strong: the strongest twentieth counts as one."""
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1)
    slope = cv2.magnitude(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    return np.asarray(np.minimum(slope, np.percentile(slope, 95)), np.float32)


def written(aim: Aim) -> bytes:
    """As PNG."""
    encoded, data = cv2.imencode(".png", aim)
    assert encoded
    return data.tobytes()


def read(data: bytes) -> Aim | None:
    """None if it is no picture of an aim."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    return None if picture is None or picture.shape != _SIZE[::-1] else np.asarray(picture, np.uint8)


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
        self._pictures: list[tuple[datetime, Aim]] = []
        self.found: NewAim | None = None

    def take(self, image: Image, wall: datetime) -> NewAim | None:
        """A good picture; returns the aim once, when there are enough."""
        if self.found or (self._pictures and wall - self._pictures[-1][0] < APART):
            return None
        self._pictures.append((wall, small(image)))
        if len(self._pictures) == PICTURES:
            aim = aim_of([small_picture for _, small_picture in self._pictures])
            self.found = NewAim(self._camera_id, self._zones, self._pictures[0][0], aim)
        return self.found
