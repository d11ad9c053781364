"""Pictures of a camera, from wherever they come."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Protocol

import numpy as np

from analytics.people import Image

NOTHING_SHOWN: Image = np.zeros((0, 0, 3), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture."""

    camera_id: str
    wall: datetime
    """When it was taken, UTC."""
    image: Image
    damaged: bool = False
    """Parts of it, or of what it rests on, were lost: there was a picture, and `image` is NOTHING_SHOWN."""


@dataclass(frozen=True, slots=True)
class RareKeyframes:
    """A camera of which all pictures are decoded, because its keyframes are so rare."""

    apart_s: float
    """From one keyframe to the next."""
    times: float
    """What decoding costs, as a multiple of what it would if each picture that is looked at were a keyframe."""


class SourceLost(Exception):
    """The pictures have ended; the message says why, without credentials."""


class PictureSource(Protocol):
    """One camera's live pictures."""

    @property
    def rare(self) -> RareKeyframes | None:
        """None where the keyframes are as near as is good."""
        ...

    def pictures(self, stop: Event) -> Iterator[Picture]:
        """Pictures as they arrive, in order, until `stop` is set. Raises SourceLost when no more will come."""
        ...
