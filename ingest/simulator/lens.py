"""What may be wrong with a camera's picture itself: somebody covers its lens, knocks it, or light falls into it."""

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Height × width × 3, blue-green-red."""

_CLOTH, _SENSOR = 96, 1.5
"""Grey levels: what covers the lens, and the noise of the sensor behind it."""
_BLUR = 64
"""Times coarser; blurred so, a picture costs hardly more than a clear one."""
_GAIN, _LIGHT = 2.0, 120.0
_DARK = 0.04
_TURNED = 0.2
"""Of the picture's width and height."""


class Lens(StrEnum):
    CLEAR = "clear"
    COVERED = "covered"
    BLURRED = "blurred"
    OVEREXPOSED = "overexposed"
    DARK = "dark"
    TURNED = "turned"
    FROZEN = "frozen"


class View:
    """What a camera shows of what is before it; `lens` may be set from any thread, at any time."""

    def __init__(self) -> None:
        self.lens = Lens.CLEAR
        self._chance = np.random.default_rng(1)
        self._cloth: Picture | None = None

    def of(self, picture: Picture) -> Picture:
        """One that is frozen shows what is before it: it is whoever encodes that repeats itself."""
        match self.lens:
            case Lens.COVERED:
                return self._covered(picture)
            case Lens.BLURRED:
                return _blurred(picture)
            case Lens.OVEREXPOSED:
                return np.asarray(cv2.convertScaleAbs(picture, alpha=_GAIN, beta=_LIGHT), np.uint8)
            case Lens.DARK:
                return np.asarray(cv2.convertScaleAbs(picture, alpha=_DARK), np.uint8)
            case Lens.TURNED:
                return _turned(picture)
        return picture

    def _covered(self, picture: Picture) -> Picture:
        """Other noise in each picture: the same field, from another row on, which costs next to nothing."""
        if self._cloth is None or self._cloth.shape != picture.shape:
            self._cloth = np.asarray(self._chance.normal(_CLOTH, _SENSOR, picture.shape), np.uint8)
        return np.roll(self._cloth, int(self._chance.integers(len(self._cloth))), axis=0)


def _blurred(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    coarse = cv2.resize(picture, (width // _BLUR, height // _BLUR), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _turned(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    aside = np.array([[1, 0, _TURNED * width], [0, 1, _TURNED * height]], np.float32)
    return np.asarray(cv2.warpAffine(picture, aside, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)
