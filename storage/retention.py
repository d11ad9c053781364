"""How long footage is kept: pure, no clock, no database.

A camera shows several counters, and a segment is one camera's: of all that applies to a segment, the longest counts.
A rule that keeps for a shorter time than before takes effect a day later, so that a slip can be mended before anything
is gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage.models import DEFAULT_DAYS, FootageKind, RetentionRule

GRACE = timedelta(days=1)
UNSET_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
"""Older than any recorder there is: a clock that says less has not been set since the machine began."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how long, and by which rule; no rule: the built-in default."""

    days: int
    kind: FootageKind
    rule_id: int | None = None
    version: int = 0

    def until(self, end: datetime) -> datetime:
        return end + timedelta(days=self.days)


BUILT_IN = Keeping(DEFAULT_DAYS, FootageKind.PLAIN)


@dataclass(frozen=True, slots=True)
class Shown:
    """A counter that a segment shows, and whether anything happened there; no counter: the camera's hall."""

    counter_id: str | None
    has_event: bool = False


def kept_from(end: datetime, recorded_end: datetime, corrected_at: datetime | None, now: datetime) -> datetime:
    """From when on the keeping of footage counts that lies up to `end` and whose file says `recorded_end`.

    No correction brings it nearer to its deletion. But nothing was recorded after it was corrected, and a time that is
    more than a day to come was said by a clock that was ahead: it would keep footage for the years that it was off.
    """
    latest = recorded_end if corrected_at is None else min(recorded_end, corrected_at)
    return end if latest - now > GRACE else max(end, latest)


class Rules:
    """Every rule that there has been since a day ago."""

    def __init__(self, rules: Iterable[RetentionRule]) -> None:
        self._rules = tuple(rules)

    def keeping(self, hall_id: str, shown: Sequence[Shown], at: datetime) -> Keeping:
        """The longest of what was in force at that moment."""
        found = [self._of(hall_id, each.counter_id, FootageKind.PLAIN, at) or BUILT_IN for each in shown]
        events = (self._of(hall_id, each.counter_id, FootageKind.EVENT, at) for each in shown if each.has_event)
        return max([*found, *filter(None, events)], key=lambda keeping: keeping.days, default=BUILT_IN)

    def due(self, hall_id: str, shown: Sequence[Shown], end: datetime, now: datetime) -> Keeping | None:
        """By what footage that ended at `end` goes now; None while it is kept, and where nobody knows when it ended."""
        if end < UNSET_BEFORE:
            return None
        keeping = self.keeping(hall_id, shown, now)
        before = self.keeping(hall_id, shown, now - GRACE)
        return keeping if max(keeping.until(end), before.until(end)) <= now else None

    def shortest(self, hall_id: str, counters: Iterable[str], now: datetime) -> timedelta:
        """No segment of a camera that shows at most these counters goes sooner."""
        places = [Shown(None), *map(Shown, counters)]
        return min(timedelta(days=self.keeping(hall_id, [place], now).days) for place in places)

    def _of(self, hall_id: str, counter_id: str | None, kind: FootageKind, at: datetime) -> Keeping | None:
        in_force = [rule for rule in self._rules if rule.kind is kind and _holds(rule, at)]
        places = [(None, counter_id)] if counter_id else []
        for place in (*places, (hall_id, None), (None, None)):
            for rule in in_force:
                if (rule.hall_id, rule.counter_id) == place:
                    return Keeping(rule.days, kind, rule.id, rule.version)
        return None


def _holds(rule: RetentionRule, at: datetime) -> bool:
    return rule.valid_from <= at and (rule.valid_to is None or at < rule.valid_to)
