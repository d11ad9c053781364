"""Privacy masks as pixels: which of a picture they cover, and the picture without them."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Height × width × 3, blue-green-red."""
Covered = NDArray[np.bool_]
"""Height × width."""
Corners = Sequence[Sequence[float]]

GROWN = 4
"""Pixels by which a mask is widened: colour is kept for two by two of them, and smoothed over the next."""
GREY = 64
"""Of what is filled: darker than most of a hall, lighter than a picture that failed."""


def covered(polygons: Sequence[Corners], width: int, height: int) -> Covered:
    """The pixels of a picture of this size that masks hide, in whole blocks of two by two. Not to be written to."""
    return _covered(tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in polygons), width, height)


@lru_cache(maxsize=64)
def _covered(polygons: tuple[tuple[tuple[float, float], ...], ...], width: int, height: int) -> Covered:
    drawn = np.zeros((height + height % 2, width + width % 2), np.uint8)
    for polygon in polygons:
        corners = np.rint(np.asarray(polygon, float) * (width, height)).astype(np.int32)
        cv2.fillPoly(drawn, [corners], 1)
        cv2.polylines(drawn, [corners], True, 1, thickness=2 * GROWN + 1)
    cover = np.asarray(doubled(blocks(drawn > 0))[:height, :width])
    cover.flags.writeable = False
    return cover


def blocks(cover: Covered) -> Covered:
    """Of each block of two by two pixels, whether any of it is covered. Both sides must be even."""
    rows, columns = cover.shape[0] // 2, cover.shape[1] // 2
    return np.asarray(cover.reshape(rows, 2, columns, 2).any(axis=(1, 3)))


def doubled(cover: Covered) -> Covered:
    return np.asarray(cover.repeat(2, axis=0).repeat(2, axis=1))


def filled(image: Picture, polygons: Sequence[Corners]) -> Picture:
    """The picture with what the masks cover in one grey; itself where there are none."""
    if not polygons:
        return image
    made = image.copy()
    made[covered(polygons, image.shape[1], image.shape[0])] = GREY
    return made


def share_covered(zone: Corners, polygons: Sequence[Corners]) -> float:
    """How much of a zone the masks hide, 0..1; by samples of a coarse picture, so that any shapes will do."""
    side = 200
    own = np.zeros((side, side), np.uint8)
    cv2.fillPoly(own, [np.rint(np.asarray(zone, float) * side).astype(np.int32)], 1)
    hidden = np.zeros((side, side), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(hidden, [np.rint(np.asarray(polygon, float) * side).astype(np.int32)], 1)
    return float((own & hidden).sum() / max(own.sum(), 1))
