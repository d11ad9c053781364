"""From presence and opening hours to absences: pure, and never more than was seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.intervals import Span, subtract
from storage.models import MAX_THRESHOLD_S, AbsenceRule, CustomerState, StaffState

RETURNED, CLOSED, COVERED, UNKNOWN = "returned", "closed", "covered", "unknown"
CHANGED = "changed"
"""It is none by the rule, the hours or the views that hold now; it goes on if it becomes one by them, too."""
WITHDRAWN = "withdrawn"
"""It has been none: its camera showed something else. Such a row ends where it starts and is listed nowhere."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When an unstaffed counter is an absence. Raises ValueError unless 0 < waiting ≤ threshold ≤ 12 hours."""

    threshold: timedelta = timedelta(seconds=300)
    waiting: timedelta = timedelta(seconds=60)
    """The same while a customer waits."""
    id: int | None = None
    version: int = 0

    def __post_init__(self) -> None:
        if not timedelta(0) < self.waiting <= self.threshold <= timedelta(seconds=MAX_THRESHOLD_S):
            raise ValueError(
                f"absence rule: {self.waiting.total_seconds():g} s waiting and {self.threshold.total_seconds():g} s:"
                " both must be above 0, the first not above the second, neither above 12 hours"
            )


@dataclass(frozen=True, slots=True)
class PresenceSpan:
    """One unchanging state; `end` is empty while it lasts."""

    start: datetime
    end: datetime | None
    staff: StaffState
    customer: CustomerState
    confidence: float = 0.0
    reason: str = ""
    """Why the staff state is unknown."""


@dataclass(frozen=True, slots=True)
class Excuse:
    """Time in which nobody is absent, whatever is seen."""

    span: Span
    why: str
    """COVERED, or UNKNOWN where nobody can tell whether somebody covered."""


@dataclass(frozen=True, slots=True)
class _Duty:
    """Time in which somebody has to be there without a break."""

    span: Span
    ended_by: str


@dataclass(frozen=True, slots=True)
class FoundAbsence:
    """An absence by the rule; `end` and `ended_by` are empty while it lasts."""

    start: datetime
    due: datetime
    """When the threshold was reached."""
    end: datetime | None
    ended_by: str
    threshold: timedelta
    customer_waiting: bool
    rule: Rule
    spans: tuple[PresenceSpan, ...] = ()
    """The unstaffed spans it rests on."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Unstaffed without a break, inside one duty."""

    start: datetime
    end: datetime
    ended_by: str
    spans: tuple[PresenceSpan, ...]


def find_absences(
    presence: Sequence[PresenceSpan],
    openings: Sequence[Span],
    rule: Rule,
    now: datetime,
    excuses: Sequence[Excuse] = (),
) -> list[FoundAbsence]:
    """Absences in a counter's presence (in order, only the last span open), as known at `now`.

    Only unstaffed time inside one opening and outside of every excuse counts; unknown and excused time end an absence
    and start the count anew. The openings must be told beyond `now`: where they end the hall closes.
    """
    runs = [run for duty in _duties(openings, excuses) for run in _runs(presence, duty, now)]
    found = [_absence(run, rule, now) for run in runs]
    return [absence for absence in found if absence is not None]


def rule_in_force(rules: Sequence[AbsenceRule], hall_id: str, counter_id: str, at: datetime) -> Rule:
    """The most specific valid rule: of the counter, of the hall, of every hall, else the built-in default.

    Raises ValueError when that rule's thresholds make no sense.
    """
    fitting = [
        rule
        for rule in rules
        if rule.counter_id in (None, counter_id)
        and rule.hall_id in (None, hall_id)
        and rule.valid_from <= at
        and (rule.valid_to is None or at < rule.valid_to)
    ]
    if not fitting:
        return Rule()
    best = max(fitting, key=lambda r: (r.counter_id is not None, r.hall_id is not None, r.valid_from, r.version))
    threshold = timedelta(seconds=best.threshold_s)
    # A waiting threshold above the plain one never comes into play.
    waiting = min(timedelta(seconds=best.waiting_threshold_s), threshold)
    return Rule(threshold, waiting, best.id, best.version)


def _duties(openings: Sequence[Span], excuses: Sequence[Excuse]) -> Iterator[_Duty]:
    for opening in openings:
        for part in subtract([opening], [excuse.span for excuse in excuses]):
            follows = [excuse.why for excuse in excuses if excuse.span.start <= part.end < excuse.span.end]
            yield _Duty(part, CLOSED if part.end == opening.end else min(follows))


def _runs(presence: Sequence[PresenceSpan], duty: _Duty, now: datetime) -> list[_Run]:
    runs: list[_Run] = []
    current: list[PresenceSpan] = []
    for span in presence:
        end = min(span.end or now, duty.span.end, now)
        start = max(span.start, duty.span.start)
        if span.staff is not StaffState.UNSTAFFED:
            _finish(runs, current, RETURNED if span.staff is StaffState.STAFFED else UNKNOWN)
            current = []
        elif start < end:
            if current and current[-1].end != start:
                _finish(runs, current, UNKNOWN)
                current = []
            current.append(PresenceSpan(start, end, span.staff, span.customer, span.confidence))
            if end == duty.span.end:
                _finish(runs, current, duty.ended_by)
                current = []
    _finish(runs, current, "" if presence and presence[-1].end is None else UNKNOWN)
    return runs


def _finish(runs: list[_Run], spans: list[PresenceSpan], ended_by: str) -> None:
    if spans and (end := spans[-1].end) is not None:
        runs.append(_Run(spans[0].start, end, ended_by, tuple(spans)))


def _absence(run: _Run, rule: Rule, now: datetime) -> FoundAbsence | None:
    waits = _waits(run.spans)
    # (due, threshold) of every way in which the rule can apply; the earliest counts.
    ways = [(run.start + rule.threshold, rule.threshold)]
    ways += [(wait.start + rule.waiting, rule.waiting) for wait in waits if wait.start + rule.waiting <= wait.end]
    due, threshold = min(ways)
    if due > run.end or due > now:
        return None
    end = run.end if run.ended_by else None
    return FoundAbsence(run.start, due, end, run.ended_by, threshold, bool(waits), rule, run.spans)


def _waits(spans: Sequence[PresenceSpan]) -> list[Span]:
    """Unbroken times in which a customer waited."""
    waits: list[Span] = []
    for span in spans:
        if span.customer is not CustomerState.WAITING or span.end is None:
            continue
        if waits and waits[-1].end == span.start:
            waits[-1] = Span(waits[-1].start, span.end)
        else:
            waits.append(Span(span.start, span.end))
    return waits
