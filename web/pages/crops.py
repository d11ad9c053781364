"""Which part of a camera's picture shows one counter, for a tile that is about this counter alone."""

from collections.abc import Sequence
from dataclasses import dataclass

MARGIN = 0.15
"""Around the zones, as a share of their box on each side."""

Corners = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Crop:
    """A box in shares 0..1 of the picture, from its top left."""

    x: float
    y: float
    width: float
    height: float


def crop_around(*zones: Corners) -> Crop | None:
    """The box of all corners with a margin, within the picture; None where there is no corner or nearly no area.

    Its shape is that of the zones: whoever shows it adds what their frame needs at the sides.
    """
    corners = [corner for zone in zones for corner in zone]
    if not corners:
        return None
    left, right = _widened([x for x, _ in corners])
    top, bottom = _widened([y for _, y in corners])
    if right - left < _LEAST or bottom - top < _LEAST:
        return None
    return Crop(round(left, 4), round(top, 4), round(right - left, 4), round(bottom - top, 4))


_LEAST = 0.02


def _widened(values: Sequence[float]) -> tuple[float, float]:
    margin = MARGIN * (max(values) - min(values))
    return max(0.0, min(values) - margin), min(1.0, max(values) + margin)
