"""Recorded footage of a counter looked at again, by the same code as live pictures; no database, no clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analytics.cameras import LONGEST_INTERVAL
from analytics.catch_up import CatchUp, Recorded
from analytics.edges import Moments
from analytics.looker import Looker
from analytics.looking import DETECTOR_FAILING
from analytics.plan import CameraPlan, WatchPlan
from analytics.presence import GAP, NO_SIGNAL, RECORDER_SILENT, Debounce, Transition
from analytics.watch import Watch
from storage.intervals import Span
from storage.models import CustomerState, StaffState

PIECE = timedelta(minutes=10)
"""Of footage: so much is written in one, and looked at again after a crash."""
AROUND = timedelta(seconds=20)
"""Footage after a piece that is looked at, too, so that the state at its edge is sure."""
_BEFORE = 2 * LONGEST_INTERVAL
"""And before it: how far apart the pictures come is known by then, however seldom."""
NO_FOOTAGE = "no_footage"
"""The reason for which presence before the first picture is unknown."""
_NOT_LOOKED_AT = frozenset({NO_FOOTAGE, GAP, NO_SIGNAL, RECORDER_SILENT, DETECTOR_FAILING})
"""Nothing was seen then, or not by every camera."""


@dataclass(frozen=True, slots=True)
class Look:
    """How closely it is looked."""

    looker: Looker
    recorded: Recorded
    step: timedelta
    debounce: Debounce
    moments: Moments | None = None
    """Pictures between those, to find when exactly somebody came or went."""

    @property
    def closeness(self) -> str:
        """By which score somebody counts, and how far apart pictures are: others would tell something else."""
        return f"score {self.looker.threshold:g}, every {self.step.total_seconds():g} s"


def only(plan: WatchPlan, counter_id: str) -> WatchPlan:
    """The plan as far as it is of one counter."""
    if counter_id not in plan.counters:
        return WatchPlan()
    counter = plan.counters[counter_id]
    cameras = {
        camera_id: CameraPlan(camera_id, camera.hall_id, views, masks=camera.masks, zones=camera.zones, aim=camera.aim)
        for camera_id in counter.cameras
        if (camera := plan.cameras.get(camera_id))
        and (views := tuple(v for v in camera.views if v.counter_id == counter_id))
    }
    return WatchPlan(cameras, {counter_id: counter})


def pieces(span: Span, changes: Sequence[datetime]) -> Iterator[Span]:
    """The span in parts no longer than PIECE; none goes across a change of the plan."""
    start = span.start
    while start < span.end:
        later = [change for change in changes if change > start]
        end = min([span.end, start + PIECE, *later])
        yield Span(start, end)
        start = end


class Again:
    """One piece of a counter's time. `go_on` until it says that it is done; then `states` are what was seen."""

    def __init__(self, plan: WatchPlan, counter_id: str, piece: Span, look: Look) -> None:
        """`plan`: of this counter alone, as it was then."""
        self._counter_id, self._piece, self._look = counter_id, piece, look
        self._watch = Watch(look.looker, look.debounce, look.moments)
        self._first, self._last = piece.start - _BEFORE, piece.end + AROUND
        self._watch.follow(plan, self._first)
        self._catch_up = CatchUp(look.recorded, dict.fromkeys(plan.cameras, self._first), look.step)
        self._until = dict.fromkeys(plan.cameras, self._last)
        self._seen_to = self._first

    @property
    def seen_to(self) -> datetime:
        """Up to where its footage has been looked at."""
        return min(max(self._seen_to, self._piece.start), self._piece.end)

    def go_on(self, limit: int) -> bool:
        """Looks at up to so many pictures; returns whether that was all."""
        pictures = self._catch_up.next_pictures(self._last, self._until, limit)
        self._watch.take_recorded(pictures, self._look.step)
        self._seen_to = max([self._seen_to, *(picture.wall for picture in pictures)])
        if not pictures and (counter := self._watch.counters.get(self._counter_id)):
            self._watch.changes.transitions += counter.silence(self._last, NO_FOOTAGE)
        return not pictures

    def unseen(self) -> list[Span]:
        """Where nothing can be told because there are no pictures, or the detector failed on them."""
        states = self.states()
        ends = [*(state.at for state in states[1:]), self._piece.end]
        return [Span(s.at, end) for s, end in zip(states, ends, strict=True) if s.reason in _NOT_LOOKED_AT]

    def states(self) -> list[Transition]:
        """What holds from the start of the piece on, and every change within it."""
        reason = NO_FOOTAGE if self._until else "no_view"
        nothing = Transition(self._counter_id, self._first, StaffState.UNKNOWN, CustomerState.UNKNOWN, reason=reason)
        return within(self._piece, [nothing, *self._watch.changes.transitions])


def within(piece: Span, changes: Sequence[Transition]) -> list[Transition]:
    """The last change up to its start, dated there, and those within. `changes` in order, one before the piece."""
    before = [change for change in changes if change.at <= piece.start]
    return [replace(before[-1], at=piece.start), *(c for c in changes if piece.start < c.at < piece.end)]
