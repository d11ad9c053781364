"""Slows down whoever guesses passwords."""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=5)
PER_NAME_AND_ADDRESS = 5
PER_ADDRESS = 30
_MAX_KEYS = 10_000


@dataclass
class FailedAttempts:
    """Counts failures of the last minutes, by name with address, and by address.

    A name alone is never locked: else anybody could keep a colleague out.
    """

    _failures: dict[tuple[str, str], deque[datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_locked(self, name: str, address: str, now: datetime) -> bool:
        with self._lock:
            by_name = len(self._recent((name, address), now))
            by_address = len(self._recent(("", address), now))
        return by_name >= PER_NAME_AND_ADDRESS or by_address >= PER_ADDRESS

    def add(self, name: str, address: str, now: datetime) -> None:
        with self._lock:
            if len(self._failures) >= _MAX_KEYS:
                self._forget_old(now)
            for key in ((name, address), ("", address)):
                self._failures.setdefault(key, deque(maxlen=PER_ADDRESS)).append(now)

    def clear(self, name: str, address: str) -> None:
        """After a successful sign-in."""
        with self._lock:
            self._failures.pop((name, address), None)

    def _recent(self, key: tuple[str, str], now: datetime) -> deque[datetime]:
        failures = self._failures.get(key, deque())
        while failures and failures[0] <= now - WINDOW:
            failures.popleft()
        return failures

    def _forget_old(self, now: datetime) -> None:
        for key in [key for key in self._failures if not self._recent(key, now)]:
            del self._failures[key]
