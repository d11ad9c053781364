"""When staff or customers came or went, between two looks that were far apart: found by pictures in between.

Pure: whoever asks gives the look. A look that tells nothing never dates a change: it is sought in what is later.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from analytics.contesting import Frames
from analytics.pictures import Picture
from analytics.presence import Transition
from analytics.runs import PresenceSpan
from storage.models import CustomerState, StaffState

EXACT = timedelta(seconds=0.5)
"""So near a change is searched: what was found is late by no more, and ± 1 s leaves room for the detector."""
MOST_LOOKS = 7
"""For one change: enough for looks a minute apart."""

MOST_LOOKS_THAT_AGREE = 2 * MOST_LOOKS
"""For a change that accuses: so many again until others agree with the first that showed it."""
AGREEING = EXACT / 2
"""So soon after that one the next was taken, which dates the change."""

Told = tuple[datetime, bool]
"""When the picture was taken that was looked at, and whether it showed the new state."""


class Moments(Protocol):
    """Pictures between those that are sampled."""

    def picture(self, camera_id: str, at: datetime) -> Picture | None:
        """The last one that was taken up to this moment; None if it cannot be had now."""
        ...


def first_shown(before: datetime | None, after: datetime, look: Callable[[datetime], Told | None]) -> datetime:
    """The earliest moment at which a look showed the new state that the sample of `after` shows.

    Never before the last that showed the old one, `before`; without that, or where looking in between told nothing, it
    is the moment of the sample. Where the state went to and fro between the two it is one of these changes.
    """
    if before is None:
        return after
    for _ in range(MOST_LOOKS):
        told = look(before + (after - before) / 2) if after - before > EXACT else None
        if told is None or not before < told[0] < after:
            break
        wall, is_new = told
        if is_new:
            after = wall
        else:
            before = wall  # also where it tells nothing: only what showed the new state dates the change
    return after


def first_agreed(before: datetime | None, after: datetime, look: Callable[[datetime], Told | None]) -> datetime:
    """The same for a state that accuses: dated by a picture that agrees with an earlier one, never by a single one.

    One picture may show a passer-by, or miss who bends down. So between the pictures that showed the new state others
    are looked at, the closer the nearer to the earliest; where one shows the old state, what came before was no part of
    this change. A single picture that misled moves it nowhere; what misled for a while, by less than three times as
    long. Where it cannot be looked at so often, it is late.
    """
    if before is None:
        return after
    shown = [after]
    """What showed the new state, back from `after`, with nothing in between that did not."""
    until = {before: before}
    """Up to when no other picture follows each of those, as far as was looked."""
    for _ in range(MOST_LOOKS_THAT_AGREE):
        if shown[-1] - until[before] > EXACT:
            start, end = before, shown[-1]
        elif not (start_end := _unsure(shown, until)):
            break
        else:
            start, end = start_end
        known_to = until.get(start, start)
        moment = known_to + (end - known_to) / 2
        told = look(moment)
        if told is None or not start <= told[0] < end:
            break
        wall, is_new = told
        until[wall] = moment
        if wall == start:
            continue
        if is_new:
            shown = sorted([*shown, wall], reverse=True)
        else:
            before, shown = wall, [each for each in shown if each > wall]
    while _unsure(shown, until):
        shown.pop()
    return shown[-2] if len(shown) > 1 else after


def _unsure(shown: Sequence[datetime], until: Mapping[datetime, datetime]) -> tuple[datetime, datetime] | None:
    """Two between which something else may have been for more than twice the time from the earliest to the first."""
    earliest = shown[-1]
    for start, end in pairwise(reversed(shown)):
        if end - until.get(start, start) > max(AGREEING, 2 * (start - earliest)):
            return start, end
    return None


def dated(
    change: Transition, before: Transition | PresenceSpan, staff: datetime, customers: datetime, frames: Frames = ()
) -> list[Transition]:
    """The change with its staff, which `frames` showed, and its customers each from their own moment on.

    Neither moment is later than the change; `before` is the state that it ends.
    """
    moved = replace(change, at=staff, frames=(*frames, *change.frames)) if staff < change.at else change
    if _customers(change) == _customers(before):
        return [moved]
    if _staff(change) == _staff(before):
        return [replace(change, at=customers)]
    if staff <= customers:
        customer, count = _customers(before)
        first = replace(moved, customer=customer, customer_count=count)
        return [first, replace(change, at=customers)] if staff < customers else [moved]
    state, least, most = _staff(before)
    waiting = replace(change, at=customers, staff=state, staff_count=least, staff_most=most, frames=before.frames)
    return [replace(waiting, confidence=before.confidence, reason=before.reason), moved]


def _staff(state: Transition | PresenceSpan) -> tuple[StaffState, int | None, int | None]:
    return state.staff, state.staff_count, state.staff_most


def _customers(state: Transition | PresenceSpan) -> tuple[CustomerState, int | None]:
    return state.customer, state.customer_count
