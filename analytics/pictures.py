"""Pictures of a camera, from wherever they come."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Protocol

from analytics.people import Image


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture."""

    camera_id: str
    wall: datetime
    """When it was taken, UTC."""
    image: Image


class SourceLost(Exception):
    """The pictures have ended; the message says why, without credentials."""


class PictureSource(Protocol):
    """One camera's live pictures."""

    def pictures(self, stop: Event) -> Iterator[Picture]:
        """Pictures as they arrive, in order, until `stop` is set. Raises SourceLost when no more will come."""
        ...
