"""The newest still of each camera, as tiles ask for it in place of live pictures: shared by all who watch."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from storage.models import Segment

FRESH_S = 2.5
"""A tile asks every three seconds."""
OLDEST_S = 30.0
"""Rather than an older one another is made, however busy we are."""
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Still:
    jpeg: bytes
    taken: datetime
    segment: Segment


@dataclass(frozen=True, slots=True)
class _Made:
    at_s: float
    took_s: float
    still: Still


@dataclass
class NewestStills:
    """Spends half of one core on them, as long as none has to become too old for that: each stands for twice the time
    that those of all cameras took. When it was taken is told with it."""

    clock: Callable[[], float] = monotonic
    _made: dict[Hashable, _Made] = field(default_factory=dict)
    """The last one at the end."""
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def get(self, shown: Hashable, make: Callable[[], Still]) -> Still:
        """`shown`: the camera, and whatever decides what is to be seen on its still. Raises what `make` raises."""
        last = self._last(shown, OLDEST_S)
        if not self._turn.acquire(blocking=last is None):
            assert last is not None
            return last
        try:
            return self._last(shown, self._fresh_s()) or self._make(shown, make)
        finally:
            self._turn.release()

    def _make(self, shown: Hashable, make: Callable[[], Still]) -> Still:
        began = self.clock()
        still = make()
        ended = self.clock()
        self._made.pop(shown, None)
        self._made[shown] = _Made(ended, ended - began, still)
        while len(self._made) > _KEPT:
            del self._made[next(iter(self._made))]
        return still

    def _fresh_s(self) -> float:
        now = self.clock()
        took_s = sum(made.took_s for made in self._made.values() if now - made.at_s < OLDEST_S)
        return min(max(FRESH_S, 2 * took_s), OLDEST_S)

    def _last(self, shown: Hashable, within_s: float) -> Still | None:
        made = self._made.get(shown)
        return made.still if made and self.clock() - made.at_s < within_s else None
