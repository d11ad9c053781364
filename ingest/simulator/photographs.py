"""The two photographs behind all simulated people, cut out of their backgrounds.

matplotlib ships a portrait of Grace Hopper, scikit-image one of Eileen Collins; both are works of the United States
government and in the public domain.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from ingest.simulator.clock_code import Image

_Corners = list[tuple[int, int]]

# Outlines by eye: nothing outside the wide one is the person, everything inside the narrow one is.
_HOPPER_WIDE: _Corners = [
    (140, 100), (170, 40), (215, 10), (310, 10), (365, 50), (380, 120), (385, 200), (370, 300), (345, 330), (420, 360),
    (511, 395), (511, 600), (10, 600), (30, 380), (150, 330), (190, 310), (150, 270), (150, 180),
]  # fmt: skip
_HOPPER_NARROW: _Corners = [
    (180, 100), (220, 40), (310, 40), (350, 90), (355, 200), (330, 300), (330, 370), (470, 420), (480, 600), (50, 600),
    (70, 410), (200, 360), (205, 300), (180, 220),
]  # fmt: skip
_COLLINS_WIDE: _Corners = [
    (165, 110), (175, 50), (215, 10), (300, 10), (350, 45), (365, 110), (345, 155), (325, 195), (330, 290), (190, 290),
    (205, 195), (180, 150),
]  # fmt: skip
_COLLINS_NARROW: _Corners = [
    (215, 60), (310, 60), (325, 110), (310, 160), (285, 200), (295, 270), (225, 270), (225, 180), (205, 120),
]  # fmt: skip


class PhotographsMissingError(Exception):
    """The simulated people are made of photographs that come with matplotlib and scikit-image; these are not installed.

    Install them with: pip install 'hallwatch[demo]'
    """

    def __str__(self) -> str:
        return " ".join((type(self).__doc__ or "").split())


@dataclass(frozen=True)
class CutOut:
    """A person without background: BGR, and how opaque each pixel is, 0..255."""

    picture: Image
    opacity: Image


@cache
def hopper() -> CutOut:
    """512 × 600: head with cap, glasses, jacket. Raises PhotographsMissingError."""
    picture = _read("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    return _cut_out(picture, _HOPPER_WIDE, _HOPPER_NARROW)


@cache
def collins() -> CutOut:
    """600 × 600: head with brown hair, black collar. Raises PhotographsMissingError."""
    picture = cv2.resize(_read("skimage", "data/astronaut.png"), (600, 600), interpolation=cv2.INTER_CUBIC)
    return _cut_out(picture.astype(np.uint8, copy=False), _COLLINS_WIDE, _COLLINS_NARROW)


def _read(package: str, inside: str) -> Image:
    found = find_spec(package)
    path = Path(found.origin).parent / inside if found and found.origin else None
    picture = cv2.imread(str(path)) if path and path.exists() else None
    if picture is None:
        raise PhotographsMissingError
    return picture.astype(np.uint8, copy=False)


def _cut_out(picture: Image, wide: _Corners, narrow: _Corners) -> CutOut:
    labels = np.full(picture.shape[:2], cv2.GC_BGD, np.uint8)
    cv2.fillPoly(labels, [np.array(wide, np.int32)], cv2.GC_PR_FGD)
    cv2.fillPoly(labels, [np.array(narrow, np.int32)], cv2.GC_FGD)
    cv2.setRNGSeed(1)  # the same people at every start
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(picture, labels, (0, 0, 1, 1), *models, 4, cv2.GC_INIT_WITH_MASK)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(person)
    largest = (parts == 1 + np.argmax(sizes[1:, cv2.CC_STAT_AREA])).astype(np.uint8) * 255
    edge = cv2.erode(largest, np.ones((3, 3), np.uint8))
    return CutOut(picture, cv2.GaussianBlur(edge, (0, 0), 1.2).astype(np.uint8, copy=False))
