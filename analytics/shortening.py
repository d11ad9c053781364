"""What lasts in a hall that never closes is remembered by its beginning and its last day, whatever lies between."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from analytics.recording import MAX_EVIDENCE
from analytics.runs import PresenceSpan
from storage.models import CustomerState, EventKind

_LONGEST_THRESHOLD = timedelta(days=1)
"""Every rule's is shorter: what has lasted for so long is an event already, or never will be one."""
_KEPT = MAX_EVIDENCE
"""Spans at either end, so that the evidence is of true ones."""
_AT_LEAST = 100
"""Spans that are put together at once."""

_MOST: dict[EventKind, Callable[[PresenceSpan], int]] = {
    EventKind.QUEUE: lambda span: -(span.customer_count or 0),
    EventKind.CROWD: lambda span: -(span.staff_count or 0),
}
_BY_CUSTOMERS = (EventKind.QUEUE, EventKind.UNATTENDED)


def shortened(kind: EventKind, history: Sequence[PresenceSpan], now: datetime) -> Sequence[PresenceSpan]:
    """The same with those in the middle as one, by which nobody is accused of more than before.

    It has the fewest staff of them, or the most people of a queue or a crowd. Where customers decide nothing but the
    threshold none waits in it; that one did is kept beside the event.
    """
    old = [i for i, span in enumerate(history[:-_KEPT]) if i >= _KEPT and span.start < now - _LONGEST_THRESHOLD]
    if len(old) < _AT_LEAST:
        return history
    first, last = old[0], old[-1]
    middle = history[first : last + 1]
    told = min(middle, key=_MOST.get(kind, lambda span: span.staff_most or 0))
    whole = replace(told, start=middle[0].start, end=middle[-1].end)
    if kind not in _BY_CUSTOMERS:
        whole = replace(whole, customer=CustomerState.NONE, customer_count=0)
    return [*history[:first], whole, *history[last + 1 :]]
