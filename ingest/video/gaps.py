"""Which gaps follow from what happens to a camera: pure, no clock, no database.

Every moment since a camera was first recorded lies in a segment or in a gap. An orderly stop leaves an open gap, so
that the next start knows it from a crash, which leaves none. A server's clock that is set back is followed: what was
recorded while it was ahead says nothing of the time that comes now.
"""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from storage.intervals import Span, merge, subtract
from storage.models import GapCause
from storage.undated import AHEAD

TOLERANCE = timedelta(seconds=0.5)
"""A shorter hole between two frames is no gap."""
END_UNKNOWN = "nothing tells how the recorder before this one ended"
_REMEMBERED = 16
"""Gaps that are cut when the clock is set back."""


@dataclass(frozen=True, slots=True)
class GapOpened:
    camera_id: str
    start: datetime
    cause: GapCause
    detail: str = ""


@dataclass(frozen=True, slots=True)
class GapClosed:
    """The camera's gap that began at `start` ended at `end`, or sooner than was said; an open one never was if `end` is
    not later."""

    camera_id: str
    start: datetime
    end: datetime


GapChange = GapOpened | GapClosed


@dataclass(frozen=True, slots=True)
class Lost:
    """Footage that was recorded and cannot be shown: a gap that has ended already."""

    camera_id: str
    start: datetime
    end: datetime
    cause: GapCause
    detail: str


class GapKeeper:
    """Of one camera, from the start of the recorder on. Each method returns what has to be written down, in order."""

    def __init__(
        self,
        camera_id: str,
        started: datetime,
        known_to: datetime | None = None,
        open_gap: GapOpened | None = None,
    ) -> None:
        """`known_to`: until when segments and closed gaps reach without a hole.

        None for a new camera: it owes footage from its first frame on, or from the start if it cannot be reached.
        """
        self._camera_id = camera_id
        self._started = started
        self._known_to = known_to
        self._open = open_gap
        self._accounts_from: datetime | None = None
        """The first moment that a method was told of."""
        self._closed: deque[GapClosed] = deque(maxlen=_REMEMBERED)

    def inherit(self, known_to: datetime | None, open_gap: GapOpened | None) -> list[GapChange]:
        """Learns only now what was before the start. What it returns has to be written down before all else."""
        if self._accounts_from is None:
            self._known_to, self._open = known_to, open_gap
            return []
        return [GapClosed(self._camera_id, open_gap.start, self._accounts_from)] if open_gap else []

    def failed(self, now: datetime, cause: GapCause, detail: str = "") -> list[GapChange]:
        """Nothing is recorded from the last frame on."""
        self._accounts_from = self._accounts_from or self._known_to or self._started
        if self._open is None:
            return [self._begin(_not_ahead(self._known_to or self._started, now), cause, detail)]
        if self._open.start - now > AHEAD:
            return [self._finish(now), self._begin(now, cause, detail)]
        if self._open.cause is cause:
            return []
        # What was open when the recorder started explains the time before its start only.
        inherited = self._open.start < self._started <= now
        return self._change_cause(self._started if inherited else now, cause, detail)

    def recorded(self, start: datetime, end: datetime, hole: GapCause = GapCause.UNKNOWN) -> list[GapChange]:
        """Footage from `start` to `end` is written; `hole` is the cause if it does not continue what was before."""
        self._accounts_from = self._accounts_from or start
        changes = self._cut_what_was_ahead(start)
        if self._open is not None:
            changes.append(self._finish(start))
        elif self._known_to is not None and start - self._known_to > TOLERANCE:
            changes += [self._begin(self._known_to, hole, ""), self._finish(start)]
        self._reach(start, end)
        return changes

    def _begin(self, start: datetime, cause: GapCause, detail: str) -> GapOpened:
        self._open = GapOpened(self._camera_id, start, cause, detail)
        return self._open

    def _finish(self, end: datetime) -> GapClosed:
        assert self._open is not None
        closed = GapClosed(self._camera_id, self._open.start, end)
        self._reach(end, end)
        self._open = None
        self._closed.append(closed)
        return closed

    def _cut_what_was_ahead(self, start: datetime) -> list[GapChange]:
        """Gaps that only a leap of the clock made so long: it was set back, and footage goes on within them."""
        changes: list[GapChange] = [replace(gap, end=start) for gap in self._closed if gap.start < start < gap.end]
        if changes:
            self._closed.clear()
        return changes

    def _reach(self, start: datetime, end: datetime) -> None:
        """What begins clearly earlier than what is known goes on from there: the clock was set back."""
        set_back = self._known_to is None or self._known_to - start > TOLERANCE
        self._known_to = end if set_back or self._known_to is None else max(self._known_to, end)

    def _change_cause(self, at: datetime, cause: GapCause, detail: str) -> list[GapChange]:
        assert self._open is not None
        at = max(at, self._open.start)
        return [self._finish(at), self._begin(at, cause, detail)]


