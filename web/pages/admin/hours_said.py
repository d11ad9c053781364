"""Opening hours as they are read, in the reader's words: Mon to Fri, 09:00–12:00; Sat, 10:00–16:00."""

from collections.abc import Iterator, Sequence
from functools import reduce

from storage.sayings import Saying
from web.declarations import Hours, weekdays

_DAYS = (
    Saying("Mon"),
    Saying("Tue"),
    Saying("Wed"),
    Saying("Thu"),
    Saying("Fri"),
    Saying("Sat"),
    Saying("Sun"),
)
_LEAST_RANGE = 3
"""Days in a row that are told by the first and the last of them."""


def said_hours(hours: Sequence[Hours]) -> Saying | None:
    """Days that share a span are told together; None: there are no hours."""
    days: dict[tuple[str, str], set[int]] = {}
    for span in hours:
        days.setdefault((span.open, span.close), set()).update(weekdays(span.days))
    lines = [
        Saying("%(days)s, %(open)s–%(close)s", days=_said_days(sorted(found)), open=begin, close=end)
        for (begin, end), found in days.items()
    ]
    return reduce(lambda first, each: Saying("%(first)s; %(next)s", first=first, next=each), lines) if lines else None


def _said_days(days: Sequence[int]) -> Saying:
    parts = [part for run in _runs(days) for part in _said_run(run)]
    return reduce(lambda first, each: Saying("%(first)s, %(next)s", first=first, next=each), parts)


def _runs(days: Sequence[int]) -> Iterator[list[int]]:
    """Days one after the other."""
    run: list[int] = []
    for day in days:
        if run and day != run[-1] + 1:
            yield run
            run = []
        run.append(day)
    yield run


def _said_run(run: Sequence[int]) -> list[Saying]:
    if len(run) < _LEAST_RANGE:
        return [_DAYS[day] for day in run]
    return [Saying("%(first)s to %(last)s", first=_DAYS[run[0]], last=_DAYS[run[-1]])]
