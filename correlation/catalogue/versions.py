"""Which of the versions of an item's entry holds for a case. Pure.

Versions lie in layers: what was approved here for the source, what was approved here for every source, what the
source's own catalogue says, what was declared. The first that says something of the day of receipt counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Generic, TypeVar

from correlation.deadlines.work_calendar import FOSHAN

Content = TypeVar("Content")
ALWAYS = datetime(1, 1, 1, tzinfo=UTC)


def first_moment(day: date | None) -> datetime:
    """From which on that counts which holds from this day on, in the city's zone; None: it always did."""
    return datetime.combine(day, time(), FOSHAN) if day else ALWAYS


@dataclass(frozen=True)
class Version(Generic[Content]):
    content: Content | None
    """None: from then on this layer says nothing."""
    valid_from: datetime = ALWAYS
    valid_to: datetime | None = None
    known_from: datetime = ALWAYS
    """When it was approved, or told: before, nobody could reckon by it, whatever its date."""
    known_to: datetime | None = None
    """Exclusive: when its source said something else in its place."""


Layers = Sequence[Sequence[Version[Content]]]
"""The strongest first; in each the versions in the order of their dates, of the same date the one that counts last."""


def in_force(layers: Layers[Content], received: datetime, moment: datetime) -> Version[Content] | None:
    """For a case that was received then, by what was known at the moment; None where nothing is said."""
    for versions in layers:
        begun = [one for one in versions if one.valid_from <= received and _is_known(one, moment)]
        if begun and begun[-1].content is not None and not _is_over(begun[-1], received):
            return begun[-1]
    return None


def _is_known(version: Version[Content], moment: datetime) -> bool:
    return version.known_from <= moment and (version.known_to is None or moment < version.known_to)


def _is_over(version: Version[Content], received: datetime) -> bool:
    return version.valid_to is not None and received >= version.valid_to
