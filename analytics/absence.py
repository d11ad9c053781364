"""From presence and opening hours to absences and the other events of a counter: pure, never more than was seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from analytics.rule import MoreThan, Rule
from analytics.runs import (
    ENOUGH,
    FEWER,
    GONE,
    LASTS,
    RETURNED,
    UNKNOWN,
    Ends,
    Excuse,
    PresenceSpan,
    Run,
    duties,
    runs,
    waits,
)
from storage.intervals import Span
from storage.models import ACCUSING, CustomerState, EventKind, StaffState

CHANGED = "changed"
"""It is none by the rule, the hours or the views that hold now; it goes on if it becomes one by them, too."""
WITHDRAWN = "withdrawn"
"""It has been none. Such a row ends where it starts, and is listed with the disputes alone; `said_until` remembers."""

SOUGHT = tuple(kind for kind in EventKind if kind is not EventKind.TOO_FEW)
"""What is looked for, each by itself. Nobody and too few are looked for as one."""

_Way = tuple[datetime, timedelta]
"""When something is due, and by which threshold."""


@dataclass(frozen=True, slots=True)
class FoundAbsence:
    """An absence or another event by the rule; `end` and `ended_by` are empty while it lasts."""

    start: datetime
    due: datetime
    """When the threshold was reached."""
    end: datetime | None
    ended_by: str
    threshold: timedelta
    customer_waiting: bool
    rule: Rule
    spans: tuple[PresenceSpan, ...] = ()
    """The presence it rests on."""
    kind: EventKind = EventKind.ABSENCE
    people_rule: int | None = None
    """Required, or too many from the next on."""
    people_seen: int | None = None
    """The fewest, or the most."""

    @property
    def is_older_than_its_rule(self) -> bool:
        """It was over when the rule by which it is one began to hold."""
        return self.end is not None and self.rule.since is not None and self.end <= self.rule.since

    @property
    def sought(self) -> EventKind:
        return sought_as(self.kind)


def sought_as(kind: EventKind) -> EventKind:
    return EventKind.ABSENCE if kind is EventKind.TOO_FEW else kind


def find_events(
    sought: EventKind,
    presence: Sequence[PresenceSpan],
    openings: Sequence[Span],
    rule: Rule,
    now: datetime,
    excuses: Sequence[Excuse] = (),
) -> list[FoundAbsence]:
    """One of SOUGHT, in a counter's presence (in order, only the last span open), as known at `now`.

    Only time inside one opening counts, and for what accuses somebody only outside of every excuse; unknown and excused
    time end an event and start the count anew. The openings must be told beyond `now`: where they end the hall closes.
    """
    ends = _ends(sought, rule)
    if ends is None:
        return []
    excused = excuses if sought in ACCUSING else ()
    seen = [run for duty in duties(openings, excused) for run in runs(presence, duty, ends, now)]
    found = [_found(sought, run, rule, now) for run in seen]
    left = [event for event in found if event is not None]
    return [event for event in left if _was_left(event, presence)] if sought is EventKind.LEFT_EARLY else left


def find_absences(
    presence: Sequence[PresenceSpan],
    openings: Sequence[Span],
    rule: Rule,
    now: datetime,
    excuses: Sequence[Excuse] = (),
) -> list[FoundAbsence]:
    return find_events(EventKind.ABSENCE, presence, openings, rule, now, excuses)


def find_all(
    presence: Sequence[PresenceSpan],
    openings: Sequence[Span],
    rule: Rule,
    now: datetime,
    excuses: Sequence[Excuse] = (),
) -> list[FoundAbsence]:
    return [event for kind in SOUGHT for event in find_events(kind, presence, openings, rule, now, excuses)]


def lasts(sought: EventKind, rule: Rule | None, span: PresenceSpan) -> bool:
    """Whether the span may be part of such an event."""
    ends = None if rule is None else _ends(sought, rule)
    return ends is not None and ends(span) is LASTS


def may_last(rule: Rule | None, span: PresenceSpan) -> frozenset[EventKind]:
    return frozenset(kind for kind in SOUGHT if lasts(kind, rule, span))


def _ends(sought: EventKind, rule: Rule) -> Ends | None:
    """None: it is not looked for."""
    match sought:
        case EventKind.ABSENCE:
            return _lacking(rule.required)
        case EventKind.UNATTENDED:
            return _unattended if rule.unattended else None
        case EventKind.NEVER_STAFFED:
            return _lacking(1) if rule.never_staffed else None
        case EventKind.LEFT_EARLY:
            return _lacking(1) if rule.left_early else None
        case EventKind.QUEUE:
            return _crowded(rule.queue, lambda span: (span.customer_count, span.customer_count))
        case EventKind.CROWD:
            return _crowded(rule.crowd, lambda span: (span.staff_count, span.staff_most))
    raise ValueError(sought)


def _lacking(required: int) -> Ends:
    def ends(span: PresenceSpan) -> str:
        if span.staff is not StaffState.STAFFED:
            return LASTS if span.staff is StaffState.UNSTAFFED else UNKNOWN
        if required == 1:
            return RETURNED
        if span.staff_count is not None and span.staff_count >= required:
            return ENOUGH
        # Who is perhaps there beside those who count may be the one who is required.
        return LASTS if span.staff_most is not None and span.staff_most < required else UNKNOWN

    return ends


def _unattended(span: PresenceSpan) -> str:
    if span.staff is StaffState.STAFFED:
        return RETURNED
    if span.customer is CustomerState.NONE:
        return GONE
    known = span.staff is StaffState.UNSTAFFED and span.customer is CustomerState.WAITING
    return LASTS if known else UNKNOWN


def _crowded(limit: MoreThan | None, counted: Callable[[PresenceSpan], tuple[int | None, int | None]]) -> Ends | None:
    """`counted`: how many there are at least, and at most."""
    if limit is None:
        return None

    def ends(span: PresenceSpan) -> str:
        least, most = counted(span)
        if least is not None and least > limit.people:
            return LASTS
        return FEWER if most is not None and most <= limit.people else UNKNOWN

    return ends


def _found(sought: EventKind, run: Run, rule: Rule, now: datetime) -> FoundAbsence | None:
    way = _due(sought, run, rule)
    if way is None or way[0] > run.end or way[0] > now:
        return None
    due, threshold = way
    end = run.end if run.ended_by else None
    kind, people_rule, people_seen = _told(sought, run, rule)
    return FoundAbsence(
        run.start,
        due,
        end,
        run.ended_by,
        threshold,
        bool(waits(run.spans)),
        rule,
        run.spans,
        kind,
        people_rule,
        people_seen,
    )


def _due(sought: EventKind, run: Run, rule: Rule) -> _Way | None:
    """When the run is an event, if it lasts until then, and by which threshold; None: it cannot be one.

    Time before the rule counts by the rule that held then: nobody knew better. So it is due no later than if it had
    begun with the rule, and no earlier than by this rule, and by either the one before or this one from when it held.
    """
    whole = _way(sought, run, rule, run.start)
    if whole is None or rule.since is None or rule.since <= run.start:
        return whole
    ways = [_way(sought, run, rule, rule.since), _due_before(sought, run, rule, rule.since)]
    return max(whole, min(possible)) if (possible := [way for way in ways if way is not None]) else None


def _due_before(sought: EventKind, run: Run, rule: Rule, changed: datetime) -> _Way | None:
    """By the rule that held before, if it had stayed: of what lasted by that, too, when it was changed."""
    ends = _ends(sought, rule.before) if rule.before else None
    if ends is None or rule.before is None:
        return None
    earlier = [span for span in run.spans if span.start < changed]
    first = len(earlier)
    while first and ends(earlier[first - 1]) is LASTS:
        first -= 1
    spans = tuple(takewhile(lambda span: ends(span) is LASTS, run.spans[first:]))
    if first == len(earlier) or not (end := spans[-1].end):
        return None
    way = _due(sought, replace(run, start=spans[0].start, end=end, spans=spans), rule.before)
    return way if way is not None and way[0] <= end else None


def _way(sought: EventKind, run: Run, rule: Rule, since: datetime) -> _Way | None:
    """The same by this rule alone, as if what lasts had begun at `since`, within the run."""
    match sought:
        case EventKind.ABSENCE:
            # Of every way in which the rule can apply the earliest counts.
            ends = [(max(wait.start, since) + rule.waiting, wait.end) for wait in waits(run.spans)]
            return min([(since + rule.threshold, rule.threshold), *((d, rule.waiting) for d, end in ends if d <= end)])
        case EventKind.NEVER_STAFFED if rule.never_staffed:
            opened = run.start == run.duty.opening.start
            return (since + rule.never_staffed, rule.never_staffed) if opened else None
        case EventKind.LEFT_EARLY if rule.left_early:
            # Whoever is back before the hall closes has not left: nothing can be said before.
            closes = run.duty.opening.end
            early = run.end == closes and since <= closes - rule.left_early
            return (closes, rule.left_early) if early else None
    lasting = _lasting(sought, rule)
    return (since + lasting, lasting) if lasting else None


def _lasting(sought: EventKind, rule: Rule) -> timedelta | None:
    limits = {EventKind.QUEUE: rule.queue, EventKind.CROWD: rule.crowd}
    limit = limits.get(sought)
    return limit.lasting if limit else rule.unattended if sought is EventKind.UNATTENDED else None


def _told(sought: EventKind, run: Run, rule: Rule) -> tuple[EventKind, int | None, int | None]:
    """The kind, and the numbers of people: of the rule, and seen."""
    match sought:
        case EventKind.ABSENCE if rule.required > 1:
            return EventKind.TOO_FEW, rule.required, min(span.staff_most or 0 for span in run.spans)
        case EventKind.QUEUE if rule.queue:
            return sought, rule.queue.people, max(span.customer_count or 0 for span in run.spans)
        case EventKind.CROWD if rule.crowd:
            return sought, rule.crowd.people, max(span.staff_count or 0 for span in run.spans)
    return sought, None, None


def _was_left(event: FoundAbsence, presence: Sequence[PresenceSpan]) -> bool:
    """Somebody was there until then: a counter that was empty all day was not left, and of what is unknown nobody
    can say so."""
    return any(span.end == event.start and span.staff is StaffState.STAFFED for span in presence)
