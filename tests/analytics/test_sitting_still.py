"""A clerk who does not move for hours is there; nothing that sits still is taken for a thing."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from zoneinfo import ZoneInfo

import numpy as np

from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.people import Image, Person
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.rule import Rule
from analytics.watch import Watch
from storage.hours import HallHours
from storage.models import StaffState
from tests.analytics.scenes import START, at, ssd
from tests.analytics.scenes import a_picture as a_room
from tests.analytics.world import MarkerDetector, drawn

HOURS = 2
STEP_S = 2
ZONE = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


class Forgetful(MarkerDetector):
    """Misses the clerk in one look of twenty, sometimes twice in a row."""

    def __init__(self) -> None:
        self.looks = self.missed = 0

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        self.looks += 1
        misses = self.looks > 2 and self.looks % 40 in (0, 1)
        self.missed += misses
        return [() for _ in images] if misses else super().detect(images)


def a_watch(looker: Looker) -> Watch:
    watch = Watch(looker)
    counter = CounterPlan("c-1", "h", {"cam": Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC")))
    watch.follow(
        WatchPlan({"cam": CameraPlan("cam", "h", (WatchedView("cam", "c-1", ZONE),))}, {"c-1": counter}), START
    )
    return watch


def always_the_same(picture: Image, hours: float) -> Iterator[Picture]:
    """But for the noise of the camera's sensor."""
    random = np.random.default_rng(1)
    noise = [random.integers(-3, 4, picture.shape, np.int16) for _ in range(16)]
    noisy = cycle([np.clip(picture + each, 0, 255).astype(np.uint8) for each in noise])
    for second in range(0, round(hours * 3600), STEP_S):
        yield Picture("cam", at(second), next(noisy))


def test_who_sits_without_moving_for_hours_is_there_all_the_time() -> None:
    detector = Forgetful()
    watch = a_watch(Looker(detector))
    for picture in always_the_same(drawn("staff", 0.0), HOURS):
        watch.take_live([picture], picture.wall)
        watch.settle(picture.wall)
    (only,) = watch.changes.transitions
    assert (only.at, only.staff) == (START, StaffState.STAFFED)
    assert watch.changes.faults == []
    samples = HOURS * 3600 / STEP_S
    assert samples / 5 < detector.looks < samples / 2, "looked at anew every few seconds, and not each time"
    assert detector.missed > 20


def test_a_real_detector_goes_on_seeing_who_does_not_move() -> None:
    watch = a_watch(Looker(ssd(), recheck=timedelta(seconds=20)))
    for picture in always_the_same(a_room(0.2), 0.1):
        watch.take_live([picture], picture.wall)
    assert [change.staff for change in watch.changes.transitions] == [StaffState.STAFFED]
