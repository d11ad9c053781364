"""One watched counter: its presence so far, and the absences and other events that follow from it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from analytics.absence import SOUGHT, FoundAbsence, find_events, lasts
from analytics.contesting import Frames
from analytics.edges import Told, dated, first_agreed, first_shown
from analytics.looking import Observation
from analytics.plan import CounterPlan
from analytics.presence import CounterPresence, Debounce, Transition, frames_of
from analytics.runs import Excuse, PresenceSpan
from analytics.shortening import shortened
from storage.intervals import Span
from storage.models import CustomerState, EventKind, StaffState

LookBack = Callable[[datetime], Sequence[Observation]]
"""What the counter's cameras showed at a moment that has passed; nothing where there is no footage."""

_AHEAD = timedelta(days=2)
"""Opening hours are looked up this far ahead, and anew after half of it."""
_BEFORE = timedelta(days=1)
"""And so far back, so that the true beginning of an opening is known."""
_LONGEST_CLOSED = timedelta(days=14)
"""Two openings of a hall are within it, holidays between them or not."""


class _Looked:
    """Looks back, once at a moment: who comes while a customer does is sought in the same pictures."""

    def __init__(self, look_back: LookBack) -> None:
        self.frames: dict[datetime, Frames] = {}
        """Which pictures showed a moment."""
        self._look_back = look_back
        self._seen: dict[datetime, tuple[datetime | None, Sequence[Observation]]] = {}

    def __call__(self, moment: datetime) -> tuple[datetime | None, Sequence[Observation]]:
        """When the pictures were taken, and what they tell; None where there are none."""
        if moment not in self._seen:
            seen = self._look_back(moment)
            wall = max((observation.wall for observation in seen), default=None)
            self._seen[moment] = wall, seen
            if wall is not None:
                self.frames[wall] = frames_of(seen)
        return self._seen[moment]


