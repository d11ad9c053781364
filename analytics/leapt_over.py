"""Has footage looked at of time over which the server's clock had leapt, and remembers across restarts what is left."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session

from analytics.again import PIECE
from analytics.clock_twice import TimeSaidTwice
from analytics.missed import ASKED_BY
from analytics.reanalysis import ask
from storage.intervals import Span
from storage.models.columns import JsonObject

_KEY = "clock_leapt"
_RECORDED_BY_THEN = timedelta(minutes=2)
"""So long ago, footage can be looked at."""


class LeaptOver:
    """What is asked for counts once that is committed: then `asked` is called with it."""

    def __init__(self) -> None:
        self._asked: Span | None = None

    def resume(self, clock: TimeSaidTwice, detail: JsonObject, told: datetime, now: datetime) -> None:
        """From what the watcher before has written beside its last sign of life, at `told`."""
        kept = detail.get(_KEY, {})
        self._asked = _span(kept.get("asked"))
        clock.resume_leaps(_span(kept.get("leap")), _span(kept.get("over")), told, now)

    def ask(self, session: Session, clock: TimeSaidTwice, counters: Collection[str], now: datetime) -> Span | None:
        """Up to some time ago: what lies ahead keeps it from being watched live. Returns what has been asked for."""
        whole = clock.leapt_over
        if whole is None:
            return None
        before = self._asked if self._asked and self._asked.start == whole.start else None
        start = before.end if before else whole.start
        end = min(now - _RECORDED_BY_THEN, whole.end)
        if end - start < PIECE and (end < whole.end or end <= start):
            return before
        for counter_id in sorted(counters):
            ask(session, counter_id, Span(start, end), ASKED_BY, now)
        return Span(whole.start, end)

    def asked(self, span: Span | None) -> None:
        self._asked = span


def kept_of(clock: TimeSaidTwice, asked: Span | None) -> JsonObject:
    """To be kept beside the node's sign of life, where so much has been asked for."""
    kept = {"leap": clock.leap, "over": clock.leapt_over, "asked": asked}
    told = {name: [span.start.isoformat(), span.end.isoformat()] for name, span in kept.items() if span}
    return {_KEY: told} if told else {}


def _span(kept: tuple[str, str] | None) -> Span | None:
    return Span(datetime.fromisoformat(kept[0]), datetime.fromisoformat(kept[1])) if kept else None
