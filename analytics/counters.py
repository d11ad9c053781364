"""One watched counter: its presence so far, and the absences that follow from it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from analytics.absence import Excuse, FoundAbsence, PresenceSpan, find_absences
from analytics.edges import Told, dated, first_shown
from analytics.looking import Observation
from analytics.plan import CounterPlan
from analytics.presence import CounterPresence, Debounce, Transition
from storage.hours import is_open, opening
from storage.intervals import Span
from storage.models import StaffState

LookBack = Callable[[datetime], Sequence[Observation]]
"""What the counter's cameras showed at a moment that has passed; nothing where there is no footage."""

_AHEAD = timedelta(days=2)
"""Opening hours are looked up this far ahead, and anew after half of it."""


class WatchedCounter:
    """Feeds observations to the presence and keeps as much of its history as absences need."""

    def __init__(self, plan: CounterPlan, debounce: Debounce = Debounce(), look_back: LookBack | None = None) -> None:
        """`look_back` finds when exactly staff came or went; without it that is as fine as the samples."""
        self.plan = plan
        self.excuses: tuple[Excuse, ...] = ()
        """Since the beginning of what is remembered of its presence; whoever reads the tables renews them."""
        self._look_back = look_back
        self._presence = CounterPresence(plan.counter_id, plan.cameras, debounce)
        self._history: list[PresenceSpan] = []
        self._openings: tuple[Span, ...] = ()
        self._openings_for: datetime | None = None
        self._openings_until: datetime | None = None

    @property
    def state(self) -> Transition | None:
        return self._presence.state

    @property
    def since(self) -> datetime | None:
        """From when on its presence is remembered."""
        return self._history[0].start if self._history else None

    def follow(self, plan: CounterPlan) -> None:
        """Other cameras, hours or rules from now on."""
        self.plan = plan
        self._presence.watch_by(plan.cameras)
        self._openings_for = None

    def resume(self, history: Iterable[PresenceSpan], state: Transition, watched_to: datetime) -> None:
        """Goes on after a restart: `history` ends with the open span of `state`."""
        self._history = list(history)
        self._presence.resume(state, watched_to)

    def observe(self, observation: Observation, max_gap: timedelta | None = None) -> list[Transition]:
        return self._remember(self._exact(self._presence.observe(observation, max_gap)))

    def silence(self, now: datetime, reason: str) -> list[Transition]:
        return self._remember(self._presence.silence(now, reason))

    def stop(self, now: datetime, reason: str) -> list[Transition]:
        return self._remember(self._presence.stop(now, reason))

    def absences(self) -> list[FoundAbsence]:
        """Those of the unstaffed time that lasts or has just ended, as far as samples have confirmed it.

        None without a rule to find them by.
        """
        if not self._history or self.plan.rule is None:
            return []
        start = self._history[0].start
        now = max(self._presence.confirmed_to or start, self._history[-1].start)
        return find_absences(self._history, self._open_from(start, now), self.plan.rule, now, self.excuses)

    def is_open(self, now: datetime) -> bool:
        return is_open(self.plan.hours, self.plan.zone, now)

    def _open_from(self, start: datetime, now: datetime) -> tuple[Span, ...]:
        """Kept between calls: a counter unstaffed for weeks is asked about every second."""
        stale = self._openings_until is None or now > self._openings_until
        if stale or self._openings_for != start:
            self._openings = opening(self.plan.hours, self.plan.zone, start, now + _AHEAD).spans
            self._openings_for, self._openings_until = start, now + _AHEAD / 2
        return self._openings

    def forget_settled(self) -> None:
        """Drops what can no longer be part of an absence; call it once the absences are stored."""
        if self._history and self._history[-1].staff is not StaffState.UNSTAFFED:
            self._history = self._history[-1:]

    def _exact(self, changes: list[Transition]) -> list[Transition]:
        if self._look_back is None:
            return changes
        found: list[Transition] = []
        for change in changes:
            before = found[-1] if found else (self._history[-1] if self._history else None)
            if before is None or change.after is None:
                found.append(change)
                continue
            # What was told of a customer in between stands.
            told_to = before.at if isinstance(before, Transition) else before.start
            found += dated(change, max(first_shown(change, self._told_at), told_to), before.customer)
        return found

    def _told_at(self, moment: datetime) -> Told | None:
        seen = self._look_back(moment) if self._look_back else ()
        if not seen:
            return None
        wall = max(observation.wall for observation in seen)
        return wall, self._presence.judge(seen, wall)

    def _remember(self, changes: list[Transition]) -> list[Transition]:
        for change in changes:
            if self._history:
                last = self._history.pop()
                if last.start < change.at:
                    self._history.append(replace(last, end=change.at))
            self._history.append(PresenceSpan(change.at, None, change.staff, change.customer, change.confidence))
        return changes
