"""Believing a change only after several samples, and dating it back to the first of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
Frames = tuple[tuple[str, str], ...]
"""The camera of each picture and when it was taken (ISO 8601), as they are kept."""


@dataclass(frozen=True, slots=True)
class Edge(Generic[S]):
    """From `at` on the value is `value`."""

    value: S
    at: datetime
    confidence: float = 0.0
    """Mean over the samples that made it certain."""
    reason: str = ""
    after: datetime | None = None
    """The last sample that showed the value before; None where that was unknown."""
    frames: Frames = ()
    """Of the samples that made it certain."""


@dataclass(slots=True)
class _Run(Generic[S]):
    """Samples of one value in a row."""

    value: S
    since: datetime
    count: int = 0
    confidence: float = 0.0
    frames: Frames = ()

    def add(self, confidence: float, frames: Frames) -> None:
        self.count += 1
        self.confidence += confidence
        self.frames += frames


class Debounced(Generic[S]):
    """One value with three members, one of them unknown. -- None -> any; each -> each other."""

    def __init__(self, unknown: S, needed: Mapping[S, int]) -> None:
        """`needed` says for each value how many samples make it certain."""
        self._unknown, self._needed = unknown, needed
        self.value: S | None = None
        self._pending: _Run[S] | None = None
        self._blind: _Run[S] | None = None
        self._confirmed: datetime | None = None

    def resume(self, value: S) -> None:
        """Goes on from a value that was certain earlier."""
        self.value = value
        self._pending = self._blind = self._confirmed = None

    def add(self, value: S, at: datetime, confidence: float, reason: str, frames: Frames = ()) -> Edge[S] | None:
        """The edge that this sample has made certain, if any."""
        if value is self._unknown:
            return self._add_blind(at, reason, frames)
        self._blind = None
        if value is self.value:
            self._pending, self._confirmed = None, at
            return None
        if self._pending is None or self._pending.value is not value:
            self._pending = _Run(value, at)
        run = self._pending
        run.add(confidence, frames)
        if run.count < self._needed[value]:
            return None
        sure = run.confidence / run.count
        edge = self._set(Edge(value, run.since, sure, after=self._confirmed, frames=run.frames))
        self._confirmed = at
        return edge

    def interrupt(self, at: datetime, reason: str, frames: Frames = ()) -> Edge[S] | None:
        """Unknown without waiting for samples, because there are none."""
        if self.value is self._unknown:
            self._pending = self._blind = None
            return None
        return self._set(Edge(self._unknown, at, 0.0, reason, frames=frames))

    def _add_blind(self, at: datetime, reason: str, frames: Frames) -> Edge[S] | None:
        # A blind sample tells nothing, so it does not break a run of samples that agree with each other.
        self._blind = self._blind or _Run(self._unknown, at)
        self._blind.add(0.0, frames)
        if self._blind.count < self._needed[self._unknown]:
            return None
        return self.interrupt(self._blind.since, reason, self._blind.frames)

    def _set(self, edge: Edge[S]) -> Edge[S]:
        self.resume(edge.value)
        return edge
