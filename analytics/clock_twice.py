"""Time of day that the server's clock says for a second time, because it was set back. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from storage.intervals import Span

SET_BACK = timedelta(seconds=5)
"""A clock that goes back by more than time services correct on the run was set back."""
CLOCK_SET_BACK = "clock_set_back"
"""Why nothing is known of a counter in such time."""
_LEAPT = timedelta(minutes=1)
"""Nobody asks so seldom: a clock that is so much later was set forward, and what lies between was not said again."""


class TimeSaidTwice:
    """What of the time until now the clock has said before; whoever has written that down says so by `written`."""

    def __init__(self) -> None:
        self._told: datetime | None = None
        """What the clock said last."""
        self._until: datetime | None = None
        """What it said at the latest before it was set back."""
        self._since: datetime | None = None
        self._spans: list[Span] = []
        self.leap: Span | None = None
        """The last over which it has leapt ahead."""
        self.leapt_over: Span | None = None
        """What it says for the first time, since it was set back into time over which it had leapt."""

    def has_leapt(self, start: datetime, end: datetime) -> None:
        """The clock, or nobody read it between the two."""
        if end > start + _LEAPT:
            self.leap = Span(start, end)

    def resume_leaps(self, leap: Span | None, leapt_over: Span | None, told: datetime, now: datetime) -> None:
        """What another knew that read the clock last when it said `told`."""
        self.leap = leap
        self.leapt_over = leapt_over if leapt_over and told <= now < leapt_over.end else None
        if now > told:
            self.has_leapt(told, now)
        elif now < told - SET_BACK:
            self._mind_leaps(told, now)

    def resume(self, since: datetime, until: datetime) -> None:
        """From `since` on it says what it had said before, until `until`."""
        self._since = since if self._since is None else min(since, self._since)
        self._until = max(until, self._until or until)

    def says(self, now: datetime) -> bool:
        """Whether the clock was set back to `now`."""
        told, self._told = self._told, now
        if told is None or told - SET_BACK <= now <= told + _LEAPT:
            return False
        self._mind_leaps(told, now)
        self._spans = [*self._spans, *self._going_on(told)]
        back = now < told
        if back:
            self._until = max(told, self._until or told)
        self._since = now if self._until and now < self._until else None
        return back

    def _mind_leaps(self, told: datetime, now: datetime) -> None:
        """Since the leap as much time has passed as the clock said since then: it cannot be earlier, if it was right
        before."""
        leap, self.leapt_over = self.leap, None
        if now > told:
            self.has_leapt(told, now)
        elif leap and leap.end <= told and leap.start + (told - leap.end) - _LEAPT <= now < leap.end:
            self.leapt_over = Span(now, leap.end)

    def spans(self, now: datetime) -> list[Span]:
        """In the order in which they were said."""
        return [*self._spans, *self._going_on(now)]

    def written(self, now: datetime) -> None:
        self._spans = []
        if self._since is not None and self._until is not None:
            self._since = max(self._since, now) if now < self._until else None

    def _going_on(self, now: datetime) -> Iterator[Span]:
        if self._since is not None and self._until is not None and self._since < now:
            yield Span(self._since, min(now, self._until))
