"""Which rows of a growing table are new: ids become visible out of order while transactions overlap."""

from collections import deque
from datetime import datetime, timedelta


class IdFloor:
    """Rows with an id up to the floor have been visible for at least `patience`; those above must be looked at."""

    def __init__(self, floor: int, patience: timedelta) -> None:
        self.floor = floor
        self._patience = patience
        self._seen: deque[tuple[datetime, int]] = deque()
        self._handled: set[int] = set()

    def saw(self, highest: int, now: datetime) -> None:
        """`highest` is the greatest id that is visible at `now`, and every row up to it was looked at."""
        if not self._seen or highest > self._seen[-1][1]:
            self._seen.append((now, highest))
        while self._seen and self._seen[0][0] <= now - self._patience:
            self.floor = max(self.floor, self._seen.popleft()[1])
        self._handled = {row for row in self._handled if row > self.floor}

    def unhandled(self, ids: list[int]) -> set[int]:
        """Those of `ids` that this was not asked about before."""
        fresh = set(ids) - self._handled
        self._handled |= fresh
        return fresh
