"""How much chance there is in a share of few."""

from functools import lru_cache
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    point: float
    low: float
    high: float


def share(part: int, whole: int, confidence: float) -> Interval | None:
    """`part` of `whole` with its Wilson score interval (E. B. Wilson, 1927); None of nothing."""
    if whole == 0:
        return None
    z, p = _z(confidence), part / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    # In exact arithmetic the share lies within; floats may miss it by their last digit where it is all or nothing.
    return Interval(p, max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half)))


@lru_cache
def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
