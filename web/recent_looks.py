"""Which looks are in the access log already: a player fetches one clip by many ranges, an open page renews itself."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ONE_LOOK = timedelta(minutes=5)
_MAX_LOOKS = 10_000


@dataclass(frozen=True)
class Look:
    user_id: int
    action: str
    subject: str


@dataclass
class RecentLooks:
    """Forgets the oldest where there are too many: then a look is written down twice, never not at all."""

    _written: OrderedDict[Look, datetime] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_written(self, look: Look, now: datetime) -> bool:
        with self._lock:
            at = self._written.get(look)
        return at is not None and now - ONE_LOOK < at <= now

    def add(self, look: Look, now: datetime) -> None:
        """Call it once the entry is in the database."""
        with self._lock:
            self._written[look] = now
            self._written.move_to_end(look)
            if len(self._written) > _MAX_LOOKS:
                self._written.popitem(last=False)
