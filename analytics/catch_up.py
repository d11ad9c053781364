"""Watching recorded footage from where the last watcher stopped up to where the live pictures began."""

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from analytics.pictures import Picture
from analytics.rhythm import is_due
from storage.intervals import Span

COARSEST = timedelta(seconds=10)
"""Further apart, somebody's short return would go unseen."""

_EVERY = timedelta(seconds=2)
"""The recorder closes a segment every ten seconds; there is no sense in asking more often."""


class Recorded(Protocol):
    """Recorded pictures of a camera, in order."""

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]: ...


class CatchUp:
    """Hands out the missed pictures of several cameras in the order of time."""

    def __init__(self, recorded: Recorded, starts: Mapping[str, datetime], step: timedelta, until: datetime) -> None:
        """`starts` says from when on each camera was not watched; after `until`, by the clock, it gives up."""
        self.step = step
        self._recorded = recorded
        self._position = dict(starts)
        self._until = until
        self._asked: datetime | None = None
        self._missed: Iterator[Picture] = iter(())
        self._put_back: Picture | None = None

    def done(self, now: datetime, live_from: Mapping[str, datetime]) -> bool:
        """Whether every camera has been watched up to its first live picture, or time is up."""
        if now >= self._until:
            return True
        return all(
            camera in live_from and position >= live_from[camera] - 1.5 * self.step
            for camera, position in self._position.items()
        )

    def left(self, now: datetime, live_from: Mapping[str, datetime], usual: timedelta) -> dict[str, Span]:
        """Of each camera what has not been watched up to its first live picture, where it is longer than usual.

        With the step before, so that nothing is missed between them.
        """
        ends = {camera: live_from.get(camera, now) for camera in self._position}
        return {
            camera: Span(at - self.step, ends[camera])
            for camera, at in self._position.items()
            if ends[camera] - at > usual
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
        return list(pictures.values())

    def _next(self, now: datetime, live_from: Mapping[str, datetime]) -> Picture | None:
        picture, self._put_back = self._put_back or next(self._missed, None), None
        if picture is None and (self._asked is None or is_due(now, self._asked + _EVERY, _EVERY)):
            self._asked = now
            self._missed = self._open(now, live_from)
            picture = next(self._missed, None)
        return picture

    def _open(self, now: datetime, live_from: Mapping[str, datetime]) -> Iterator[Picture]:
        sources = [
            self._recorded.pictures(camera, position, live_from.get(camera, now), self.step)
            for camera, position in self._position.items()
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
