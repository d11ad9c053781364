"""How many bytes were recorded in each hour, over all cameras: summed anew only when it may have changed."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from storage.models import Camera, Segment
from web.pages.presence_shares import HOUR

CHANGING = timedelta(minutes=1)
"""For so long the sum of an hour that is running, or has just ended, is kept."""
SETTLED = timedelta(minutes=10)
"""For so long that of an hour which ended before: what is written down late, deleted or corrected moves it still."""


@dataclass(frozen=True)
class _Summed:
    at: datetime
    recorded_bytes: int


@dataclass
class RecordedHours:
    """Of this process. A thousand cameras have some 360,000 segments an hour; whoever asks meanwhile waits for the one
    who sums."""

    _sums: dict[datetime, _Summed] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def recorded_bytes(self, session: Session, starts: list[datetime], now: datetime) -> list[int]:
        """Of the hours that begin then, oldest first and each up to `now`. Sums of earlier hours are forgotten."""
        with self._lock:
            kept = {start: summed for start, summed in self._sums.items() if _is_good(start, summed, now)}
            missing = [start for start in starts if start not in kept]
            made = {start: _Summed(now, _sum(session, start, min(start + HOUR, now))) for start in missing}
            self._sums = {start: (kept | made)[start] for start in starts}
            return [self._sums[start].recorded_bytes for start in starts]


def _is_good(start: datetime, summed: _Summed, now: datetime) -> bool:
    is_settled = summed.at >= start + HOUR + SETTLED
    return timedelta() <= now - summed.at < (SETTLED if is_settled else CHANGING)


def _sum(session: Session, start: datetime, end: datetime) -> int:
    # The index begins with the camera: named, each camera's hour is one short range of it.
    named = col(Segment.camera_id).in_(select(Camera.id))
    size = session.exec(select(func.sum(Segment.size)).where(named, Segment.start >= start, Segment.start < end)).one()
    return size or 0