def _not_ahead(at: datetime, now: datetime) -> datetime:
    """`now` where a clock that was ahead told of `at`."""
    return now if at - now > AHEAD else at


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds of a camera when the recorder starts (segments salvaged already)."""

    camera_id: str
    spans: tuple[Span, ...]
    """Segments and closed gaps."""
    open_gap: GapOpened | None
    last_alive: datetime | None
    """The recorder's last heartbeat; None if it never ran."""
    never_closed: tuple[GapOpened, ...] = ()
    """Earlier gaps whose end nobody could write down."""
    end_unknown: bool = False
    """No recorder of this name was heard of: the index is a new one, or the recorder has another name now."""

    @property
    def unexplained(self) -> GapCause:
        """Why there is time that neither segments nor gaps explain."""
        return GapCause.UNKNOWN if self.end_unknown else GapCause.RECORDER_CRASHED


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """How a camera's GapKeeper begins, and what has to be written down first."""

    changes: tuple[GapChange, ...]
    known_to: datetime | None
    open_gap: GapOpened | None


def account_for_absence(known: Known, now: datetime) -> StartingPoint:
    """Explains the time in which the recorder did not run, and holes that a crash left between segments."""
    known, ahead = _leave_what_is_ahead(known, now)
    ended = _end(known)
    known, earlier = _close_earlier_ones(known)
    known, changes = _close_what_has_ended(known)
    changes = ahead + earlier + changes
    changes += _fill_holes(known)
    crashed_at = _crash_time(known, ended, now)
    if crashed_at is None:
        return StartingPoint(tuple(changes), ended, known.open_gap)
    if known.open_gap is not None:
        changes.append(GapClosed(known.camera_id, known.open_gap.start, crashed_at))
    crash = _unexplained(known, crashed_at)
    return StartingPoint((*changes, crash), ended, crash)


def _unexplained(known: Known, start: datetime) -> GapOpened:
    return GapOpened(known.camera_id, start, known.unexplained, END_UNKNOWN if known.end_unknown else "")


def _crash_time(known: Known, ended: datetime | None, now: datetime) -> datetime | None:
    """From when on nobody recorded; None if the stop was orderly or there is nothing to continue."""
    if known.open_gap is None:
        return ended if ended is not None and ended < now else None
    if known.open_gap.cause in (GapCause.RECORDER_STOPPED, GapCause.CAMERA_DISABLED, GapCause.RECORDER_CRASHED):
        return None
    alive = known.last_alive
    return max(alive, known.open_gap.start) if alive is not None and alive < now else None


def _end(known: Known) -> datetime | None:
    return max((span.end for span in known.spans), default=None)


def _leave_what_is_ahead(known: Known, now: datetime) -> tuple[Known, list[GapChange]]:
    """What a clock told of that was ahead; an open gap lasts from the last moment before now that is known."""
    gaps = [*known.never_closed, *([known.open_gap] if known.open_gap else [])]
    ahead = [gap for gap in gaps if gap.start - now > AHEAD]
    there = [gap for gap in gaps if gap not in ahead]
    changes: list[GapChange] = [GapClosed(gap.camera_id, gap.start, gap.start) for gap in ahead]
    known = replace(known, spans=tuple(span for span in known.spans if span.end - now <= AHEAD))
    ended = _end(known)
    if ahead and not there and ended is not None:
        there = [replace(ahead[-1], start=ended)]
        changes += there
    return replace(known, open_gap=there[-1] if there else None, never_closed=tuple(there[:-1])), changes


def _close_earlier_ones(known: Known) -> tuple[Known, list[GapChange]]:
    """A gap ends at the latest where footage or the next gap begins."""
    begins = [span.start for span in known.spans] + [gap.start for gap in known.never_closed]
    begins += [known.open_gap.start] if known.open_gap else []
    closed = [
        GapClosed(known.camera_id, gap.start, min((at for at in begins if at > gap.start), default=gap.start))
        for gap in known.never_closed
    ]
    spans = (*known.spans, *(Span(gap.start, gap.end) for gap in closed if gap.end > gap.start))
    return replace(known, spans=spans, never_closed=()), [*closed]


def _close_what_has_ended(known: Known) -> tuple[Known, list[GapChange]]:
    """Footage after an open gap shows that it ended, though nobody could write that down."""
    gap = known.open_gap
    after = [span for span in known.spans if gap is not None and span.end > gap.start]
    if gap is None or not after:
        return known, []
    end = max(min(span.start for span in after), gap.start)
    spans = (*known.spans, Span(gap.start, end))
    return replace(known, spans=spans, open_gap=None), [GapClosed(known.camera_id, gap.start, end)]


def _fill_holes(known: Known) -> list[GapChange]:
    merged = merge(known.spans)
    if not merged:
        return []
    changes: list[GapChange] = []
    for hole in subtract([Span(merged[0].start, merged[-1].end)], merged):
        if hole.end - hole.start > TOLERANCE:
            changes.append(_unexplained(known, hole.start))
            changes.append(GapClosed(known.camera_id, hole.start, hole.end))
    return changes
