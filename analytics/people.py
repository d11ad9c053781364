"""People in pictures: the one result type that every detector returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""Height × width × 3, blue-green-red."""

WEAK_SCORE = 0.1
"""Detectors report people from this score on; what counts as seen is decided where the zones are looked at."""


class Box(NamedTuple):
    """A rectangle in fractions of a picture, 0..1 from its top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def area(self) -> float:
        return max(self.x1 - self.x0, 0.0) * max(self.y1 - self.y0, 0.0)


@dataclass(frozen=True, slots=True)
class Person:
    """The visible body of one person."""

    box: Box
    score: float
    cut: Box | None = None
    """What the crop showed of the body, where a wider look has shown more of it."""


class PersonDetector(Protocol):
    """Finds people. Not safe to share between threads unless an implementation says so."""

    @property
    def name(self) -> str:
        """Detector and weights, as stored beside what was seen."""
        ...

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        """People of each picture, best first, from WEAK_SCORE on. Pictures may differ in size."""
        ...


class DetectorUnavailable(Exception):
    """The detector cannot run here; the message says what is missing and what to do."""
