"""Whether a camera's silence is its own: while no recorder lives nothing comes from any camera."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.onlookers import STARTING

_BREAK = timedelta(seconds=15)
"""A recorder is heard of every three seconds; one that was not for so long had stopped."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A recorder, as it last told of itself."""

    started: datetime
    last: datetime


class RecorderHeard:
    """Follows what is heard of the recorder."""

    def __init__(self) -> None:
        self._last: datetime | None = None
        self._lives_since: datetime | None = None

    @property
    def lives_since(self) -> datetime | None:
        """Since when it has been heard of without a break; None where there is none that anybody waits for."""
        return self._lives_since

    def follow(self, heard: Heard | None) -> None:
        """None: there is none that anybody waits for, so nothing else tells that nothing comes."""
        if heard is None:
            self._last = self._lives_since = None
            return
        stopped = self._last is not None and heard.last - self._last > _BREAK
        known = self._lives_since or heard.started
        self._lives_since = max(heard.last if stopped else known, heard.started)
        self._last = heard.last

    def would_have_brought(self, since: datetime, patience: timedelta) -> bool:
        """Whether a recorder lived long enough after `since` to bring what the camera sent."""
        if self._last is None or self._lives_since is None:
            return True
        return self._last >= max(since + patience, self._lives_since + STARTING)
