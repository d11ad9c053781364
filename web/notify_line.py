"""Is it the service or the message? What fails while others get through is refused for what it says."""

from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)


def pause_after(failures: int) -> timedelta:
    """The pause after so many failures: 10 s, 20 s, 40 s, ... at most LONGEST_PAUSE."""
    return min(FIRST_PAUSE * (1 << min(failures, 10)), LONGEST_PAUSE)


class Line:
    """What is known of one channel's service. Not stored: after a restart the next failure tells it anew."""

    def __init__(self) -> None:
        self._failed: set[int] = set()
        """Deliveries that have failed since something last got through."""
        self._refused: set[int] = set()
        self._closed_until: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self._closed_until is None or now >= self._closed_until

    def got_through(self, delivery_id: int) -> None:
        self._refused |= self._failed
        self._failed, self._closed_until = set(), None
        self.forget(delivery_id)

    def failed(self, delivery_id: int, now: datetime) -> None:
        """The more deliveries fail in a row, the longer the others wait; one that is refused is no sign of that."""
        if delivery_id not in self._refused:
            self._failed.add(delivery_id)
            self._closed_until = now + pause_after(len(self._failed))

    def forget(self, delivery_id: int) -> None:
        """It will not be tried again."""
        self._failed.discard(delivery_id)
        self._refused.discard(delivery_id)
