"""That the recorder itself stood still: what it knows of its cameras then is of before, and says nothing of them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from ingest.video.meter import Health

_AWAY_S = 10.0
"""Between two rounds, which are some seconds apart; so long it is only where the process did not run."""
_GRACE_S = 15.0
"""So long a camera may take until it is heard again."""
_LATELY = timedelta(seconds=5)


class OwnAbsence:
    """Told of every round."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._back_s = 0.0
        self._back: datetime | None = None

    def unheard(self, cameras: Mapping[str, Health], now: datetime, since_boot_s: float) -> frozenset[str]:
        """Cameras of which nothing has come since it runs again, for as long as that may be its own fault."""
        if self._last_s is not None and since_boot_s - self._last_s > _AWAY_S:
            self._back_s, self._back = since_boot_s, now
        self._last_s = since_boot_s
        if self._back is None or since_boot_s - self._back_s >= _GRACE_S:
            return frozenset()
        back = self._back
        return frozenset(name for name, health in cameras.items() if not _was_heard(health, back))


def _was_heard(health: Health, back: datetime) -> bool:
    return health.last_frame is not None and health.last_frame > back - _LATELY
