"""How many people there are, believed only after several samples. Pure.

Detectors miss one of three as easily as they invent a fourth, so samples need not agree: so many are there as every one
of the last few samples shows at least, or at most. Of the most that may be there half of them are believed: who is seen
in every second picture is there.
"""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from analytics.contesting import CONTESTED, OF_LAST

MANY = 1_000_000
"""As many as there may be where nobody knows how many there are at most."""


@dataclass(frozen=True, slots=True)
class HowMany:
    """A number that is known as a range."""

    least: int
    most: int
    """MANY where nobody knows."""


@dataclass(frozen=True, slots=True)
class CountEdge:
    """From `at` on there are so many; None: nobody knows."""

    at: datetime
    count: int | None
    after: datetime | None = None
    """The last sample that showed somebody where nobody is now, or nobody where somebody is; None where that is not
    what has changed, or was unknown."""


class Counting:
    """A number with a bounded history. -- None -> any; each -> each other."""

    def __init__(self, rise: int, fall: int, blind: int) -> None:
        """How many samples in a row it takes to believe in more, in fewer, and that nothing is known."""
        self.value: int | None = None
        self._rise, self._fall, self._needed_blind = rise, fall, blind
        self._longest = max(rise, fall)
        self._seen: deque[tuple[datetime, int]] = deque(maxlen=max(self._longest, OF_LAST))
        self._blind: list[datetime] = []
        self._agreed: datetime | None = None
        """The last sample that showed somebody, or nobody, as the number does."""

    @property
    def sure_to(self) -> datetime | None:
        """No edge will be dated before it; None before there was any sample."""
        may_begin_one = list(self._seen)[-(self._longest - 1) :] if self._longest > 1 else []
        pending = [at for at, count in may_begin_one if count != self.value]
        return min([*pending[:1], *self._blind[:1]], default=self._seen[-1][0] if self._seen else None)

    def resume(self, value: int | None) -> None:
        """Goes on from a number that was certain earlier."""
        self.value, self._agreed = value, None
        self._seen.clear()
        self._blind.clear()

    def add(self, count: int | None, at: datetime) -> CountEdge | None:
        """The edge that this sample has made certain, if any; None: it shows nothing."""
        if count is None:
            return self._add_blind(at)
        self._blind.clear()
        self._seen.append((at, count))
        edge = self._risen() or self._fallen()
        if edge is not None:
            turned = self.value is not None and bool(edge.count) is not bool(self.value)
            edge = replace(edge, after=self._agreed if turned else None)
            self.value = edge.count
        if self.value is not None and bool(count) is bool(self.value):
            self._agreed = at
        return edge

    def interrupt(self, at: datetime) -> CountEdge | None:
        """Nothing is known, without waiting for samples, because there are none."""
        known = self.value is not None
        self.resume(None)
        return CountEdge(at, None) if known else None

    def _add_blind(self, at: datetime) -> CountEdge | None:
        # A blind sample tells nothing, so it does not break a run of others.
        self._blind.append(at)
        return self.interrupt(self._blind[0]) if len(self._blind) >= self._needed_blind else None

    def _risen(self) -> CountEdge | None:
        last = list(self._seen)[-self._rise :]
        least = min(count for _, count in last)
        return CountEdge(last[0][0], least) if len(last) == self._rise and least > (self.value or 0) else None

    def _fallen(self) -> CountEdge | None:
        last = list(self._seen)[-self._fall :]
        most = max(count for _, count in last)
        # From unknown on nobody has to be seen: samples that go to and fro tell nothing.
        fewer = most == 0 if self.value is None else most < self.value
        return CountEdge(last[0][0], most) if len(last) == self._fall and fewer else None


class CountingMost(Counting):
    """The most that there may be: where half of the last samples show more, there may be more.

    It falls when none of the newest shows more than what it falls to; those before them count no more.
    """

    def _risen(self) -> CountEdge | None:
        if not self.value:
            last = list(self._seen)[-self._rise :]
            somebody = len(last) == self._rise and all(count for _, count in last)
            return CountEdge(last[0][0], max(count for _, count in last)) if somebody else None
        more = list(takewhile(lambda sample: sample[1] > (self.value or 0), reversed(self._seen)))
        return CountEdge(more[-1][0], self._half()) if more and self._half() > self.value else None

    def _fallen(self) -> CountEdge | None:
        edge = super()._fallen()
        if edge is not None:
            newest = list(self._seen)[-self._fall :]
            self._seen.clear()
            self._seen.extend(newest)
        return edge

    def _half(self) -> int:
        """What half of the last samples show at least."""
        shown = sorted((count for _, count in self._seen), reverse=True)[:CONTESTED]
        return shown[-1] if len(shown) == CONTESTED else 0
