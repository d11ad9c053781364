"""Watching recorded footage from where the last watcher stopped up to where the live pictures began."""

import heapq
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from analytics.onlookers import STARTING
from analytics.pictures import Picture
from analytics.rhythm import is_due
from storage.intervals import Span

COARSEST = timedelta(seconds=10)
"""Further apart, somebody's short return would go unseen."""

_EVERY = timedelta(seconds=2)
"""The recorder closes a segment every ten seconds; there is no sense in asking more often."""

_RECORDED_BY_THEN = timedelta(seconds=20)
"""After the first live picture: what was taken before it is recorded, or will not be."""

_NEARLY = timedelta(seconds=1)
"""What is recorded ends with a frame, and the next one may be dated by another clock when it comes live."""


class Recorded(Protocol):
    """Recorded pictures of a camera, in order."""

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]: ...


class Recording(Recorded, Protocol):
    """The same while more is being recorded."""

    def recorded_to(self, camera_id: str) -> datetime | None:
        """Up to when there is footage of the camera; None where there is none."""
        ...


class CatchUp:
    """Hands out the missed pictures of several cameras in the order of time."""

    def __init__(
        self,
        recorded: Recorded,
        starts: Mapping[str, datetime],
        step: timedelta,
        recorded_to: Callable[[str], datetime | None] = lambda camera_id: None,
        budget: timedelta = timedelta.max,
    ) -> None:
        """`starts` says from when on each camera was not watched; after the budget it gives up."""
        self.step = step
        self.waits = False
        """Whether there was nothing more to look at when it was asked last."""
        self._recorded, self._recorded_to = recorded, recorded_to
        self._position, self._behind = dict(starts), set(starts)
        self._budget = budget
        self._asked: datetime | None = None
        self._began: datetime | None = None
        self._last_asked: set[str] = set()
        """Cameras of which all that there will be was asked for last."""
        self._missed: Iterator[Picture] = iter(())
        self._put_back: Picture | None = None

    def behind_at(self, now: datetime) -> frozenset[str]:
        """Cameras that are still to be watched up to their first live picture. None when time is up.

        Nor when the clock was set back: there is no telling then for how long.
        """
        elapsed = now - (self._began or now)
        return frozenset(self._behind) if timedelta(0) <= elapsed < self._budget else frozenset()

    def left(
        self, now: datetime, live_from: Mapping[str, datetime], usual: Callable[[str], timedelta]
    ) -> dict[str, Span]:
        """Of each camera what has not been watched up to its first live picture, where it is longer than usual.

        With the step before, so that nothing is missed between them.
        """
        ends = {camera: live_from.get(camera, now) for camera in self._position}
        return {
            camera: Span(at - self.step, ends[camera])
            for camera, at in self._position.items()
            if ends[camera] - at > usual(camera)
        }

    def next_pictures(self, now: datetime, live_from: Mapping[str, datetime], limit: int) -> list[Picture]:
        """Up to `limit` pictures, at most one of each camera; empty while nothing more has been recorded."""
        pictures: dict[str, Picture] = {}
        while len(pictures) < limit and (picture := self._next(now, live_from)) is not None:
            if picture.camera_id in pictures:
                self._put_back = picture
                break
            self._position[picture.camera_id] = picture.wall + timedelta(microseconds=1)
            pictures[picture.camera_id] = picture
        self.waits = not pictures
        return list(pictures.values())

    def _next(self, now: datetime, live_from: Mapping[str, datetime]) -> Picture | None:
        picture, self._put_back = self._put_back or next(self._missed, None), None
        if picture is None:
            self._behind, self._last_asked = self._behind - self._last_asked, set()
            if self._behind and (self._asked is None or is_due(now, self._asked + _EVERY, _EVERY)):
                self._asked, self._began = now, self._began or now
                # Before the pictures: what is recorded in between comes with the next ones.
                self._last_asked = {camera for camera in self._behind if self._is_recorded(camera, now, live_from)}
                self._missed = self._open(now, live_from)
                picture = next(self._missed, None)
        return picture

    def _is_recorded(self, camera: str, now: datetime, live_from: Mapping[str, datetime]) -> bool:
        """Whether there is no more to come of what was taken before its first live picture."""
        if camera not in live_from:
            return self._began is not None and now - self._began >= STARTING
        recorded_to = self._recorded_to(camera)
        is_there = recorded_to is not None and recorded_to >= live_from[camera] - _NEARLY
        return is_there or now - live_from[camera] >= _RECORDED_BY_THEN

    def _open(self, now: datetime, live_from: Mapping[str, datetime]) -> Iterator[Picture]:
        sources = [
            self._recorded.pictures(camera, self._position[camera], live_from.get(camera, now), self.step)
            for camera in self._behind
        ]
        return heapq.merge(*sources, key=lambda picture: picture.wall)


def pace(
    span: timedelta, cameras: int, look_seconds: float, budget: timedelta, finest: timedelta
) -> tuple[timedelta, timedelta]:
    """How far apart to look, and how far back, so that all cameras' missed spans fit into the budget.

    Between `finest` and COARSEST apart; what even that cannot reach stays unknown.
    """
    affordable = max(budget.total_seconds() / max(look_seconds * cameras, 1e-6), 1.0)
    step = min(max(finest, span / affordable), max(finest, COARSEST))
    return step, min(span, step * affordable)
