"""Whether something hides a zone, while the rest of the picture is as it was: a coat, a box, a lamp that went out.

What a place shows is compared with what it showed when its zones were drawn (`analytics.aim`). A detector finds nobody
on flat cardboard, and is sure of it; that a place is empty can only be said where the place can be seen.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.aim import Aim, Small, slopes, standing
from analytics.people import Box
from analytics.zones import Zone
from storage.models import FaultKind

# On the labelled clips a zone that is covered keeps a twentieth of its edges at most; one of which it is not known that
# somebody stood there in the aim, who has left since, keeps a third.
_GONE = 0.2
_TELLING = 30
"""Edges from which a place is known again: the noise of a sensor makes 5."""
_DARK_LEVEL = 30
_NINE_TENTHS = 90
_LEAST_KNOWN = 0.1
"""Of the zone: with less of it to be seen past those who stood in the aim, nothing can be told."""
_REACH = np.ones((7, 7), np.uint8)
"""Three pixels of the aim on each side: so far the edges of what hides the zone, and of people, are felt."""
_ALIKE = 0.5
"""Correlation of the edges around a pixel with what they were, from which on it shows the same."""
_HIDDEN = 0.5
"""Of the edges of a zone: on the labelled clips 0.17 at most were not found again in one that nothing hid."""
_AROUND = (7, 7)
_LEAST_EDGES = 30
"""Pixels of the aim, and `_LEAST_KNOWN` of the zone: from fewer nobody can tell how much of it is hidden."""


def what_hides(aim: Aim, now: Small, zone: Zone, people: Iterable[Box] = ()) -> FaultKind | None:
    """Why the zone cannot be seen: nine tenths of it show hardly anything of what they did, or half of its edges are
    not where they were. None if neither, or where it showed little before.

    Where somebody stood in the aim nothing is compared, as who has gone hides nothing; nor before which `people` stand.
    """
    inside = _inside(zone, now.shape)
    known = inside & (cv2.dilate((aim.stood | standing(people)).astype(np.uint8), _REACH) == 0)
    if known.sum() < max(_LEAST_KNOWN * inside.sum(), 1):
        return None
    edges = slopes(now)
    before, after = (np.percentile(slope[known], _NINE_TENTHS) for slope in (aim.slopes, edges))
    if before < _TELLING:
        return None
    if after < _GONE * before:
        is_dark = np.percentile(now[known], _NINE_TENTHS) < _DARK_LEVEL
        return FaultKind.DARK if is_dark else FaultKind.OBSTRUCTED
    telling = known & (aim.slopes >= _TELLING)
    if telling.sum() < max(_LEAST_EDGES, _LEAST_KNOWN * inside.sum()):
        return None
    unlike = _likeness(aim.slopes, edges)[telling] < _ALIKE
    return FaultKind.OBSTRUCTED if unlike.mean() >= _HIDDEN else None


def _likeness(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the edges around each pixel, -1..1, whatever the light; they may lie a pixel beside."""
    one, other = (cv2.GaussianBlur(slope, (0, 0), 1) for slope in (before, after))
    mean_one, mean_other = cv2.blur(one, _AROUND), cv2.blur(other, _AROUND)
    together = cv2.blur(one * other, _AROUND) - mean_one * mean_other
    spreads = [cv2.blur(slope * slope, _AROUND) - mean * mean for slope, mean in ((one, mean_one), (other, mean_other))]
    return np.asarray(together / np.sqrt(np.maximum(spreads[0], 1e-3) * np.maximum(spreads[1], 1e-3)), np.float32)


def _inside(zone: Zone, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The pixels of the zone without its rim; with it where there would be none else."""
    height, width = shape
    corners = np.round(np.array(zone) * (width, height) - 0.5).astype(np.int32)
    whole = cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], 1)
    core = cv2.erode(whole, _REACH, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return np.asarray(core if core.any() else whole, np.bool_)
