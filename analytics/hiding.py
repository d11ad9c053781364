"""Whether something hides a zone, while the rest of the picture is as it was: a coat, a box, a lamp that went out.

What a place shows is compared with what it showed when its zones were drawn (`analytics.aim`). A detector finds nobody
on flat cardboard, and is sure of it; that a place is empty can only be said where the place can be seen.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.aim import Aim, Small, slopes
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


def what_hides(aim: Aim, now: Small, zone: Zone) -> FaultKind | None:
    """Why nine tenths of the zone show hardly anything of what they did; None if they do, or showed little before.

    Where somebody stood in the aim nothing is compared: who has gone hides nothing.
    """
    inside = _inside(zone, now.shape)
    known = inside & (cv2.dilate(aim.stood.astype(np.uint8), _REACH) == 0)
    if known.sum() < max(_LEAST_KNOWN * inside.sum(), 1):
        return None
    before, after = (np.percentile(slope[known], _NINE_TENTHS) for slope in (aim.slopes, slopes(now)))
    if before < _TELLING or after >= _GONE * before:
        return None
    is_dark = np.percentile(now[known], _NINE_TENTHS) < _DARK_LEVEL
    return FaultKind.DARK if is_dark else FaultKind.OBSTRUCTED


def _inside(zone: Zone, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The pixels of the zone without its rim; with it where there would be none else."""
    height, width = shape
    corners = np.round(np.array(zone) * (width, height) - 0.5).astype(np.int32)
    whole = cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], 1)
    core = cv2.erode(whole, _REACH, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return np.asarray(core if core.any() else whole, np.bool_)
