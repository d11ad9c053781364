"""Judges days that have passed anew once their year's holidays are announced, which a site may learn late."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from analytics.judging import judge_anew
from analytics.plan import CounterPlan
from analytics.recording import take_turns
from storage.hours import day_span
from storage.intervals import Span
from storage.models.columns import JsonObject
from storage.statutory import announced_to, told_otherwise

_ANNOUNCED = "announced_to"
_AT_ONCE = 5
"""Days of a counter, of some milliseconds each, so that the watch goes on in between."""


class AnnouncedDays:
    """Until all are judged, the node's detail says to which year the holidays were known when they were judged first.

    So a watcher that dies in between leaves the rest to the next.
    """

    def __init__(self) -> None:
        self._known = announced_to()
        self._left: list[tuple[str, Span]] = []

    def resume(self, detail: JsonObject, counters: Mapping[str, CounterPlan], now: datetime) -> None:
        """From what the watcher before has written of itself."""
        self._known = min(int(detail.get(_ANNOUNCED, announced_to())), announced_to())
        days = [day for year in range(self._known + 1, announced_to() + 1) for day in told_otherwise(year)]
        spans = [(c, day_span(day, plan.hours.zone)) for c, plan in sorted(counters.items()) for day in days]
        self._left = [(counter_id, Span(s.start, min(s.end, now))) for counter_id, s in spans if s.start < now]

    def judge_some(self, session: Session, now: datetime) -> int:
        """Returns how many to strike off by `judged` once that is committed. Calls nobody: what is found is over."""
        some = self._left[:_AT_ONCE]
        for counter_id, span in some:
            take_turns(session, counter_id)
            judge_anew(session, counter_id, span, now)
        return len(some)

    def judged(self, count: int) -> None:
        del self._left[:count]

    @property
    def detail(self) -> JsonObject:
        """To be kept beside the node's sign of life."""
        return {_ANNOUNCED: self._known if self._left else announced_to()}
