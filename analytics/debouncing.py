"""Believing a change only after several samples, and dating it back to the first of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)


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


@dataclass(slots=True)
class _Run(Generic[S]):
    """Samples of one value in a row."""

    value: S
    since: datetime
    count: int = 0
    confidence: float = 0.0

    def add(self, confidence: float) -> None:
        self.count += 1
        self.confidence += confidence


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

    def add(self, value: S, at: datetime, confidence: float, reason: str) -> Edge[S] | None:
        """The edge that this sample has made certain, if any."""
        if value is self._unknown:
            return self._add_blind(at, reason)
        self._blind = None
        if value is self.value:
            self._pending, self._confirmed = None, at
            return None
        if self._pending is None or self._pending.value is not value:
            self._pending = _Run(value, at)
        run = self._pending
        run.add(confidence)
        if run.count < self._needed[value]:
            return None
        edge = self._set(Edge(value, run.since, run.confidence / run.count, after=self._confirmed))
        self._confirmed = at
        return edge

    def interrupt(self, at: datetime, reason: str) -> Edge[S] | None:
        """Unknown without waiting for samples, because there are none."""
        if self.value is self._unknown:
            self._pending = self._blind = None
            return None
        return self._set(Edge(self._unknown, at, 0.0, reason))

    def _add_blind(self, at: datetime, reason: str) -> Edge[S] | None:
        # A blind sample tells nothing, so it does not break a run of samples that agree with each other.
        self._blind = self._blind or _Run(self._unknown, at)
        self._blind.add(0.0)
        if self._blind.count < self._needed[self._unknown]:
            return None
        return self.interrupt(self._blind.since, reason)

    def _set(self, edge: Edge[S]) -> Edge[S]:
        self.resume(edge.value)
        return edge
