"""Who counts as inside a zone, in one text as files, API and tables hold it: `centre`, `foot` or `overlap 0.5`."""

import re
from dataclasses import dataclass
from enum import StrEnum

from storage.sayings import Saying


class Measure(StrEnum):
    CENTRE = "centre"  # the middle of the visible body lies in the zone
    FOOT = "foot"  # the middle of its lower edge does
    OVERLAP = "overlap"  # so much of it does


@dataclass(frozen=True, slots=True)
class Inside:
    measure: Measure = Measure.CENTRE
    share: float = 1.0
    """Of the visible body, above 0, at most 1; for OVERLAP alone."""

    def __str__(self) -> str:
        return f"{self.measure} {self.share:g}" if self.measure is Measure.OVERLAP else self.measure.value


BUILT_IN = Inside()
"""Where nothing else was ever declared. It is written down as version 1 when an installation is set up, so that another
one in a later release changes nothing about what was seen before."""

_TEXT = re.compile(r"(centre|foot)|overlap (0?\.\d{1,3}|1(?:\.0)?)")


def read_inside(text: str) -> Inside:
    """Raises ValueError with a Saying."""
    found = _TEXT.fullmatch(text)
    if found is None or (found[2] and float(found[2]) == 0):
        raise ValueError(
            Saying("Write centre, foot, or overlap and the share that must be inside, such as overlap 0.5.")
        )
    return Inside(Measure(found[1])) if found[1] else Inside(Measure.OVERLAP, float(found[2]))
