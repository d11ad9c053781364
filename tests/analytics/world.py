"""A counter whose camera follows a script, on a clock that goes on when what it shows has been looked at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from threading import Condition, Event

import numpy as np

from analytics.people import Box, Image, Person, PersonDetector
from analytics.pictures import Picture, PictureSource, RareKeyframes, SourceLost
from analytics.watcher import Watcher, WatcherSettings
from storage.database import Database
from storage.failures import Failures
from tests.analytics.scenes import START, at

_RECORDED_AFTER = timedelta(seconds=3)
_NOTHING_SHOWN = -1.0
_LIMIT_S = 60

Script = Callable[[float], str]
"""What the camera shows at a second: staff, customer, both, nobody, dark, broken (see FailingDetector) or lost."""


BROKEN = (0, 255, 0)
"""Of what a FailingDetector fails on."""


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


class FailingDetector(MarkerDetector):
    """Fails on a batch with a picture in which something is drawn in pure green."""

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        if any(np.any(np.all(image == BROKEN, axis=2)) for image in images):
            raise RuntimeError("invalid device function\nat line 1")
        return super().detect(images)


@dataclass
class World:
    """The clock, the script, and the watcher that sees it.

    Time goes on while a test waits, as fast as the watcher follows, however busy the machine is; otherwise it stands.
    """

    database: Database
    script: Script
    recording: bool = True
    """Whether what happened can be seen again in recorded footage."""
    is_watched: bool = False
    """Else time goes on without waiting for anybody."""
    catch_up_budget: timedelta = timedelta(minutes=1)
    """In a second of this world the watcher has one turn or two, not dozens."""
    rare: RareKeyframes | None = None
    """What is said of every camera's keyframes."""
    step_s: float = 1.0
    """By so much of the world's time the clock goes on; each camera shows a picture then."""
    detector: PersonDetector = field(default_factory=MarkerDetector)
    failures: Failures = field(default_factory=Failures)
    _seconds: float = 0.0
    _turn: Condition = field(default_factory=Condition)
    _reads: int = 0
    """How often the watcher has read the clock: as it begins to look, and when it has taken the pictures."""
    _shown: dict[str, float] = field(default_factory=dict)
    """The second of the picture that was given last, of each camera whose pictures are asked for."""

    def now(self) -> datetime:
        return at(self._seconds)

    def seconds(self) -> float:
        return self._seconds

    def watcher(self) -> Watcher:
        settings = WatcherSettings(catch_up_budget=self.catch_up_budget)
        return Watcher(self.database, self.detector, self.live, self, settings, self._read, failures=self.failures)

    def live(self, camera_id: str) -> PictureSource:
        self.was_asked_for(camera_id)
        return _Live(self, camera_id)

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]:
        """Recorded footage of the world, up to a few seconds ago."""
        apart = timedelta(seconds=self.step_s)
        wall = START + ceil(max(start - START, timedelta(0)) / apart) * apart
        while self.recording and wall < min(end, self.now() - _RECORDED_AFTER):
            if (picture := self.picture(camera_id, wall)) is not None:
                yield picture
            wall += ceil(step / apart) * apart

    def recorded_to(self, camera_id: str) -> datetime | None:
        return self.now() - _RECORDED_AFTER if self.recording else None

    def picture(self, camera_id: str, wall: datetime) -> Picture | None:
        seconds = (wall - START).total_seconds()
        shown = self.script(seconds)
        return None if shown == "lost" else Picture(camera_id, wall, drawn(shown, seconds))

    def wait_until(self, condition: Callable[[], bool], within: float) -> None:
        """Until it holds; fails after so many seconds of the world."""
        end = self._seconds + within
        while not condition():
            assert self._seconds < end, f"not within {within} s"
            self._go_on()

    def is_another_than(self, seconds: float) -> bool:
        """Whether the clock says another second; waits a little for it."""
        with self._turn:
            return self._turn.wait_for(lambda: self._seconds != seconds, 0.02)

    def set_back(self, seconds: float) -> None:
        with self._turn:
            self._seconds -= seconds

    def was_asked_for(self, camera_id: str) -> None:
        with self._turn:
            self._shown.setdefault(camera_id, _NOTHING_SHOWN)

    def was_given(self, camera_id: str, seconds: float) -> None:
        with self._turn:
            self._shown[camera_id], self._reads = seconds, 0
            self._turn.notify_all()

    def is_left(self, camera_id: str) -> None:
        with self._turn:
            self._shown.pop(camera_id, None)
            self._turn.notify_all()

    def _read(self) -> datetime:
        with self._turn:
            self._reads += 1
            self._turn.notify_all()
            return self.now()

    def _go_on(self) -> None:
        with self._turn:
            self._seconds, self._reads = self._seconds + self.step_s, 0
            self._turn.notify_all()
            assert self._turn.wait_for(self._is_looked_at, _LIMIT_S), "nobody looks"

    def _is_looked_at(self) -> bool:
        """The watcher has taken the newest picture of every camera, where there are any."""
        if not self.is_watched:
            return True
        lost = self.script(self._seconds) == "lost"
        given = lost or all(seconds == self._seconds for seconds in self._shown.values())
        return given and self._reads >= 2


class _Live:
    def __init__(self, world: World, camera_id: str) -> None:
        self.rare = world.rare
        self._world = world
        self._camera_id = camera_id

    def pictures(self, stop: Event) -> Iterator[Picture]:
        """One at each step of the clock. Who opens a camera that is gone waits for its return."""
        self._world.was_asked_for(self._camera_id)
        shown = _NOTHING_SHOWN
        try:
            while not stop.is_set():
                if not self._world.is_another_than(shown):
                    continue
                now = self._world.seconds()
                if (picture := self._world.picture(self._camera_id, at(now))) is not None:
                    shown = now
                    yield picture
                    self._world.was_given(self._camera_id, now)
                elif shown >= 0:
                    raise SourceLost("the camera is gone")
        finally:
            self._world.is_left(self._camera_id)


def drawn(shown: str, seconds: float) -> Image:
    """Staff in the left half, a customer in the right one."""
    noise = np.random.default_rng(round(seconds * 1000)).integers(90, 160, (90, 160, 1), np.uint8)
    picture = np.ascontiguousarray(np.broadcast_to(noise, (90, 160, 3)))
    if shown == "dark":
        return np.asarray(picture // 20, dtype=np.uint8)
    if shown == "broken":
        picture[40:50, 20:140] = BROKEN
    if shown in ("staff", "both"):
        picture[30:70, 30:50] = (0, 0, 255)
    if shown in ("customer", "both"):
        picture[30:70, 110:130] = (0, 0, 255)
    return picture
