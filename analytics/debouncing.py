"""Believing a change only after several samples, and dating it back to the first of them.

One value may be contestable: samples that speak against it need not agree, nor come in a row (`Contest`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from analytics.contesting import Contest, Frames

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

    def __init__(self, unknown: S, needed: Mapping[S, int], contestable: S | None = None, contested: str = "") -> None:
        """`needed` says for each value how many samples make it certain; `contested` is the reason when it is unknown
        because samples speak against the contestable one."""
        self._unknown, self._needed = unknown, needed
        self._contestable, self._contested = contestable, contested
        self._contest: Contest | None = None
        self.value: S | None = None
        self._pending: _Run[S] | None = None
        self._blind: _Run[S] | None = None
        self._confirmed: datetime | None = None

    def resume(self, value: S) -> None:
        """Goes on from a value that was certain earlier."""
        self.value = value
        self._pending = self._blind = self._confirmed = self._contest = None

    def add(
        self, value: S, at: datetime, confidence: float, reason: str, frames: Frames = (), *, perhaps: bool = False
    ) -> Edge[S] | None:
        """The edge that this sample has made certain, if any.

        `perhaps`: of an unknown one, that it speaks against the contestable value.
        """
        against = perhaps or value not in (self._unknown, self._contestable)
        contest = self._contest_from(value)
        if contest and (against or value is self._contestable):
            contest.add(at, frames, against=against)
        seen = value is not self._unknown
        edge = self._add_seen(value, at, confidence, frames) if seen else self._add_blind(at, reason, frames)
        if edge is None and contest and contest.is_lost:
            return self._contest_lost(contest)
        return edge

    def _add_seen(self, value: S, at: datetime, confidence: float, frames: Frames) -> Edge[S] | None:
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

    def _contest_from(self, value: S) -> Contest | None:
        """That of the contestable value, while it holds or may begin."""
        held = (self.value, self._pending.value if self._pending else None)
        if self._contestable in held:
            self._contest = self._contest or Contest()
        else:
            self._contest = Contest() if value is self._contestable else None
        return self._contest

    def _contest_lost(self, contest: Contest) -> Edge[S] | None:
        self._pending = self._contest = None
        if self.value is not self._contestable or contest.since is None:
            return None
        return self.interrupt(contest.since, self._contested, contest.frames)

    def _set(self, edge: Edge[S]) -> Edge[S]:
        contest = self._contest
        self.resume(edge.value)
        self._contest = contest if edge.value is self._contestable else None
        return edge
