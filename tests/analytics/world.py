"""A counter whose camera follows a script, on a clock that runs fast."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from time import monotonic, sleep

import numpy as np

from analytics.people import Box, Image, Person
from analytics.pictures import Picture, PictureSource, SourceLost
from analytics.watcher import Watcher, WatcherSettings
from storage.database import Database
from tests.analytics.scenes import START, at

SPEED = 12.0
"""Seconds of the world for one real second."""

Script = Callable[[float], str]
"""What the camera shows at a second: staff, customer, both, nobody, dark or lost."""


class MarkerDetector:
    """Finds people drawn as blocks of pure red; a detector for worlds that must run fast."""

    name = "marker"

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        return [tuple(self._halves(image)) for image in images]

    def _halves(self, image: Image) -> Iterator[Person]:
        red = (image[:, :, 2] > 240) & (image[:, :, 0] < 20)
        height, width = red.shape
        for left in (0, width // 2):
            rows, columns = np.nonzero(red[:, left : left + width // 2])
            if len(rows):
                x0, x1 = (left + columns.min()) / width, (left + columns.max() + 1) / width
                yield Person(Box(x0, rows.min() / height, x1, (rows.max() + 1) / height), 0.9)


@dataclass
class World:
    """The clock, the script, and the watcher that sees it."""

    database: Database
    script: Script
    recording: bool = True
    """Whether what happened can be seen again in recorded footage."""
    _began: float = field(default_factory=monotonic)

    def now(self) -> datetime:
        return at((monotonic() - self._began) * SPEED)

    def seconds(self) -> float:
        return (self.now() - START).total_seconds()

    def watcher(self) -> Watcher:
        return Watcher(self.database, MarkerDetector(), self.live, self, WatcherSettings(), self.now)

    def live(self, camera_id: str) -> PictureSource:
        return _Live(self, camera_id)

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]:
        """Recorded footage of the world, up to a few seconds ago."""
        wall = start
        while self.recording and wall < min(end, self.now() - timedelta(seconds=3)):
            if (picture := self.picture(camera_id, wall)) is not None:
                yield picture
            wall += step

    def picture(self, camera_id: str, wall: datetime) -> Picture | None:
        seconds = (wall - START).total_seconds()
        shown = self.script(seconds)
        return None if shown == "lost" else Picture(camera_id, wall, drawn(shown, seconds))

    def wait_until(self, condition: Callable[[], bool], within: float) -> None:
        """Until it holds; fails after so many seconds of the world."""
        end = self.seconds() + within
        while not condition():
            assert self.seconds() < end, f"not within {within} s"
            sleep(0.02)


class _Live:
    def __init__(self, world: World, camera_id: str) -> None:
        self._world = world
        self._camera_id = camera_id

    def pictures(self, stop: Event) -> Iterator[Picture]:
        while not stop.wait(1 / SPEED):
            picture = self._world.picture(self._camera_id, self._world.now())
            if picture is None:
                raise SourceLost("the camera is gone")
            yield picture


def drawn(shown: str, seconds: float) -> Image:
    """Staff in the left half, a customer in the right one."""
    noise = np.random.default_rng(round(seconds * 1000)).integers(90, 160, (90, 160, 1), np.uint8)
    picture = np.ascontiguousarray(np.broadcast_to(noise, (90, 160, 3)))
    if shown == "dark":
        return np.asarray(picture // 20, dtype=np.uint8)
    if shown in ("staff", "both"):
        picture[30:70, 30:50] = (0, 0, 255)
    if shown in ("customer", "both"):
        picture[30:70, 110:130] = (0, 0, 255)
    return picture