class WatchedCounter:
    """Feeds observations to the presence and keeps as much of its history as absences need."""

    def __init__(self, plan: CounterPlan, debounce: Debounce = Debounce(), look_back: LookBack | None = None) -> None:
        """`look_back` finds when exactly staff and customers came or went; without it by samples alone."""
        self.plan = plan
        self.excuses: tuple[Excuse, ...] = ()
        """Since the beginning of what is remembered of its presence; whoever reads the tables renews them."""
        self._look_back = look_back
        self._presence = CounterPresence(plan.counter_id, plan.cameras, debounce, plan.with_customers)
        self._history: dict[EventKind, list[PresenceSpan]] = {kind: [] for kind in SOUGHT}
        """For each of what is looked for as far back as it may have begun, and the span before; all end alike."""
        self._openings: tuple[Span, ...] = ()
        self._openings_for: datetime | None = None
        self._openings_until: datetime | None = None

    @property
    def state(self) -> Transition | None:
        return self._presence.state

    @property
    def empty_to(self) -> datetime | None:
        """Up to when it is sure that nobody was there, if that is what is known of it now."""
        state = self.state
        return self._presence.confirmed_to if state and state.staff is StaffState.UNSTAFFED else None

    @property
    def since(self) -> datetime | None:
        """Since when anything that lasts may have begun."""
        return min((self._began(kind, spans) for kind, spans in self._history.items() if spans), default=None)

    @property
    def _last(self) -> PresenceSpan | None:
        return next((history[-1] for history in self._history.values() if history), None)

    def follow(self, plan: CounterPlan) -> None:
        """Other cameras, hours or rules from now on."""
        self.plan = plan
        self._presence.watch_by(plan.cameras, plan.with_customers)
        self._openings_for = None

    def resume(self, history: Iterable[PresenceSpan], state: Transition, watched_to: datetime) -> None:
        """Goes on after a restart: `history` ends with the open span of `state`."""
        spans = list(history)
        self._history = {kind: self._as_far_as_needed(kind, spans) for kind in SOUGHT}
        self._presence.resume(state, watched_to)

    def observe(self, observation: Observation, max_gap: timedelta | None = None) -> list[Transition]:
        return self._remember(self._exact(self._presence.observe(observation, max_gap)))

    def silence(self, now: datetime, reason: str, recorder_since: datetime | None = None) -> list[Transition]:
        return self._remember(self._presence.silence(now, reason, recorder_since))

    def stop(self, now: datetime, reason: str) -> list[Transition]:
        return self._remember(self._presence.stop(now, reason))

    def absences(self) -> list[FoundAbsence]:
        """Those, and the other events, of what lasts or has just ended, as far as samples have confirmed it.

        None without a rule to find them by.
        """
        start, last, rule = self.since, self._last, self.plan.rule
        if start is None or last is None or rule is None:
            return []
        now = max(self._presence.confirmed_to or start, last.start)
        openings = self._open_from(start, now)
        return [
            event
            for kind, history in self._history.items()
            for event in find_events(kind, history, openings, rule, now, self.excuses)
        ]

    def _open_from(self, start: datetime, now: datetime) -> tuple[Span, ...]:
        """Kept between calls: a counter unstaffed for weeks is asked about every second."""
        stale = self._openings_until is None or now > self._openings_until
        if stale or self._openings_for != start:
            self._openings = _open_in(self.plan, start - _BEFORE, now + _AHEAD)
            self._openings_for, self._openings_until = start, now + _AHEAD / 2
        return self._openings

    def forget_settled(self) -> None:
        """Drops what can no longer be part of an event; call it once the events are stored."""
        known = self._presence.confirmed_to
        judged = _start_of_the_one_before(self._openings, known)
        for kind, history in self._history.items():
            if history and not lasts(kind, self.plan.rule, history[-1]):
                del history[:-1]
            elif judged and history and history[0].start < judged:
                left = [span for span in history if span.end is None or span.end >= judged]
                history[:] = [replace(left[0], start=max(left[0].start, judged)), *left[1:]]
            if known:
                history[:] = shortened(kind, history, known)

    def _began(self, kind: EventKind, history: Sequence[PresenceSpan]) -> datetime:
        """Of the span before only the end matters; it may have begun weeks ago."""
        is_before = len(history) > 1 and not lasts(kind, self.plan.rule, history[0])
        return history[1 if is_before else 0].start

    def _as_far_as_needed(self, kind: EventKind, spans: Sequence[PresenceSpan]) -> list[PresenceSpan]:
        first = len(spans) - 1
        while first > 0 and lasts(kind, self.plan.rule, spans[first]):
            first -= 1
        return list(spans[first:])

    def _exact(self, changes: list[Transition]) -> list[Transition]:
        if self._look_back is None:
            return changes
        found: list[Transition] = []
        for change in changes:
            before = found[-1] if found else self._last
            if before is None:
                found.append(change)
                continue
            # What was told in between stands.
            told_to = before.at if isinstance(before, Transition) else before.start
            look_back = _Looked(self._look_back)
            left, come = change.staff is StaffState.UNSTAFFED, change.customer is CustomerState.WAITING
            staff = _seek(left)(change.after, change.at, partial(self._showed_staff, look_back, change))
            waiting = _seek(come)(change.customer_after, change.at, partial(self._showed_customers, look_back, change))
            frames = look_back.frames.get(staff, ())
            found += dated(change, before, max(staff, told_to), max(waiting, told_to), frames)
        return found

    def _showed_staff(self, look_back: "_Looked", change: Transition, moment: datetime) -> Told | None:
        wall, seen = look_back(moment)
        return (wall, self._presence.judge(seen, wall) is change.staff) if wall else None

    def _showed_customers(self, look_back: "_Looked", change: Transition, moment: datetime) -> Told | None:
        wall, seen = look_back(moment)
        return (wall, self._presence.judge_customers(seen, wall) is change.customer) if wall else None

    def _remember(self, changes: list[Transition]) -> list[Transition]:
        for change in changes:
            for history in self._history.values():
                if history:
                    last = history.pop()
                    if last.start < change.at:
                        history.append(replace(last, end=change.at))
                history.append(_span_from(change))
        return changes


def _seek(accuses: bool) -> Callable[[datetime | None, datetime, Callable[[datetime], Told | None]], datetime]:
    return first_agreed if accuses else first_shown


def needed_since(plan: CounterPlan, at: datetime) -> datetime | None:
    """What is older was part of another opening of the hall, and has been judged by then; None: nothing is."""
    return _start_of_the_one_before(_open_in(plan, at - _LONGEST_CLOSED, at + _BEFORE), at)


def _open_in(plan: CounterPlan, start: datetime, end: datetime) -> tuple[Span, ...]:
    return plan.hours.judged(start, end)


def _start_of_the_one_before(openings: Sequence[Span], at: datetime | None) -> datetime | None:
    """Of the opening before the last that has begun: hours that are changed may prolong the one that is over."""
    begun = [] if at is None else [span.start for span in openings if span.start <= at]
    return begun[-2] if len(begun) > 1 else None


def _span_from(change: Transition) -> PresenceSpan:
    return PresenceSpan(
        change.at,
        None,
        change.staff,
        change.customer,
        change.confidence,
        change.reason,
        change.staff_count,
        change.staff_most,
        change.customer_count,
        change.frames,
    )
