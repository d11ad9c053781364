"""Whether samples that need not agree with each other speak against a value that accuses."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

Frames = tuple[tuple[str, str], ...]
"""The camera of each picture and when it was taken (ISO 8601), as they are kept."""

CONTESTED, OF_LAST = 3, 6
"""So many of the last so many samples. A passer-by is one of them; who is seen in every second picture is there."""


@dataclass(slots=True)
class Contest:
    """From the first sample on that showed the value; samples that tell nothing are not among them."""

    since: datetime | None = None
    """The first of those that speak against it since it was shown last."""
    frames: Frames = ()
    """Theirs."""
    _last: deque[bool] = field(default_factory=lambda: deque(maxlen=OF_LAST))

    def add(self, at: datetime, frames: Frames, *, against: bool) -> None:
        self._last.append(against)
        if against:
            self.since, self.frames = self.since or at, self.frames + frames
        else:
            self.since, self.frames = None, ()

    @property
    def is_lost(self) -> bool:
        return self.since is not None and sum(self._last) >= CONTESTED
