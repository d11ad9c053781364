"""When somebody came or went, between two looks that were far apart: found by looking at pictures in between.

Pure: whoever asks gives the look. A look that tells nothing never dates a change: it is sought in what is later.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from analytics.debouncing import Frames
from analytics.pictures import Picture
from analytics.presence import Transition
from storage.models import CustomerState, StaffState

EXACT = timedelta(seconds=0.5)
"""So near a change of staff is searched: what was found is late by no more, and ± 1 s leaves room for the detector."""
MOST_LOOKS = 7
"""For one change: enough for looks a minute apart."""

Told = tuple[datetime, StaffState | None]
"""When the picture was taken that was looked at, and what it tells; None: nothing."""


class Moments(Protocol):
    """Pictures between those that are sampled."""

    def picture(self, camera_id: str, at: datetime) -> Picture | None:
        """The last one that was taken up to this moment; None if it cannot be had now."""
        ...


def first_shown(change: Transition, look: Callable[[datetime], Told | None]) -> datetime:
    """The earliest moment at which a look showed the new staff state; never before the last that showed the old one.

    Where the state went to and fro between two samples it is one of these changes. Of a change to or from unknown, and
    where looking in between told nothing, it is the moment of the sample.
    """
    before, after = change.after, change.at
    if before is None or change.staff is StaffState.UNKNOWN:
        return after
    for _ in range(MOST_LOOKS):
        told = look(before + (after - before) / 2) if after - before > EXACT else None
        if told is None or not before < told[0] < after:
            break
        wall, staff = told
        if staff is change.staff:
            after = wall
        else:
            before = wall  # also where it tells nothing: only what showed the new state dates the change
    return after


Customers = tuple[CustomerState, int | None]


def dated(change: Transition, at: datetime, customers_before: Customers, frames: Frames = ()) -> list[Transition]:
    """The change of staff at that moment, which `frames` showed; the one of the customers that came with it where it
    was.
    """
    if at >= change.at:
        return [change]
    staff = replace(change, at=at, frames=(*frames, *change.frames))
    if (change.customer, change.customer_count) == customers_before:
        return [staff]
    customer, count = customers_before
    return [replace(staff, customer=customer, customer_count=count), change]
