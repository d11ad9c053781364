"""Who is where right now. The story and the control interface move people; the cameras look."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ingest.simulator.catalogue import OPERATORS
from ingest.simulator.places import counter_id
from ingest.simulator.scene import PLACES, WALK_SECONDS, Role, Seen
from ingest.simulator.truth import Truth

_WALK = timedelta(seconds=WALK_SECONDS)
_CROSSING = _WALK / 2
"""From the first move until the middle of the person crosses the edge of the zone."""


@dataclass(frozen=True)
class _Person:
    look: int
    came: datetime
    left: datetime | None = None

    def away(self, now: datetime) -> float:
        """0 in place, 1 out of sight."""
        if self.left is not None:
            return min(1.0, max(0.0, (now - self.left) / _WALK))
        return min(1.0, max(0.0, 1 - (now - self.came) / _WALK))


class Stage:
    """Safe to use from several threads. Counters are numbered from 1."""

    def __init__(self, counters: int, truth: Truth) -> None:
        self._truth = truth
        self._lock = threading.Lock()
        self._places: dict[tuple[Role, int, int], _Person] = {}
        """By role, counter and place."""
        self._unstaffed_since: dict[int, datetime] = {}
        self.counters = range(1, counters + 1)

    def come(
        self, role: Role, counter: int, look: int, reason: str, now: datetime, place: int = 0
    ) -> dict[str, Any] | None:
        """The truth about it, with the time at which the person is in the zone; None when somebody is there already."""
        with self._lock:
            if self._is_there(role, counter, place):
                return None
            self._places[role, counter, place] = _Person(look, now)
            return self._tell(f"{_name(role, place)}_came", role, counter, look, reason, now + _CROSSING)

    def leave(self, role: Role, counter: int, reason: str, now: datetime, place: int = 0) -> dict[str, Any] | None:
        """The truth about it, with the time at which the person is out of the zone; None when nobody is there."""
        with self._lock:
            person = self._places.get((role, counter, place))
            if person is None or person.left is not None:
                return None
            self._places[role, counter, place] = replace(person, left=now)
            return self._tell(f"{_name(role, place)}_left", role, counter, person.look, reason, now + _CROSSING)

    def is_there(self, role: Role, counter: int) -> bool:
        with self._lock:
            return self._is_there(role, counter, 0)

    def seen(self, counters: Sequence[int], now: datetime) -> list[Seen]:
        """Everybody whom a camera on these counters sees, those behind first."""
        with self._lock:
            roles: tuple[Role, Role] = ("staff", "customer")
            return [
                Seen(role, slot, person.look, person.away(now), place)
                for role in roles
                for slot, counter in enumerate(counters)
                for place in reversed(PLACES)
                if (person := self._places.get((role, counter, place)))
            ]

    def _is_there(self, role: Role, counter: int, place: int) -> bool:
        person = self._places.get((role, counter, place))
        return person is not None and person.left is None

    def _tell(self, event: str, role: Role, counter: int, look: int, reason: str, at: datetime) -> dict[str, Any]:
        facts: dict[str, object] = {"counter": counter_id(counter), "zone": role, "reason": reason}
        if role == "staff":
            facts["operator"] = OPERATORS[look % len(OPERATORS)]
        entry = self._truth.write(event, at, **facts)
        if role == "staff":
            self._follow_absence(counter, reason, at)
        return entry

    def _follow_absence(self, counter: int, reason: str, at: datetime) -> None:
        if not any(self._is_there("staff", counter, place) for place in PLACES):
            self._unstaffed_since[counter] = at
        elif start := self._unstaffed_since.pop(counter, None):
            facts: dict[str, object] = {"counter": counter_id(counter), "start": start, "end": at}
            self._truth.write("unstaffed", start, **facts, seconds=(at - start).total_seconds(), reason=reason)


def _name(role: Role, place: int) -> str:
    return "customer" if role == "customer" else "colleague" if place else "clerk"
